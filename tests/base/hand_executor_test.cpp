#include "engine/base/hand_executor.hpp"

#include <gtest/gtest.h>

#include <string>

namespace stepwell {
namespace {

TEST(HandExecutorTest, JobsRunInOrderAndOnlyWhenTold) {
  HandExecutor executor;
  std::string order;
  executor.post([&] {
    order += "a";
    executor.post([&] { order += "c"; });
  });
  executor.post([&] { order += "b"; });
  EXPECT_EQ(order, "");
  EXPECT_EQ(executor.ready_count(), 2u);
  EXPECT_TRUE(executor.run_one());
  EXPECT_EQ(order, "a") << "a job never runs inside post()";
  executor.run_ready();
  EXPECT_EQ(order, "abc");
  EXPECT_FALSE(executor.run_one());
}

TEST(HandExecutorTest, TimersFireInTheOrderOfTimeThenOfSetting) {
  HandExecutor executor;
  std::string order;
  executor.post_after(milliseconds(20), [&] { order += "c"; });
  executor.post_after(milliseconds(10), [&] { order += "a"; });
  executor.post_after(milliseconds(10), [&] {
    order += "b";
    executor.post_after(milliseconds(5), [&] { order += "+"; });
    EXPECT_EQ(executor.now(), milliseconds(10));
  });
  executor.run_ready();
  EXPECT_EQ(order, "") << "time stands still";
  executor.advance(milliseconds(9));
  EXPECT_EQ(order, "");
  executor.advance(milliseconds(6));
  EXPECT_EQ(order, "ab+") << "what a timer sets within the time fires too";
  EXPECT_EQ(executor.now(), milliseconds(15));
  EXPECT_TRUE(executor.advance_to_next_timer());
  EXPECT_EQ(executor.now(), milliseconds(20));
  executor.run_ready();
  EXPECT_EQ(order, "ab+c");
  EXPECT_FALSE(executor.advance_to_next_timer());
}

TEST(HandExecutorTest, ACancelledTimerNeverRunsAndAFiredOneCannotBeCancelled) {
  HandExecutor executor;
  int fired = 0;
  const TimerId one = executor.post_after(milliseconds(1), [&] { ++fired; });
  const TimerId two = executor.post_after(milliseconds(1), [&] { ++fired; });
  EXPECT_NE(one, 0u);
  EXPECT_NE(one, two);
  EXPECT_TRUE(executor.cancel(one));
  EXPECT_FALSE(executor.cancel(one));
  executor.advance(milliseconds(2));
  EXPECT_EQ(fired, 1);
  EXPECT_FALSE(executor.cancel(two));
  EXPECT_FALSE(executor.cancel(77));
}

// Posts again when it is destroyed, as a connection's last handler may.
struct PostsAtItsEnd {
  HandExecutor* executor;
  std::shared_ptr<int> alive;
  bool* ran;
  PostsAtItsEnd(HandExecutor* e, std::shared_ptr<int> a, bool* r)
      : executor(e), alive(std::move(a)), ran(r) {}
  PostsAtItsEnd(PostsAtItsEnd&& other) noexcept
      : executor(std::exchange(other.executor, nullptr)),
        alive(std::move(other.alive)),
        ran(other.ran) {}
  ~PostsAtItsEnd() {
    if (executor) executor->post([kept = alive, r = ran] { *r = true; });
  }
  void operator()() const { *ran = true; }
};

TEST(HandExecutorTest, ACutDropsEverythingAlsoWhatDestructorsPost) {
  HandExecutor executor;
  auto alive = std::make_shared<int>(0);
  bool ran = false;
  executor.post(PostsAtItsEnd(&executor, alive, &ran));
  executor.post_after(milliseconds(1), PostsAtItsEnd(&executor, alive, &ran));
  executor.drop_all();
  EXPECT_EQ(alive.use_count(), 1);
  executor.advance(milliseconds(5));
  EXPECT_FALSE(ran);
}

}  // namespace
}  // namespace stepwell
