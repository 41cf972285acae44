#pragma once

// Reads one segment file: large reads into arenas, groups checked and handed out in place, without
// a copy. It knows nothing of the log around the file; scan.hpp does. One thread.

#include <memory>
#include <optional>
#include <string>

#include "engine/base/result.hpp"
#include "engine/io/file_system.hpp"
#include "engine/wal/arena.hpp"
#include "engine/wal/format.hpp"

namespace stepwell::wal {

// A group whose hash holds.
struct ScannedGroup {
  std::uint64_t offset = 0;  // In its file.
  GroupHeader header;
  GroupPtr group;  // Null if it has no records (a mark).
};

class SegmentReader {
 public:
  // Reads block 0. A file without a good header opens too: see header().
  static Result<std::unique_ptr<SegmentReader>> open(io::FileSystem& files, const std::string& path,
                                                     ArenaPool& arenas);

  const std::optional<SegmentHeader>& header() const { return header_; }
  const std::string& header_damage() const { return header_damage_; }
  bool header_is_zero() const { return header_is_zero_; }
  std::uint64_t file_bytes() const { return file_bytes_; }
  // Takes this for the header, where the real one is lost.
  void assume(const SegmentHeader& header) { header_ = header; }

  // The group of this segment's incarnation at a block's offset, if there is one and it is whole.
  Result<std::optional<ScannedGroup>> group_at(std::uint64_t offset);
  // The first such group at `offset` or at a later block.
  Result<std::optional<ScannedGroup>> find_group(std::uint64_t offset);
  // Log and incarnation that a whole group at this offset claims, for a file of this first
  // position.
  Result<std::optional<GroupPlace>> place_at(std::uint64_t offset, std::uint64_t first_position);
  // Whether a group of this position was at least begun here, whole or not.
  Result<bool> has_trace_at(std::uint64_t offset);

 private:
  SegmentReader(std::unique_ptr<io::File> file, std::uint64_t file_bytes, ArenaPool& arenas)
      : file_(std::move(file)), file_bytes_(file_bytes), arenas_(arenas) {}
  // The bytes from `offset`, at most `bytes`, fewer only at the end of the file.
  Result<Bytes> bytes_at(std::uint64_t offset, std::uint64_t bytes);
  std::uint64_t usable_bytes() const;
  GroupPlace place_of(std::uint64_t offset) const;

  std::unique_ptr<io::File> file_;
  std::uint64_t file_bytes_;
  ArenaPool& arenas_;
  std::optional<SegmentHeader> header_;
  std::string header_damage_;
  bool header_is_zero_ = false;
  ArenaPool::Arena chunk_;
  std::uint64_t chunk_offset_ = 0;
  std::uint64_t chunk_bytes_ = 0;
};

}  // namespace stepwell::wal
