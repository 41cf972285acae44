#pragma once

// The walk behind scan_log(): first the files as a whole, then group after group. Used once.

#include <optional>
#include <string>
#include <vector>

#include "engine/wal/scan.hpp"

namespace stepwell::wal {

inline constexpr std::uint64_t kChunkBytesMax = 8 << 20;

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
  Result<void> find_evidence(std::size_t from, std::uint64_t offset);
  Result<void> look_behind_closed(std::size_t from);
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
  bool closed_ = false;          // The last good group says that nothing follows it.
  bool evidence_known_ = false;  // result_.durable counts every group there is.
};

}  // namespace stepwell::wal
