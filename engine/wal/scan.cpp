#include "engine/wal/scan.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "engine/wal/scanner.hpp"

namespace stepwell::wal {

Result<void> Scanner::accept(SegmentFile& segment, const ScannedGroup& scanned) {
  chain_broken_ = false;
  closed_ = scanned.header.last;
  result_.end = scanned.header.end();
  result_.last_hash = scanned.header.hash;
  result_.last_incarnation = scanned.header.incarnation;
  result_.durable = std::max(result_.durable, scanned.header.durable);
  if (scanned.group) result_.last_lsn = scanned.group->last_lsn();
  segment.last_lsn = result_.last_lsn;
  ++report_.groups;
  report_.records += scanned.header.records;
  report_.bytes += scanned.header.length;
  return visit_(segment, scanned);
}

// The next segment says that this one ended here.
bool Scanner::continues_in(std::size_t index) const {
  if (index >= segments_.size() || !segments_[index].started()) return false;
  const SegmentHeader& header = *segments_[index].header;
  return header.previous_incarnation == result_.last_incarnation &&
         header.previous_end == result_.end && header.previous_hash == result_.last_hash;
}

// Every group and every header tells what was durable when it was submitted. Groups before `offset`
// in the first segment are known.
Result<void> Scanner::find_evidence(std::size_t from, std::uint64_t offset) {
  if (evidence_known_) return ok();
  evidence_known_ = true;
  for (std::size_t i = from; i < segments_.size(); ++i) {
    if (!segments_[i].header) continue;
    result_.durable = std::max(result_.durable, segments_[i].header->durable);
    TRY(const auto reader, SegmentReader::open(files_, segments_[i].path, *arenas_));
    reader->assume(*segments_[i].header);
    while (true) {
      TRY(const auto found, reader->find_group(offset));
      if (!found) break;
      result_.durable = std::max(result_.durable, found->header.durable);
      offset = found->offset + found->header.padded();
    }
    offset = kBlock;
  }
  return ok();
}

// The same behind a log that was closed, without reading all there is: no group follows in that
// segment, and a later one that was begun after all has its first group.
Result<void> Scanner::look_behind_closed(std::size_t from) {
  for (std::size_t i = from; i < segments_.size(); ++i) {
    if (!segments_[i].header) continue;
    TRY(const auto reader, SegmentReader::open(files_, segments_[i].path, *arenas_));
    TRY(const auto first, reader->group_at(kBlock));
    if (first || segments_[i].started()) return find_evidence(from, kBlock);
  }
  return ok();
}

// No good group at `offset`. True: go on in this segment at the new offset, after damage. False: no
// more here; the walk goes on in the next segment if the chain is broken or continues there.
Result<bool> Scanner::hole(std::size_t index, SegmentReader& reader, std::uint64_t& offset) {
  const SegmentFile& segment = segments_[index];
  const std::uint64_t position = segment.first_position + offset;
  std::optional<ScannedGroup> next;
  if (closed_ && !chain_broken_) {
    TRY(look_behind_closed(index + 1));
  } else {
    TRY(next, reader.find_group(offset + kBlock));
    TRY(find_evidence(index, next ? next->offset : segment.file_bytes));
  }
  const bool acknowledged = result_.durable > position || options_.applied.value >= position;
  if (acknowledged) {
    TRY(damaged(segment.path, offset,
                fmt::format("no valid group here, but everything up to position {} was durable "
                            "(this is {})",
                            std::max(result_.durable, options_.applied.value), position)));
    chain_broken_ = true;
    if (next) offset = next->offset;
    return next.has_value();
  }
  TRY(const bool trace, reader.has_trace_at(offset));
  const bool later = index + 1 < segments_.size() && segments_[index + 1].started();
  if (next || trace || later) {
    report_.torn_tail = fmt::format("{} at offset {}", segment.path, offset);
  }
  return false;
}

// A segment whose header is lost or says "not begun" though it was: read it by what its groups
// claim.
Result<bool> Scanner::revive(std::size_t index, SegmentReader& reader) {
  SegmentFile& segment = segments_[index];
  SegmentHeader header;
  header.first_position = segment.first_position;
  header.segment_bytes = std::max(segment.file_bytes / kBlock * kBlock, 2 * kBlock);
  header.state = SegmentHeader::kStarted;
  header.log_id = result_.log_id;
  for (std::uint64_t offset = kBlock; offset < segment.file_bytes; offset += kBlock) {
    TRY(const auto claimed, reader.place_at(offset, segment.first_position));
    // Another log's groups are good, but not ours.
    if (!claimed || (result_.log_id != 0 && claimed->log_id != result_.log_id)) continue;
    result_.log_id = claimed->log_id;
    header.log_id = claimed->log_id;
    header.incarnation = claimed->incarnation;
    segment.header = header;
    reader.assume(header);
    chain_broken_ = true;
    return true;
  }
  return false;
}

// Whether to walk this segment. False: skip it, or, if nothing follows, the log ends before it.
Result<bool> Scanner::enter(std::size_t index, SegmentReader& reader) {
  SegmentFile& segment = segments_[index];
  if (!segment.header) {
    chain_broken_ = true;
    return revive(index, reader);
  }
  reader.assume(*segment.header);
  if (segment.started()) {
    if (index == start_ || chain_broken_ || continues_in(index)) return true;
    TRY(damaged(
        segment.path, 0,
        fmt::format("the segment follows position {} of incarnation {:016x}, the log before "
                    "it ends at {} of {:016x}",
                    segment.header->previous_end, segment.header->previous_incarnation, result_.end,
                    result_.last_incarnation)));
    chain_broken_ = true;
    return true;
  }
  // Prepared and, as far as its header tells, never begun.
  TRY(find_evidence(index, kBlock));
  const std::uint64_t first = segment.first_position + kBlock;
  if (result_.durable <= first && options_.applied.value < first) return false;
  TRY(damaged(segment.path, 0,
              "the header says that the segment was not begun, but it was durable"));
  chain_broken_ = true;
  return revive(index, reader);
}

// True if the walk goes on with the next segment.
Result<bool> Scanner::walk_segment(std::size_t index) {
  SegmentFile& segment = segments_[index];
  if (index > start_ && segment.first_position < result_.end) {
    // A copy of what was walked already: its records must not be handed out again.
    TRY(damaged(segment.path, 0,
                fmt::format("the file begins at position {}, where the log goes on at {}",
                            segment.first_position, result_.end)));
    segment.last_lsn = result_.last_lsn;
    return true;
  }
  TRY(const auto reader, SegmentReader::open(files_, segment.path, *arenas_));
  TRY(const bool entered, enter(index, *reader));
  if (!entered) {
    segment.last_lsn = result_.last_lsn;
    return chain_broken_;
  }
  std::uint64_t offset = kBlock;
  while (true) {
    TRY(auto scanned, reader->group_at(offset));
    if (scanned && !chain_broken_ && scanned->header.previous_hash != result_.last_hash) {
      TRY(damaged(segment.path, offset, "the group does not follow the one before it"));
      chain_broken_ = true;
    }
    if (scanned) {
      TRY(accept(segment, *scanned));
      live_ = index + 1;
      offset += scanned->header.padded();
      continue;
    }
    if (!chain_broken_ && continues_in(index + 1)) return true;
    TRY(const bool again, hole(index, *reader, offset));
    if (!again) return chain_broken_;
  }
}

Result<void> Scanner::walk() {
  for (std::size_t i = start_; i < segments_.size(); ++i) {
    TRY(const bool more, walk_segment(i));
    if (!more) break;
  }
  return ok();
}

Result<ScanResult> Scanner::run() {
  TRY(list());
  TRY(check_files());
  TRY(begin());
  TRY(walk());
  TRY(finish());
  return std::move(result_);
}

Result<ScanResult> scan_log(io::FileSystem& files, const std::string& directory,
                            const ScanOptions& options, const OnScannedGroup& visit,
                            RecoveryReport& report) {
  return Scanner(files, directory, options, visit, report).run();
}

Result<std::optional<std::uint64_t>> id_of_complete_log(io::FileSystem& files,
                                                        const std::string& directory) {
  const std::string path = directory + "/" + segment_name(0);
  TRY(const bool there, files.exists(path));
  if (!there) return std::nullopt;
  ArenaPool arenas(kBlock, 1);
  TRY(const auto reader, SegmentReader::open(files, path, arenas));
  if (!reader->header()) return std::nullopt;
  return reader->header()->log_id;
}

Result<SegmentFile> scan_segment(io::FileSystem& files, const std::string& path,
                                 const OnScannedGroup& visit, RecoveryReport& report) {
  ArenaPool arenas(kChunkBytesMax, 2);
  TRY(const auto reader, SegmentReader::open(files, path, arenas));
  SegmentFile segment;
  segment.path = path;
  segment.file_bytes = reader->file_bytes();
  segment.header = reader->header();
  if (!segment.header) {
    segment.damage = reader->header_damage();
    report.damages.push_back({path, 0, segment.damage});
    return segment;
  }
  segment.first_position = segment.header->first_position;
  std::uint64_t expected = kBlock;
  while (true) {
    TRY(const auto found, reader->find_group(expected));
    if (!found) break;
    if (found->offset != expected) {
      report.damages.push_back({path, expected, "no valid group here, but later ones"});
    }
    expected = found->offset + found->header.padded();
    ++report.groups;
    report.records += found->header.records;
    report.bytes += found->header.length;
    if (found->group) segment.last_lsn = found->group->last_lsn();
    TRY(visit(segment, *found));
  }
  return segment;
}

}  // namespace stepwell::wal
