#pragma once

// Drives the sweep on the compactor, paced, in the time that checkpoints leave: it gives way as
// soon as one wants to start, and always gets one transaction between two of them. Belongs to the
// sequencer; only the steps run on the compactor.

#include <atomic>
#include <functional>

#include "engine/base/executor.hpp"
#include "engine/base/task.hpp"
#include "engine/store/sweep.hpp"

namespace stepwell::store {

class Sweeper {
 public:
  struct Options {
    std::uint64_t transaction_bytes = 8 << 20;
    Instant pause{0};
  };
  struct Events {
    std::function<void()> wrote;               // On the compactor, behind the last transaction.
    std::function<void()> ended;               // It is idle: nothing is left, or it gave way.
    std::function<void(const Error&)> failed;  // The index must not be written again.
  };

  // All that is passed outlives the sweeper; destroy it only when idle() or the executors have
  // stopped.
  Sweeper(index::Environment& environment, const Layout& layout, Executor& sequencer,
          Executor& compactor, Options options, Events events);

  // While no checkpoint runs. Does nothing where nothing is to be freed.
  void start();
  // Ends after the transaction under way; `ended` says when.
  void give_way() { gives_way_ = true; }
  bool idle() const { return !running_; }
  // Gives way and does not start again.
  void stop();
  // Runs that were freed wholly. While idle.
  std::uint64_t runs() const { return sweep_.runs(); }

 private:
  Task<void> run();

  Executor& sequencer_;
  Executor& compactor_;
  const Options options_;
  const Events events_;
  Sweep sweep_;  // The compactor's while running.
  bool running_ = false;
  bool stopped_ = false;
  std::atomic<bool> gives_way_{false};
};

}  // namespace stepwell::store
