#pragma once

// Packs records into groups, in place, in arena memory. One group is open at a time; finishing it
// leaves it as it will be written, but for the header, which is sealed at submit. Knows positions
// but not segments: the caller says where a group begins and how long it may become.

#include <optional>
#include <span>
#include <vector>

#include "engine/wal/arena.hpp"
#include "engine/wal/format.hpp"

namespace stepwell::wal {

// A finished group that waits for submission.
struct BuiltGroup {
  std::shared_ptr<std::byte> memory;  // Keeps `bytes` alive.
  MutableBytes bytes;                 // Padded; the header's place is still empty.
  std::uint64_t segment_first = 0;    // Of the segment it belongs to.
  std::uint64_t position = 0;
  std::uint32_t length = 0;
  std::vector<RecordView> records;
};

class GroupBuilder {
 public:
  explicit GroupBuilder(ArenaPool& arenas) : arenas_(arenas) {}

  bool is_open() const { return open_; }
  std::uint64_t length() const { return group_.length; }
  // Whether the open group can take a record of this many bytes (record_bytes()) and stay within
  // `length_max`.
  bool fits(std::uint64_t bytes, std::uint64_t length_max) const;
  // Opens a group with room for a first record of `bytes`; 0 for a group without records.
  void open(std::uint64_t segment_first, std::uint64_t position, std::uint64_t bytes);
  Lsn add(const Envelope& envelope, std::span<const Bytes> parts, std::uint64_t payload_bytes);
  BuiltGroup finish();

 private:
  ArenaPool& arenas_;
  ArenaPool::Arena arena_;
  std::uint64_t used_ = 0;  // Of arena_, by finished groups; the open one begins here.
  bool open_ = false;
  BuiltGroup group_;
};

}  // namespace stepwell::wal
