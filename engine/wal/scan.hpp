#pragma once

// Walks a log's directory from its files alone: which segments there are, which groups are good and
// follow one another, where the tail ends, and whether what is bad was never acknowledged (a torn
// tail) or was (damage). Recovery, `stepwell dump wal` and `stepwell verify` all stand on it.
// Writes nothing.

#include <functional>
#include <string>
#include <vector>

#include "engine/base/ids.hpp"
#include "engine/base/result.hpp"
#include "engine/io/file_system.hpp"
#include "engine/wal/report.hpp"
#include "engine/wal/segment_reader.hpp"

namespace stepwell::wal {

struct SegmentFile {
  std::string path;
  std::uint64_t first_position = 0;
  std::uint64_t file_bytes = 0;
  std::optional<SegmentHeader> header;  // None if it is lost.
  std::string damage;                   // What is wrong with the file as a whole, if anything is.
  Lsn last_lsn;                         // Of the last record in it or before it.
  bool started() const { return header && header->state == SegmentHeader::kStarted; }
};

struct ScanOptions {
  Lsn applied;               // Records at or below it may be missing, none above.
  std::uint64_t log_id = 0;  // Segments of any other log are damage. 0: what most are of.
  bool whole = false;  // Walk every segment, not only those that hold records above `applied`.
  bool go_on_after_damage = false;  // Report it and go on with what is provably good.
};

struct ScanResult {
  std::vector<SegmentFile> live;     // Up to the one with the last good group, oldest first.
  std::vector<SegmentFile> surplus;  // Named after it: prepared, or begun and never acknowledged.
  std::vector<std::string> others;   // Names of all other files: the pool, and what is not ours.
  std::uint64_t log_id = 0;
  // The last good group. All 0 in a log without one.
  std::uint64_t end = 0;  // Position where its padding ends.
  std::uint64_t last_hash = 0;
  std::uint64_t last_incarnation = 0;
  Lsn last_lsn;
  std::uint64_t durable = 0;  // All below this position is known to have been durable.
};

// Called with every good group in order, also with those at or below `applied` and those without
// records. An error ends the scan.
using OnScannedGroup = std::function<Result<void>(const SegmentFile&, const ScannedGroup&)>;

// kCorrupt names file and offset of the first damage, unless options say to go on. A directory
// without segments is an empty log.
Result<ScanResult> scan_log(io::FileSystem& files, const std::string& directory,
                            const ScanOptions& options, const OnScannedGroup& visit,
                            RecoveryReport& report);

// One segment file by itself: every good group in it, and as damage everything between good groups.
Result<SegmentFile> scan_segment(io::FileSystem& files, const std::string& path,
                                 const OnScannedGroup& visit, RecoveryReport& report);

// Id of a log that still holds its first record. Nothing: its oldest segments were recycled, or
// there are none, or the first one's header is lost.
Result<std::optional<std::uint64_t>> id_of_complete_log(io::FileSystem& files,
                                                        const std::string& directory);

}  // namespace stepwell::wal
