#include "engine/base/spawned_tasks.hpp"

#include <utility>

namespace stepwell {

void SpawnedTasks::Entry::add(std::coroutine_handle<> frame) {
  const std::lock_guard lock(tasks_->mutex_);
  frame_ = frame;
  next_ = std::exchange(tasks_->youngest_, this);
  if (next_) next_->previous_ = this;
}

SpawnedTasks::Entry::~Entry() {
  if (!tasks_) return;
  const std::lock_guard lock(tasks_->mutex_);
  tasks_->remove_locked(*this);
}

void SpawnedTasks::remove_locked(Entry& entry) {
  (entry.previous_ ? entry.previous_->next_ : youngest_) = entry.next_;
  if (entry.next_) entry.next_->previous_ = entry.previous_;
  entry.tasks_ = nullptr;
}

void SpawnedTasks::destroy_all() {
  while (true) {
    std::coroutine_handle<> frame;
    {
      const std::lock_guard lock(mutex_);
      if (!youngest_) return;
      frame = youngest_->frame_;
      remove_locked(*youngest_);
    }
    frame.destroy();
  }
}

}  // namespace stepwell
