#pragma once

// Durable writes to a World: each takes a simulated while, so several complete in any order.

#include <deque>
#include <memory>

#include "engine/base/executor.hpp"
#include "engine/io/durable_queue.hpp"
#include "engine/io/world.hpp"

namespace stepwell::io {

class MemoryQueue final : public DurableQueue {
 public:
  MemoryQueue(World& world, Executor& executor, unsigned depth)
      : world_(world), executor_(executor), depth_(depth) {}
  // What is in flight stays pending: the process is gone, the disk may or may not have it.
  ~MemoryQueue() override { *alive_ = false; }

  Result<std::unique_ptr<DurableFile>> open(const std::string& path) override;
  void write(DurableFile& file, Bytes from, std::uint64_t offset, DurableCallback done) override;
  std::string description() const override { return "memory"; }

 private:
  struct Waiting {
    World::InodePtr inode;
    Bytes from;
    std::uint64_t offset;
    DurableCallback done;
  };
  void pump();
  void start(Waiting write);

  World& world_;
  Executor& executor_;
  unsigned depth_;
  unsigned in_flight_ = 0;
  std::deque<Waiting> waiting_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace stepwell::io
