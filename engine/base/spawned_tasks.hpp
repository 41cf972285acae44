#pragma once

// The tasks that were spawned on an executor and have not ended. A task that waits for something
// which will not come any more, because its executor has stopped, would keep its frame, and what
// that holds, for ever: whoever stops executors destroys what is left.

#include <coroutine>
#include <mutex>

namespace stepwell {

class SpawnedTasks {
 public:
  // Part of a spawned task's frame.
  class Entry {
   public:
    explicit Entry(SpawnedTasks& tasks) : tasks_(&tasks) {}
    ~Entry();
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;
    void add(std::coroutine_handle<> frame);

   private:
    friend class SpawnedTasks;
    SpawnedTasks* tasks_;
    std::coroutine_handle<> frame_;
    Entry* previous_ = nullptr;
    Entry* next_ = nullptr;
  };

  SpawnedTasks() = default;
  SpawnedTasks(const SpawnedTasks&) = delete;
  SpawnedTasks& operator=(const SpawnedTasks&) = delete;

  // The youngest first. No task runs any more, on any executor, and what they refer to is there
  // still.
  void destroy_all();

 private:
  void remove_locked(Entry& entry);

  std::mutex mutex_;
  Entry* youngest_ = nullptr;
};

}  // namespace stepwell
