#include "engine/wal/arena.hpp"

#include <sys/mman.h>

#include <atomic>
#include <mutex>
#include <new>
#include <vector>

namespace stepwell::wal {
namespace {

std::byte* map(std::uint64_t bytes) {
  void* const memory =
      ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  if (bytes >= (std::uint64_t{2} << 20)) ::madvise(memory, bytes, MADV_HUGEPAGE);
  return static_cast<std::byte*>(memory);
}

}  // namespace

struct ArenaPool::Shared {
  explicit Shared(std::uint64_t bytes, std::size_t most) : arena_bytes(bytes), free_max(most) {}
  ~Shared() {
    for (std::byte* memory : free) ::munmap(memory, arena_bytes);
  }
  void give_back(std::byte* memory, std::uint64_t bytes) {
    in_use.fetch_sub(bytes, std::memory_order_relaxed);
    if (bytes == arena_bytes) {
      const std::lock_guard lock(mutex);
      if (free.size() < free_max) {
        free.push_back(memory);
        return;
      }
    }
    ::munmap(memory, bytes);
  }

  const std::uint64_t arena_bytes;
  const std::size_t free_max;
  std::atomic<std::uint64_t> in_use{0};
  std::mutex mutex;
  std::vector<std::byte*> free;  // Guarded by mutex.
};

ArenaPool::ArenaPool(std::uint64_t arena_bytes, std::size_t free_max)
    : arena_bytes_(align_up(arena_bytes, 4096)),
      shared_(std::make_shared<Shared>(arena_bytes_, free_max)) {}

ArenaPool::Arena ArenaPool::take(std::uint64_t bytes) {
  bytes = bytes <= arena_bytes_ ? arena_bytes_ : align_up(bytes, 4096);
  std::byte* memory = nullptr;
  if (bytes == arena_bytes_) {
    const std::lock_guard lock(shared_->mutex);
    if (!shared_->free.empty()) {
      memory = shared_->free.back();
      shared_->free.pop_back();
    }
  }
  if (memory == nullptr) memory = map(bytes);
  shared_->in_use.fetch_add(bytes, std::memory_order_relaxed);
  auto release = [shared = shared_, bytes](std::byte* p) { shared->give_back(p, bytes); };
  return {std::shared_ptr<std::byte>(memory, std::move(release)), bytes};
}

std::uint64_t ArenaPool::bytes_in_use() const {
  return shared_->in_use.load(std::memory_order_relaxed);
}

}  // namespace stepwell::wal
