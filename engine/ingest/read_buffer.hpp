#pragma once

// Bytes read from one connection. Memory is shared with the frames found in it, which stay in place
// until they are in the log, so what was read is never moved or rewritten under them. A connection
// that is between frames holds kIdleBytes; more is taken only for bytes that have come, under a
// budget that all connections share: what a header claims takes nothing.

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "engine/base/bytes.hpp"
#include "engine/base/guarded.hpp"
#include "protocol/limits.hpp"

namespace stepwell::ingest {

using BufferMemory = std::shared_ptr<std::byte[]>;

// Grown buffers of all connections; keeps a few, since fresh memory costs more than reading into
// it. Any thread. Outlives every buffer that it gave.
//
// What is larger than kGrownBytes comes out of a share of its own, a quarter but at least a frame
// of the largest size. So large frames take nothing from the others, and whoever has a large buffer
// needs no further one to finish its frame: nobody waits in a circle.
class BufferPool {
 public:
  static constexpr std::size_t kGrownBytes = 1 << 20;

  explicit BufferPool(std::uint64_t bytes_max);
  ~BufferPool();
  BufferPool(const BufferPool&) = delete;
  BufferPool& operator=(const BufferPool&) = delete;

  // Null: the budget is used up.
  BufferMemory try_take(std::size_t bytes);
  std::uint64_t used_bytes() const { return grown_.used + large_.used; }
  // Half of what grown buffers may take is taken: time to take no more than needed.
  bool is_scarce() const { return grown_.used > grown_.bytes_max / 2; }

 private:
  struct Share {
    std::uint64_t bytes_max = 0;
    std::atomic<std::uint64_t> used{0};
  };
  Share& share_of(std::size_t bytes) { return bytes > kGrownBytes ? large_ : grown_; }
  void give_back(std::byte* memory, std::size_t bytes);

  Share grown_, large_;
  Guarded<std::vector<std::byte*>> kept_;  // Of kGrownBytes each.
};

class ReadBuffer {
 public:
  static constexpr std::size_t kIdleBytes = 16 << 10;

  explicit ReadBuffer(BufferPool& pool);

  // Makes free_space() not empty, on the way to `wanted` bytes counted from the start of unread():
  // kIdleBytes, then kGrownBytes when the former have come, then all when the latter have. False:
  // the pool is used up; try again later.
  bool prepare(std::size_t wanted);
  MutableBytes free_space() { return {memory_.get() + end_, capacity_ - end_}; }
  void filled(std::size_t bytes) { end_ += bytes; }

  // What was read and not yet taken; starts at a multiple of 8 if only multiples were taken.
  Bytes unread() const { return {memory_.get() + begin_, end_ - begin_}; }
  void take(std::size_t bytes) { begin_ += bytes; }
  // Keeps what was taken alive.
  std::shared_ptr<const void> memory() const { return memory_; }

 private:
  std::size_t room_for(std::size_t wanted) const;
  void move_to(BufferMemory memory, std::size_t capacity);

  BufferPool& pool_;
  BufferMemory memory_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace stepwell::ingest
