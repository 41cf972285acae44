#pragma once

// Durable writes by one thread: it takes everything that waits, writes it in order with pwrite and
// makes it durable with one fdatasync per file. The fallback where io_uring is refused.
//
// write() is called on the executor, where the completions are posted.

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "engine/base/executor.hpp"
#include "engine/io/durable_queue.hpp"

namespace stepwell::io {

class SyncQueue final : public DurableQueue {
 public:
  SyncQueue(Executor& executor, bool direct);
  ~SyncQueue() override;

  Result<std::unique_ptr<DurableFile>> open(const std::string& path) override;
  void write(DurableFile& file, Bytes from, std::uint64_t offset, DurableCallback done) override;
  std::string description() const override;

 private:
  struct Write {
    int descriptor;
    Bytes from;
    std::uint64_t offset;
    DurableCallback done;
    std::string path;
    Result<void> result = ok();
  };
  // Outlives the queue while completions are posted.
  struct Alive {
    bool value = true;
  };

  void run();
  static void perform(std::vector<Write>& batch);

  Executor& executor_;
  const bool direct_;
  std::shared_ptr<Alive> alive_ = std::make_shared<Alive>();  // Read and changed on the executor.
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Write> waiting_;  // Guarded by mutex_.
  bool stopping_ = false;      // Guarded by mutex_.
  std::thread thread_;
};

}  // namespace stepwell::io
