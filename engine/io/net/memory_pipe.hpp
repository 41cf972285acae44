#pragma once

// Two connected streams without a socket. Each end belongs to its own executor (they may be the
// same, for example a HandExecutor); the pipe between them is bounded and may be slowed, chopped
// and cut.

#include <cstddef>
#include <functional>
#include <memory>

#include "engine/base/executor.hpp"
#include "engine/base/stream.hpp"

namespace stepwell::net {

struct PipeOptions {
  std::size_t capacity = 64 << 10;  // A direction. A writer waits while it is full.
  Instant latency{0};
  // How many of `available` bytes one read gets: 1 to available. Null: all that fit.
  std::function<std::size_t(std::size_t available)> chunk = nullptr;
};

// The network's side of a pipe. Any thread.
class PipeControl {
 public:
  virtual ~PipeControl() = default;
  // Both ends fail from now on; bytes under way are lost.
  virtual void cut() = 0;
  // Cuts once `bytes` more bytes have been delivered, both directions counted.
  virtual void cut_after(std::size_t bytes) = 0;
  // While stalled nothing is delivered; what is written fills the pipe.
  virtual void stall(bool stalled) = 0;
};

struct MemoryPipe {
  std::unique_ptr<Stream> first;
  std::unique_ptr<Stream> second;
  std::shared_ptr<PipeControl> control;
};

MemoryPipe memory_pipe(Executor& first, Executor& second, PipeOptions options = {});

}  // namespace stepwell::net
