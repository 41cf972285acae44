#include "engine/base/task.hpp"

#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <memory>
#include <string>
#include <thread>

#include "engine/base/guarded.hpp"
#include "engine/base/hand_executor.hpp"
#include "engine/base/one_shot.hpp"
#include "engine/base/spawn.hpp"

namespace stepwell {
namespace {

// A thread of its own that runs jobs in order.
class ThreadExecutor final : public Executor {
 public:
  ThreadExecutor() : thread_([this] { run(); }) {}
  ~ThreadExecutor() override {
    post([this] { stopping_ = true; });
    thread_.join();
  }
  void post(Job job) override {
    jobs_.lock()->push_back(std::move(job));
    changed_.notify_one();
  }
  TimerId post_after(Instant, Job) override { return 0; }
  bool cancel(TimerId) override { return false; }
  Instant now() const override { return Instant(0); }
  std::thread::id id() const { return thread_.get_id(); }

 private:
  void run() {
    while (!stopping_) {
      Job job;
      {
        auto jobs = jobs_.lock();
        changed_.wait(jobs.guard(), [&] { return !jobs->empty(); });
        job = std::move(jobs->front());
        jobs->pop_front();
      }
      job();
    }
  }
  Guarded<std::deque<Job>> jobs_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::thread thread_;
};

Task<int> answer(int value) {
  co_return value;
}

Task<int> sum(int a, int b) {
  const int left = co_await answer(a);
  co_return left + co_await answer(b);
}

Task<std::unique_ptr<std::string>> boxed(std::string text) {
  co_return std::make_unique<std::string>(std::move(text));
}

Task<void> keep(Task<int> task, int& into) {
  into = co_await std::move(task);
}

struct Told {
  std::shared_ptr<int> alive;
  bool* ran;
};
Task<void> tell(Told told) {
  *told.ran = true;
  co_return;
}

TEST(TaskTest, ATaskStartsWhenAwaitedAndGivesItsValue) {
  HandExecutor executor;
  int got = 0;
  spawn(executor, keep(sum(40, 2), got));
  EXPECT_EQ(got, 0) << "never inside the call";
  executor.run_ready();
  EXPECT_EQ(got, 42);
}

TEST(TaskTest, ATaskThatIsDroppedRunsNothingAndLeavesNothing) {
  bool ran = false;
  auto alive = std::make_shared<int>(1);
  {
    auto task = tell({alive, &ran});
  }
  EXPECT_FALSE(ran);
  EXPECT_EQ(alive.use_count(), 1) << "its frame is gone";
  HandExecutor executor;
  spawn(executor, tell({alive, &ran}));
  executor.drop_all();
  EXPECT_FALSE(ran);
  EXPECT_EQ(alive.use_count(), 1);
  spawn(executor, tell({alive, &ran}));
  executor.run_ready();
  EXPECT_TRUE(ran);
  EXPECT_EQ(alive.use_count(), 1);
}

// Waits for a value that nobody sets, inside a task of its own.
Task<int> wait_for_nothing(std::shared_ptr<int> held, Executor& executor) {
  const OneShot<int> never(executor);
  const int got = co_await never;
  co_return got + *held;
}
Task<void> wait_within(std::shared_ptr<int> held, Executor& executor) {
  auto waiting = wait_for_nothing(held, executor);
  static_cast<void>(co_await std::move(waiting));
}

TEST(TaskTest, ATaskThatWaitsWhenItsExecutorEndsLeavesNothing) {
  auto alive = std::make_shared<int>(1);
  {
    HandExecutor executor;
    for (int i = 0; i < 3; ++i) spawn(executor, wait_within(alive, executor));
    bool ran = false;
    spawn(executor, tell({alive, &ran}));
    executor.run_ready();
    EXPECT_TRUE(ran) << "one that ended stands between those that wait";
    EXPECT_EQ(alive.use_count(), 7);
  }
  EXPECT_EQ(alive.use_count(), 1);
}

Task<void> take_box(std::string& into) {
  into = *co_await boxed("moved");
}

TEST(TaskTest, AValueMayBeMoveOnly) {
  HandExecutor executor;
  std::string got;
  spawn(executor, take_box(got));
  executor.run_ready();
  EXPECT_EQ(got, "moved");
}

Task<int> count_down(int n) {
  if (n == 0) co_return 0;
  co_return 1 + co_await count_down(n - 1);
}

Task<void> many_awaits(int n, int& done) {
  for (int i = 0; i < n; ++i) done += co_await answer(1);
}

TEST(TaskTest, DeepAndLongChainsOfAwaitsEnd) {
  HandExecutor executor;
  int depth = 0, done = 0;
  spawn(executor, keep(count_down(1000), depth));
  spawn(executor, many_awaits(10'000, done));
  executor.run_ready();
  EXPECT_EQ(depth, 1000);
  EXPECT_EQ(done, 10'000);
}

Task<void> await_one(OneShot<std::string> shot, std::string& into) {
  into = co_await shot;
}

TEST(OneShotTest, TheValueMayComeBeforeOrAfterTheAwait) {
  HandExecutor executor;
  std::string early, late;
  OneShot<std::string> first(executor), second(executor);
  first.set("before");
  spawn(executor, await_one(first, early));
  spawn(executor, await_one(second, late));
  executor.run_ready();
  EXPECT_EQ(early, "before");
  EXPECT_EQ(late, "");
  second.set("after");
  EXPECT_EQ(late, "") << "resumed on the executor, not inside set()";
  executor.run_ready();
  EXPECT_EQ(late, "after");
}

Task<void> await_on(OneShot<int> shot, Executor& then, std::thread::id& resumed_on,
                    OneShot<int> done) {
  const int value = co_await shot;
  resumed_on = std::this_thread::get_id();
  co_await resume_on(then);
  done.set(value);
}

TEST(OneShotTest, AcrossThreadsEveryValueArrivesOnTheAwaitersThread) {
  ThreadExecutor awaiter, setter, other;
  constexpr int kRounds = 2000;
  for (int i = 0; i < kRounds; ++i) {
    HandExecutor unused;
    OneShot<int> shot(awaiter), done(unused);
    std::thread::id resumed_on;
    // Who comes first is left to chance.
    setter.post([shot, i] { shot.set(i); });
    spawn(awaiter, await_on(shot, other, resumed_on, done));
    while (!done.await_ready()) std::this_thread::yield();
    ASSERT_EQ(done.await_resume(), i);
    // Where set() came first it never suspends, and is on the awaiter's thread all the same.
    ASSERT_EQ(resumed_on, awaiter.id());
  }
}

Task<void> sleeper(HandExecutor& executor, std::vector<int>& order, int number, Instant delay) {
  co_await sleep_for(executor, delay);
  order.push_back(number);
}

TEST(TaskTest, SleepersWakeInTheOrderOfTheirTimes) {
  HandExecutor executor;
  std::vector<int> order;
  spawn(executor, sleeper(executor, order, 3, milliseconds(30)));
  spawn(executor, sleeper(executor, order, 1, milliseconds(10)));
  spawn(executor, sleeper(executor, order, 2, milliseconds(20)));
  executor.advance(milliseconds(25));
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
  executor.advance(milliseconds(5));
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
}

TEST(GuardedTest, ManyThreadsSeeOneValue) {
  Guarded<std::uint64_t> count(0U);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 10'000; ++n) ++*count.lock();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(*count.lock(), 40'000u);
}

}  // namespace
}  // namespace stepwell
