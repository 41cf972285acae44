#pragma once

// A bell for one coroutine: it waits until somebody rings or time is up. Everything happens on one
// executor. A ring while nobody waits is remembered, once.

#include <coroutine>
#include <memory>
#include <utility>

#include "engine/base/executor.hpp"

namespace stepwell::client {

class Signal {
 public:
  explicit Signal(Executor& executor) : state_(std::make_shared<State>(executor)) {}

  void ring() { state_->ring(); }

  // co_await signal.wait(delay): true if rung, false if `delay` passed first.
  auto wait(Instant delay) {
    struct Awaiter {
      std::shared_ptr<State> state;
      Instant delay;
      bool await_ready() { return std::exchange(state->rung, false); }
      void await_suspend(std::coroutine_handle<> handle) {
        state->waiting = handle;
        state->woken_by_ring = true;
        state->timer = state->executor.post_after(delay, [s = state] {
          s->timer = 0;
          s->woken_by_ring = false;
          if (s->waiting) std::exchange(s->waiting, {}).resume();
        });
      }
      bool await_resume() const { return state->woken_by_ring; }
    };
    state_->woken_by_ring = true;
    return Awaiter{state_, delay};
  }

 private:
  struct State {
    explicit State(Executor& e) : executor(e) {}
    void ring() {
      if (!waiting) {
        rung = true;
        return;
      }
      if (timer != 0) executor.cancel(std::exchange(timer, 0));
      executor.post([handle = std::exchange(waiting, {})] { handle.resume(); });
    }
    Executor& executor;
    std::coroutine_handle<> waiting;
    TimerId timer = 0;
    bool rung = false;
    bool woken_by_ring = true;
  };
  std::shared_ptr<State> state_;
};

}  // namespace stepwell::client
