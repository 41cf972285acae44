#pragma once

// spawn(executor, task) starts a task that nobody awaits: its frame frees itself at the end, or is
// destroyed with those that the executor's SpawnedTasks still holds when it has stopped.

#include <exception>
#include <utility>

#include "engine/base/executor.hpp"
#include "engine/base/task.hpp"

namespace stepwell {
namespace detail {

struct Detached {
  struct promise_type {
    promise_type(Executor& executor, Task<void>&) : entry(executor.spawned()) {}
    Detached get_return_object() {
      entry.add(std::coroutine_handle<promise_type>::from_promise(*this));
      return {};
    }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() noexcept { std::terminate(); }
    SpawnedTasks::Entry entry;
  };
};

inline Detached run_detached(Executor& /*executor*/, Task<void> task) {
  co_await std::move(task);
}

}  // namespace detail

// Outlived by the executor.
inline void spawn(Executor& executor, Task<void> task) {
  executor.post([&executor, task = std::move(task)]() mutable {
    detail::run_detached(executor, std::move(task));
  });
}

}  // namespace stepwell
