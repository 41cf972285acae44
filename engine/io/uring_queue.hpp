#pragma once

// Durable writes through io_uring: O_DIRECT with RWF_DSYNC, so that one request is both the write
// and its flush. The executor submits; a thread waits for completions and posts them to the
// executor. The thread never looks into a request, so nothing is shared but the ring.

#include <deque>
#include <memory>
#include <thread>

#include "engine/base/executor.hpp"
#include "engine/io/durable_queue.hpp"

struct io_uring;

namespace stepwell::io {

class UringQueue final : public DurableQueue {
 public:
  // kIo where the kernel or its policy refuses a ring.
  static Result<std::unique_ptr<UringQueue>> create(Executor& executor, unsigned depth);
  ~UringQueue() override;

  // Writes one zero block to offset 0 of an O_DIRECT descriptor, blocking. Before any other use.
  bool probe(int descriptor);

  Result<std::unique_ptr<DurableFile>> open(const std::string& path) override;
  void write(DurableFile& file, Bytes from, std::uint64_t offset, DurableCallback done) override;
  std::string description() const override { return "io_uring O_DIRECT RWF_DSYNC"; }

 private:
  struct Request;
  struct RingDeleter {
    void operator()(io_uring* ring) const;
  };
  using Ring = std::unique_ptr<io_uring, RingDeleter>;

  UringQueue(Executor& executor, unsigned depth, Ring ring);
  void start_thread();
  void run();
  void pump();
  void submit(Request* request);
  void completed(Request* request, int result);

  Executor& executor_;
  const unsigned depth_;
  Ring ring_;
  std::thread thread_;
  // All below: on the executor only.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  unsigned in_flight_ = 0;
  std::deque<Request*> waiting_;
};

}  // namespace stepwell::io
