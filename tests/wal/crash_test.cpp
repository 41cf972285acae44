// Power cuts and failing operations at every point of a log's life.
#include "tests/wal/crash_script.hpp"

namespace stepwell::wal {
namespace {

constexpr int kSteps = 60;

std::uint64_t operations_of(std::uint64_t seed) {
  io::World world(seed);
  CrashScript script(world, seed);
  script.run(kSteps);
  EXPECT_TRUE(script.finished()) << script.error();
  script.kill();
  return world.operations();
}

void cut_at(std::uint64_t seed, std::uint64_t operation) {
  SCOPED_TRACE(testing::Message() << "seed " << seed << " cut at " << operation);
  io::World world(seed);
  world.set_plan({.cut_at = operation});
  CrashScript script(world, seed);
  script.run(kSteps);
  script.kill();
  auto left = world.after_cut(seed * 1000 + operation);
  std::string error;
  // The recovery is cut too, at its first operations, up to three times.
  for (std::uint64_t again = 0; again < 3; ++again) {
    left->set_plan({.cut_at = (operation * 7 + again * 5) % 23});
    {
      LogOnWorld recovering(*left, operation + again);
      recovering.options = script.options();
      static_cast<void>(recovering.open(script.applied()));
      recovering.kill();
    }
    if (!left->is_cut()) break;
    left = left->after_cut(operation + again + 17);
  }
  left->set_plan({});
  ASSERT_TRUE(script.reopen_on(*left, seed + 5, error)) << error;
}

TEST(LogCrash, EveryCutKeepsWhatWasAcknowledged) {
  std::uint64_t states = 0;
  for (std::uint64_t seed = 1; seed <= 24; ++seed) {
    const std::uint64_t operations = operations_of(seed);
    for (std::uint64_t operation = 0; operation < operations; ++operation) {
      cut_at(seed, operation);
      ++states;
      if (testing::Test::HasFailure()) return;
    }
  }
  RecordProperty("states", static_cast<int>(states));
  EXPECT_GT(states, 2000u);
}

void fail_at(std::uint64_t seed, std::uint64_t operation, bool for_ever) {
  SCOPED_TRACE(testing::Message() << "seed " << seed << " fails at " << operation);
  io::World world(seed);
  world.set_plan({.fail_at = operation, .fail_for_ever = for_ever});
  CrashScript script(world, seed);
  script.run(kSteps);
  script.kill();
  EXPECT_TRUE(!script.finished() || script.went_away_over_fault() || world.fault().empty())
      << "an error was swallowed: " << world.fault();
  world.set_plan({});
  std::string error;
  ASSERT_TRUE(script.reopen_on(world, seed + 5, error)) << error;
}

TEST(LogCrash, EveryFailingOperationStopsTheLogAndLosesNothing) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    const std::uint64_t operations = operations_of(seed);
    for (std::uint64_t operation = 0; operation < operations; ++operation) {
      fail_at(seed, operation, operation % 2 == 0);
      if (testing::Test::HasFailure()) return;
    }
  }
}

}  // namespace
}  // namespace stepwell::wal
