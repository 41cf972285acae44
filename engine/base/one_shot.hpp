#pragma once

// The bridge from callbacks to coroutines: one side sets a value, the other awaits it.

#include <atomic>
#include <coroutine>
#include <memory>
#include <optional>
#include <utility>

#include "engine/base/executor.hpp"

namespace stepwell {

// A value that is set once, from any thread, and awaited once. The awaiter resumes on `executor`,
// which is given by the awaiting side. Copies share the state.
template <typename T>
class OneShot {
 public:
  explicit OneShot(Executor& executor) : state_(std::make_shared<State>(executor)) {}

  void set(T value) const {
    state_->value.emplace(std::move(value));
    // Whoever comes second (setter or awaiter) finds the other's mark and goes on.
    if (state_->mark.exchange(kSet, std::memory_order_acq_rel) == kAwaited) {
      state_->executor.post([state = state_] { state->waiting.resume(); });
    }
  }

  bool await_ready() const noexcept { return state_->mark.load(std::memory_order_acquire) == kSet; }
  bool await_suspend(std::coroutine_handle<> handle) const {
    state_->waiting = handle;
    return state_->mark.exchange(kAwaited, std::memory_order_acq_rel) != kSet;
  }
  T await_resume() const { return std::move(*state_->value); }

 private:
  enum Mark { kEmpty, kAwaited, kSet };
  struct State {
    explicit State(Executor& e) : executor(e) {}
    Executor& executor;
    std::atomic<Mark> mark{kEmpty};
    std::coroutine_handle<> waiting;
    std::optional<T> value;
  };
  std::shared_ptr<State> state_;
};

}  // namespace stepwell
