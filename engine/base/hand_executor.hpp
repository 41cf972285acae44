#pragma once

// An executor that runs only when told to, on the caller's thread, with time that moves only when
// told to. Tests use one; a simulation makes it the whole server's only thread.

#include <deque>
#include <map>
#include <utility>

#include "engine/base/executor.hpp"

namespace stepwell {

class HandExecutor final : public Executor {
 public:
  ~HandExecutor() override { drop_all(); }

  void post(Job job) override { ready_.push_back(std::move(job)); }
  TimerId post_after(Instant delay, Job job) override;
  bool cancel(TimerId timer) override;
  Instant now() const override { return now_; }

  // Runs one ready job. False if there was none.
  bool run_one();
  // Runs until nothing is ready. Time stands still.
  void run_ready();
  // Moves time to the next timer, if there is one, and makes its job ready.
  bool advance_to_next_timer();
  // Runs everything due within `duration`, then stands at now + duration.
  void advance(Instant duration);
  std::size_t ready_count() const { return ready_.size(); }
  // The server is cut: nothing that was queued ever runs, spawned tasks end where they are.
  void drop_all();

 private:
  Instant now_{0};
  TimerId next_timer_ = 1;
  std::deque<Job> ready_;
  std::map<std::pair<Instant, TimerId>, Job> timers_;
};

}  // namespace stepwell
