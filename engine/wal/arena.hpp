#pragma once

// Memory for groups: large, 4 KiB-aligned, recycled. A group holds its arena by shared_ptr, so an
// arena lives as long as any group in it; when the last lets go, on whatever thread, the memory
// returns to a bounded free list.

#include <cstdint>
#include <memory>

#include "engine/base/bytes.hpp"

namespace stepwell::wal {

class ArenaPool {
 public:
  // Keeps at most `free_max` unused arenas of `arena_bytes` each.
  ArenaPool(std::uint64_t arena_bytes, std::size_t free_max);

  struct Arena {
    std::shared_ptr<std::byte> memory;
    std::uint64_t bytes = 0;
  };
  // At least `bytes` of memory with unspecified contents. What is larger than arena_bytes() is made
  // for this once and not recycled. Any thread.
  Arena take(std::uint64_t bytes);

  std::uint64_t arena_bytes() const { return arena_bytes_; }
  // Bytes taken and not let go. Any thread.
  std::uint64_t bytes_in_use() const;

 private:
  struct Shared;
  std::uint64_t arena_bytes_;
  std::shared_ptr<Shared> shared_;
};

}  // namespace stepwell::wal
