#include "engine/wal/scan.hpp"

#include <algorithm>
#include <map>

namespace stepwell::wal {
namespace {

constexpr std::uint64_t kChunkBytesMax = 8 << 20;

class Scanner {
 public:
  Scanner(io::FileSystem& files, const std::string& directory, const ScanOptions& options,
          const OnScannedGroup& visit, RecoveryReport& report)
      : files_(files), directory_(directory), options_(options), visit_(visit), report_(report) {}

  Result<ScanResult> run();

 private:
  Result<void> list();
  Result<void> check_files();
  Result<void> begin();
  Result<void> walk();
  Result<bool> walk_segment(std::size_t index);
  Result<bool> enter(std::size_t index, SegmentReader& reader);
  Result<void> accept(SegmentFile& segment, const ScannedGroup& scanned);
  bool continues_in(std::size_t index) const;
  Result<bool> hole(std::size_t index, SegmentReader& reader, std::uint64_t& offset);
  Result<void> find_evidence(std::size_t from);
  Result<bool> revive(std::size_t index, SegmentReader& reader);
  Result<void> damaged(const std::string& file, std::uint64_t offset, std::string what);
  Result<void> finish();

  io::FileSystem& files_;
  const std::string& directory_;
  const ScanOptions& options_;
  const OnScannedGroup& visit_;
  RecoveryReport& report_;
  std::optional<ArenaPool> arenas_;
  std::vector<SegmentFile> segments_;
  ScanResult result_;
  std::size_t start_ = 0;
  std::size_t live_ = 0;         // Segments up to the one with the last good group.
  bool chain_broken_ = false;    // After damage: the next good group need not follow the last one.
  bool evidence_known_ = false;  // result_.durable counts every group there is.
};

Result<void> Scanner::damaged(const std::string& file, std::uint64_t offset, std::string what) {
  if (!options_.go_on_after_damage) {
    return fail(ErrorKind::kCorrupt,
                "{} at offset {}: {}; acknowledged data is damaged, --salvage keeps the rest", file,
                offset, what);
  }
  report_.damages.push_back({file, offset, std::move(what)});
  return ok();
}

Result<void> Scanner::list() {
  TRY(const auto there, files_.exists(directory_));
  if (!there) return ok();
  TRY(const auto names, files_.list(directory_));
  std::uint64_t file_bytes_max = 0;
  for (const std::string& name : names) {
    if (!parse_segment_name(name)) continue;
    TRY(const auto file, files_.open(directory_ + "/" + name, io::OpenMode::kRead));
    TRY(const std::uint64_t bytes, file->size());
    file_bytes_max = std::max(file_bytes_max, bytes);
  }
  arenas_.emplace(std::min(kChunkBytesMax, file_bytes_max + kBlock), 2);
  for (const std::string& name : names) {
    const auto position = parse_segment_name(name);
    if (!position) {
      result_.others.push_back(name);
      continue;
    }
    SegmentFile& segment = segments_.emplace_back();
    segment.path = directory_ + "/" + name;
    segment.first_position = *position;
    TRY(const auto reader, SegmentReader::open(files_, segment.path, *arenas_));
    segment.file_bytes = reader->file_bytes();
    segment.header = reader->header();
    // Not damage, and nothing that salvage may touch.
    if (reader->header_damage().starts_with(kNewerFormat)) {
      return fail(ErrorKind::kInvalid, "{}: {}", segment.path, reader->header_damage());
    }
    if (!segment.header) {
      segment.damage =
          reader->header_is_zero() ? "the segment header is zeroed" : reader->header_damage();
    }
  }
  return ok();
}

// Every named segment was prepared before it got its name: its size and its header are durable
// since then. So whatever is wrong with them is damage, never a crash.
Result<void> Scanner::check_files() {
  std::map<std::uint64_t, int> log_ids;
  for (const SegmentFile& segment : segments_) {
    if (segment.header) ++log_ids[segment.header->log_id];
  }
  for (const auto& [id, count] : log_ids) {
    if (result_.log_id == 0 || count > log_ids[result_.log_id]) result_.log_id = id;
  }
  for (SegmentFile& segment : segments_) {
    if (segment.header && segment.header->log_id != result_.log_id) {
      segment.damage = "the segment is of another log";
      segment.header.reset();
    } else if (segment.header && segment.header->first_position != segment.first_position) {
      segment.damage = fmt::format("the file holds the segment that belongs into {}",
                                   segment_name(segment.header->first_position));
      segment.first_position = segment.header->first_position;
    } else if (segment.header && segment.file_bytes < segment.header->segment_bytes) {
      segment.damage = fmt::format("the file was cut to {} bytes, the segment has {}",
                                   segment.file_bytes, segment.header->segment_bytes);
    }
    if (!segment.damage.empty()) {
      TRY(damaged(segment.path, 0, segment.damage));
    }
  }
  // Files that changed places are read where they belong.
  std::stable_sort(segments_.begin(), segments_.end(), [](const auto& a, const auto& b) {
    return a.first_position < b.first_position;
  });
  for (std::size_t i = 1; i < segments_.size(); ++i) {
    const SegmentFile& before = segments_[i - 1];
    if (!before.header || before.header->end() == segments_[i].first_position) continue;
    const std::string missing = directory_ + "/" + segment_name(before.header->end());
    TRY(damaged(missing, 0, "the segment is missing"));
  }
  return ok();
}

// Where the walk starts: at the segment that holds `applied`, so that the log is known to reach it.
Result<void> Scanner::begin() {
  if (segments_.empty()) return ok();
  if (!options_.whole) {
    for (std::size_t i = 0; i < segments_.size(); ++i) {
      const SegmentFile& segment = segments_[i];
      if (segment.started() && segment.first_position <= options_.applied.value) start_ = i;
    }
  }
  // What is not walked ends where its successor says.
  for (std::size_t i = 0; i < start_; ++i) {
    const SegmentFile& next = segments_[i + 1];
    segments_[i].last_lsn = next.started() ? Lsn{next.header->previous_last_lsn} : options_.applied;
  }
  live_ = start_;
  const SegmentFile& first = segments_[start_];
  if (!first.started()) return ok();
  result_.end = first.header->previous_end;
  result_.last_hash = first.header->previous_hash;
  result_.last_incarnation = first.header->previous_incarnation;
  result_.last_lsn = Lsn{first.header->previous_last_lsn};
  if (result_.last_lsn > options_.applied && !(options_.whole && options_.applied.value == 0)) {
    return damaged(first.path, 0,
                   fmt::format("records from {} to {} should lie before this segment and do not",
                               options_.applied.value, result_.last_lsn.value));
  }
  return ok();
}

Result<void> Scanner::accept(SegmentFile& segment, const ScannedGroup& scanned) {
  chain_broken_ = false;
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

// Every group and every header tells what was durable when it was submitted.
Result<void> Scanner::find_evidence(std::size_t from) {
  if (evidence_known_) return ok();
  evidence_known_ = true;
  for (std::size_t i = from; i < segments_.size(); ++i) {
    if (!segments_[i].header) continue;
    result_.durable = std::max(result_.durable, segments_[i].header->durable);
    TRY(const auto reader, SegmentReader::open(files_, segments_[i].path, *arenas_));
    reader->assume(*segments_[i].header);
    std::uint64_t offset = kBlock;
    while (true) {
      TRY(const auto found, reader->find_group(offset));
      if (!found) break;
      result_.durable = std::max(result_.durable, found->header.durable);
      offset = found->offset + found->header.padded();
    }
  }
  return ok();
}

// No good group at `offset`. True: go on in this segment at the new offset, after damage. False: no
// more here; the walk goes on in the next segment if the chain is broken or continues there.
Result<bool> Scanner::hole(std::size_t index, SegmentReader& reader, std::uint64_t& offset) {
  const SegmentFile& segment = segments_[index];
  const std::uint64_t position = segment.first_position + offset;
  TRY(find_evidence(index));
  TRY(const auto next, reader.find_group(offset + kBlock));
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
  TRY(find_evidence(index));
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

Result<void> Scanner::finish() {
  if (options_.applied.value >= std::max<std::uint64_t>(result_.end, 1)) {
    TRY(damaged(directory_, 0,
                fmt::format("the log ends at position {}, but the index holds records up to {}",
                            result_.end, options_.applied.value)));
  }
  for (std::size_t i = 0; i < segments_.size(); ++i) {
    auto& list = i < live_ ? result_.live : result_.surplus;
    list.push_back(std::move(segments_[i]));
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

}  // namespace

Result<ScanResult> scan_log(io::FileSystem& files, const std::string& directory,
                            const ScanOptions& options, const OnScannedGroup& visit,
                            RecoveryReport& report) {
  return Scanner(files, directory, options, visit, report).run();
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
