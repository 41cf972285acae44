#pragma once

// Decides when a checkpoint is due and drives it on the compactor, with pauses so that the log's
// syncs pass in between. Belongs to the sequencer; only the steps run on the compactor.

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>

#include "engine/base/executor.hpp"
#include "engine/base/task.hpp"
#include "engine/store/checkpoint.hpp"
#include "engine/store/layers.hpp"

namespace stepwell::store {

class Checkpointer {
 public:
  struct Options {
    std::uint64_t start_bytes = 0;
    Instant start_after{0};
    Checkpoint::Options checkpoint;
    Instant pause{0};  // Between two transactions.
    // While the next generation is not half full: the log's syncs wait less.
    std::uint64_t calm_transaction_bytes = 0;
    Instant calm_pause{0};
  };
  struct Events {
    // A checkpoint is due: whether nobody else writes the index. If not, consider() follows when it
    // is so.
    std::function<bool()> may_start;
    std::function<void(Lsn)> published;  // The log is not needed up to here.
    std::function<void()> wrote;         // On the compactor, behind the last transaction.
    std::function<void()> finished;
    std::function<void(const Error&)> failed;  // The index must not be written again.
  };

  // All that is passed outlives the checkpointer; destroy it only when idle() or the executors have
  // stopped.
  Checkpointer(index::Environment& environment, const Layout& layout, Layers& layers,
               Executor& sequencer, Executor& compactor, Meta meta, Options options, Events events);
  ~Checkpointer();

  // Something was applied: starts a checkpoint if one is due, or plans to look again.
  void consider();
  // At once, on this thread, with no pause: while a long log is replayed.
  Result<void> run_now();
  bool idle() const { return !running_; }
  // Starts no further one.
  void stop() { stopped_ = true; }
  const Meta& meta() const { return meta_; }
  std::uint64_t count() const { return count_; }
  // By all checkpoints so far.
  const Written& written() const { return written_; }

 private:
  void start();
  Task<void> run();
  bool is_calm() const;
  void finish(const Checkpoint& checkpoint);

  index::Environment& environment_;
  const Layout& layout_;
  Layers& layers_;
  Executor& sequencer_;
  Executor& compactor_;
  Meta meta_;
  Options options_;
  Events events_;
  std::unique_ptr<Checkpoint> checkpoint_;
  bool running_ = false;
  bool due_ = false;                   // It waits for may_start().
  std::atomic<bool> stopped_ = false;  // Also read by the compactor.
  TimerId timer_ = 0;
  std::uint64_t count_ = 0;
  Written written_;
};

}  // namespace stepwell::store
