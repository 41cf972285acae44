#pragma once

// An executor with a thread of its own, for tests on the real disk. Stops when destroyed; what is
// still queued then never runs.

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "engine/base/executor.hpp"

namespace stepwell {

class ThreadExecutor final : public Executor {
 public:
  ThreadExecutor() : thread_([this] { loop(); }) {}
  ~ThreadExecutor() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  void post(Job job) override {
    {
      const std::lock_guard lock(mutex_);
      jobs_.push_back(std::move(job));
    }
    changed_.notify_one();
  }
  TimerId post_after(Instant delay, Job job) override {
    const std::lock_guard lock(mutex_);
    const TimerId id = next_timer_++;
    timers_.emplace(std::pair{now() + delay, id}, std::move(job));
    changed_.notify_one();
    return id;
  }
  bool cancel(TimerId timer) override {
    const std::lock_guard lock(mutex_);
    return std::erase_if(timers_, [&](const auto& entry) { return entry.first.second == timer; });
  }
  Instant now() const override { return std::chrono::steady_clock::now().time_since_epoch(); }

  // Runs `job` there and waits for it.
  template <typename F>
  void run(F job) {
    std::mutex mutex;
    std::condition_variable done;
    bool ran = false;
    post([&] {
      job();
      const std::lock_guard lock(mutex);
      ran = true;
      done.notify_one();
    });
    std::unique_lock lock(mutex);
    done.wait(lock, [&] { return ran; });
  }

 private:
  void loop() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
      if (!timers_.empty() && timers_.begin()->first.first <= now()) {
        jobs_.push_back(std::move(timers_.extract(timers_.begin()).mapped()));
      }
      if (jobs_.empty()) {
        if (timers_.empty()) {
          changed_.wait(lock);
        } else {
          changed_.wait_for(lock, timers_.begin()->first.first - now());
        }
        continue;
      }
      Job job = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      job();
      job = Job();
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  std::map<std::pair<Instant, TimerId>, Job> timers_;
  TimerId next_timer_ = 1;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace stepwell
