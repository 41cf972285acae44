#pragma once

// A value that lives inside the mutex that owns it.
//     Guarded<std::deque<Frame>> queue;
//     auto locked = queue.lock();   locked->push_back(...);

#include <mutex>
#include <utility>

namespace stepwell {

template <typename T>
class Guarded {
 public:
  template <typename... Args>
  explicit Guarded(Args&&... args) : value_(std::forward<Args>(args)...) {}

  class Locked {
   public:
    T* operator->() { return &value_; }
    T& operator*() { return value_; }
    // For condition variables.
    std::unique_lock<std::mutex>& guard() { return guard_; }

   private:
    friend class Guarded;
    Locked(std::mutex& mutex, T& value) : guard_(mutex), value_(value) {}
    std::unique_lock<std::mutex> guard_;
    T& value_;
  };

  Locked lock() { return Locked(mutex_, value_); }

 private:
  std::mutex mutex_;
  T value_;
};

}  // namespace stepwell
