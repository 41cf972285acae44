#pragma once

// A move-only `void()` closure: what executors run. (std::move_only_function is C++23.)

#include <memory>
#include <type_traits>
#include <utility>

namespace stepwell {

class Job {
 public:
  Job() = default;
  template <typename F>
    requires(!std::is_same_v<std::decay_t<F>, Job> && std::is_invocable_v<F&>)
  Job(F&& function)  // NOLINT(google-explicit-constructor): a closure is a job
      : holder_(std::make_unique<Holder<std::decay_t<F>>>(std::forward<F>(function))) {}

  void operator()() { holder_->run(); }
  explicit operator bool() const { return holder_ != nullptr; }

 private:
  struct Base {
    virtual ~Base() = default;
    virtual void run() = 0;
  };
  template <typename F>
  struct Holder final : Base {
    explicit Holder(F&& f) : function(std::move(f)) {}
    explicit Holder(const F& f) : function(f) {}
    void run() override { function(); }
    F function;
  };
  std::unique_ptr<Base> holder_;
};

}  // namespace stepwell
