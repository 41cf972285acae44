#include "engine/wal/scanner.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include <fmt/format.h>

namespace stepwell::wal {

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
  result_.log_id = options_.log_id;
  std::map<std::uint64_t, int> log_ids;
  for (const SegmentFile& segment : segments_) {
    if (segment.header) ++log_ids[segment.header->log_id];
  }
  for (const auto& [id, count] : log_ids) {
    if (options_.log_id != 0) break;
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
  std::sort(segments_.begin(), segments_.end(), [](const auto& a, const auto& b) {
    return std::tie(a.first_position, a.path) < std::tie(b.first_position, b.path);
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

}  // namespace stepwell::wal
