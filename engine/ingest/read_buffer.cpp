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

BufferPool::~BufferPool() {
  for (std::byte* memory : *kept_.lock()) delete[] memory;
}

BufferMemory BufferPool::try_take(std::size_t bytes) {
  if (used_bytes_.fetch_add(bytes) + bytes > bytes_max_) {
    used_bytes_ -= bytes;
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
  used_bytes_ -= bytes;
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

bool ReadBuffer::prepare(std::size_t wanted) {
  const std::size_t held = end_ - begin_;
  if (held == 0 && wanted <= kIdleBytes) {
    // Between frames: back to the small buffer, since nobody knows when the next one comes.
    if (memory_.use_count() > 1 || capacity_ != kIdleBytes) {
      move_to(idle_memory(), kIdleBytes);
    }
    begin_ = end_ = 0;
    return true;
  }
  if (wanted <= capacity_ - begin_ && end_ < capacity_) return true;
  // Filled to the brim: bytes come faster than they are taken. Else only this frame needs room.
  if (wanted <= kIdleBytes && end_ < capacity_) {
    move_to(idle_memory(), kIdleBytes);
    return true;
  }
  const std::size_t room = std::max({wanted, held + 1, BufferPool::kGrownBytes});
  auto memory = pool_.try_take(room);
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
