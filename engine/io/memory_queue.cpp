#include "engine/io/memory_queue.hpp"

#include "engine/base/assert.hpp"

namespace stepwell::io {
namespace {

class MemoryDurableFile final : public DurableFile {
 public:
  explicit MemoryDurableFile(World::InodePtr file) : inode(std::move(file)) {}
  const World::InodePtr inode;
};

}  // namespace

Result<std::unique_ptr<DurableFile>> MemoryQueue::open(const std::string& path) {
  TRY(auto inode, world_.find(path));
  return std::make_unique<MemoryDurableFile>(std::move(inode));
}

void MemoryQueue::write(DurableFile& file, Bytes from, std::uint64_t offset, DurableCallback done) {
  STEPWELL_ASSERT(offset % kBlockBytes == 0 && from.size() % kBlockBytes == 0);
  STEPWELL_ASSERT(reinterpret_cast<std::uintptr_t>(from.data()) % kBlockBytes == 0);
  waiting_.push_back({static_cast<MemoryDurableFile&>(file).inode, from, offset, std::move(done)});
  pump();
}

void MemoryQueue::pump() {
  while (in_flight_ < depth_ && !waiting_.empty()) {
    Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    start(std::move(next));
  }
}

void MemoryQueue::start(Waiting write) {
  ++in_flight_;
  auto begun = world_.begin_durable_write(write.inode, write.offset, write.from);
  auto finish = [this, alive = alive_, begun = std::move(begun),
                 done = std::move(write.done)]() mutable {
    if (!*alive) return;
    --in_flight_;
    Result<void> result = ok();
    if (begun.has_error()) {
      result = std::move(begun.error());
    } else {
      result = world_.end_durable_write(begun.value());
    }
    done(std::move(result));
    if (*alive) pump();
  };
  const Instant delay = world_.next_durable_delay();
  if (delay.count() == 0) {
    executor_.post(std::move(finish));
  } else {
    executor_.post_after(delay, std::move(finish));
  }
}

}  // namespace stepwell::io
