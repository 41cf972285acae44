#include "engine/ingest/read_buffer.hpp"

#include <algorithm>
#include <cstring>

namespace stepwell::ingest {
namespace {

constexpr std::size_t kKeptBuffers = 16;

// new[] of bytes is aligned for every fundamental type, so frames can be read in place.
BufferMemory idle_memory() {
  return BufferMemory(new std::byte[ReadBuffer::kIdleBytes]);
}

}  // namespace

BufferPool::BufferPool(std::uint64_t bytes_max) {
  large_.bytes_max = std::max<std::uint64_t>(protocol::kFrameBytesMax, bytes_max / 4);
  grown_.bytes_max = std::max(bytes_max, large_.bytes_max + kGrownBytes) - large_.bytes_max;
}

BufferPool::~BufferPool() {
  auto kept = kept_.lock();
  for (std::byte* memory : *kept) delete[] memory;
}

BufferMemory BufferPool::try_take(std::size_t bytes) {
  Share& share = share_of(bytes);
  if (share.used.fetch_add(bytes) + bytes > share.bytes_max) {
    share.used -= bytes;
    return nullptr;
  }
  std::byte* memory = nullptr;
  if (bytes == kGrownBytes) {
    auto kept = kept_.lock();
    if (!kept->empty()) {
      memory = kept->back();
      kept->pop_back();
    }
  }
  if (!memory) memory = new std::byte[bytes];
  return {memory, [this, bytes](std::byte* given) { give_back(given, bytes); }};
}

void BufferPool::give_back(std::byte* memory, std::size_t bytes) {
  share_of(bytes).used -= bytes;
  if (bytes == kGrownBytes) {
    auto kept = kept_.lock();
    if (kept->size() < kKeptBuffers) {
      kept->push_back(memory);
      return;
    }
  }
  delete[] memory;
}

ReadBuffer::ReadBuffer(BufferPool& pool)
    : pool_(pool), memory_(idle_memory()), capacity_(kIdleBytes) {}

// The memory that what has come of a frame of `wanted` bytes is worth.
std::size_t ReadBuffer::room_for(std::size_t wanted) const {
  const std::size_t held = end_ - begin_;
  if (wanted <= kIdleBytes || held < kIdleBytes) return kIdleBytes;
  if (wanted > BufferPool::kGrownBytes) {
    return held < BufferPool::kGrownBytes ? BufferPool::kGrownBytes : wanted;
  }
  return pool_.is_scarce() ? wanted : BufferPool::kGrownBytes;
}

bool ReadBuffer::prepare(std::size_t wanted) {
  if (begin_ == end_ && wanted <= kIdleBytes) {
    // Between frames: back to the small buffer, since nobody knows when the next one comes.
    if (memory_.use_count() > 1 || capacity_ != kIdleBytes) {
      move_to(idle_memory(), kIdleBytes);
    }
    begin_ = end_ = 0;
    return true;
  }
  std::size_t room = room_for(wanted);
  if (end_ < capacity_ && std::min(wanted, room) <= capacity_ - begin_) return true;
  // Filled to the brim by small frames: they come faster than they are taken.
  const bool in_bulk = wanted <= kIdleBytes && end_ == capacity_ && !pool_.is_scarce();
  if (in_bulk) room = BufferPool::kGrownBytes;
  auto memory = room == kIdleBytes ? idle_memory() : pool_.try_take(room);
  if (!memory && in_bulk) {
    memory = idle_memory();
    room = kIdleBytes;
  }
  if (!memory) return false;
  move_to(std::move(memory), room);
  return true;
}

void ReadBuffer::move_to(BufferMemory memory, std::size_t capacity) {
  const std::size_t held = end_ - begin_;
  std::memcpy(memory.get(), memory_.get() + begin_, held);
  memory_ = std::move(memory);
  capacity_ = capacity;
  begin_ = 0;
  end_ = held;
}

}  // namespace stepwell::ingest
