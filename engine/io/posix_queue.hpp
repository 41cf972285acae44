#pragma once

// Picks how durable writes are made, by trying: the first open() writes one block beside the file
// (into a nameless file of the same file system) through io_uring with O_DIRECT and RWF_DSYNC. If
// any of it is refused (containers forbid io_uring, tmpfs and some overlays O_DIRECT), a thread
// with pwrite and fdatasync gives the same promise.

#include "engine/base/executor.hpp"
#include "engine/io/durable_queue.hpp"
#include "engine/io/posix.hpp"

namespace stepwell::io {

class PosixQueue final : public DurableQueue {
 public:
  PosixQueue(Executor& executor, unsigned depth, PosixOptions options)
      : executor_(executor), depth_(depth), options_(options) {}

  Result<std::unique_ptr<DurableFile>> open(const std::string& path) override;
  void write(DurableFile& file, Bytes from, std::uint64_t offset, DurableCallback done) override;
  std::string description() const override;

 private:
  Result<void> choose(const std::string& directory);

  Executor& executor_;
  unsigned depth_;
  PosixOptions options_;
  std::unique_ptr<DurableQueue> chosen_;
};

}  // namespace stepwell::io
