#include "engine/base/hand_executor.hpp"

#include <algorithm>

namespace stepwell {

TimerId HandExecutor::post_after(Instant delay, Job job) {
  const TimerId id = next_timer_++;
  timers_.emplace(std::pair{now_ + delay, id}, std::move(job));
  return id;
}

bool HandExecutor::cancel(TimerId timer) {
  const auto it = std::find_if(timers_.begin(), timers_.end(),
                               [&](const auto& entry) { return entry.first.second == timer; });
  if (it == timers_.end()) return false;
  timers_.erase(it);
  return true;
}

bool HandExecutor::run_one() {
  if (ready_.empty()) return false;
  Job job = std::move(ready_.front());
  ready_.pop_front();
  job();
  return true;
}

void HandExecutor::run_ready() {
  while (run_one()) {
  }
}

bool HandExecutor::advance_to_next_timer() {
  if (timers_.empty()) return false;
  auto node = timers_.extract(timers_.begin());
  now_ = std::max(now_, node.key().first);
  ready_.push_back(std::move(node.mapped()));
  return true;
}

void HandExecutor::advance(Instant duration) {
  const Instant until = now_ + duration;
  run_ready();
  while (!timers_.empty() && timers_.begin()->first.first <= until) {
    advance_to_next_timer();
    run_ready();
  }
  now_ = until;
}

void HandExecutor::drop_all() {
  // A job's or a task's destructor may post; keep dropping until nothing is left.
  do {
    auto ready = std::exchange(ready_, {});
    auto timers = std::exchange(timers_, {});
    spawned().destroy_all();
  } while (!ready_.empty() || !timers_.empty());
}

}  // namespace stepwell
