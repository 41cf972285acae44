// The power goes at any operation of the log or of LMDB, and whatever a disk may leave is left.
// Every acknowledged command is there exactly once, in order; every other whole or not at all.
// STEPWELL_CRASH_STATES: how many states in all. STEPWELL_SEED: only the state with this number.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <map>

#include "tests/crash/crash_script.hpp"

namespace stepwell::crash {
namespace {

constexpr std::uint64_t kShards = 8;
constexpr std::uint64_t kStates = 3000;

std::optional<std::uint64_t> number_from(const char* variable) {
  const char* text = std::getenv(variable);
  if (!text || !*text) return std::nullopt;
  return std::strtoull(text, nullptr, 10);
}

// How many operations a script has that nothing disturbs.
std::uint64_t operations_of(std::uint64_t script) {
  static std::map<std::uint64_t, std::uint64_t> known;
  if (const auto found = known.find(script); found != known.end()) return found->second;
  const ScratchDirectory directory;
  io::World world(script);
  CrashScript undisturbed(world, directory.path(), script);
  undisturbed.run();
  EXPECT_TRUE(undisturbed.finished()) << undisturbed.error();
  EXPECT_GE(undisturbed.checkpoints(), 3u) << "the script no longer covers checkpoints";
  EXPECT_GE(undisturbed.swept_runs(), 1u) << "the script no longer covers sweeps";
  EXPECT_GT(world.list("store/wal").size(), 1u);
  const std::uint64_t operations = world.operations();
  undisturbed.die();
  return known[script] = operations;
}

// A state's number says everything: which script, where it is cut, what is left.
void cut(std::uint64_t state) {
  const std::uint64_t script = 1 + state % kShards;
  const double golden = std::fmod(static_cast<double>(state / kShards) * 0.6180339887498949, 1.0);
  const auto at = static_cast<std::uint64_t>(golden * static_cast<double>(operations_of(script)));
  SCOPED_TRACE(testing::Message() << "STEPWELL_SEED=" << state << ": script " << script
                                  << " cut at operation " << at);
  const ScratchDirectory directory;
  io::World world(script);
  world.set_plan({.cut_at = at});
  CrashScript life(world, directory.path(), script);
  life.run();
  EXPECT_TRUE(world.is_cut()) << "ran past the cut: " << life.error();
  auto left = world.after_cut(state);
  life.die();
  // The recovery is cut too, three times out of four, and that recovery again.
  SeededRandom random(state);
  for (int again = 0; again < 3 && !random.one_in(4); ++again) {
    left->set_plan({.cut_at = random.below(60)});
    StoreOnWorld recovering(*left, directory.path(), state + 7);
    if (recovering.open()) recovering.settle(milliseconds(20));
    auto next = left->is_cut() ? left->after_cut(random.next_u64()) : left->after_kill();
    recovering.die();
    left = std::move(next);
  }
  life.go_on_with(*left, directory.path(), state + 5);
}

class PowerCut : public testing::TestWithParam<std::uint64_t> {};

TEST_P(PowerCut, KeepsWhatWasAcknowledgedExactlyOnce) {
  const std::uint64_t states = number_from("STEPWELL_CRASH_STATES").value_or(kStates);
  if (const auto one = number_from("STEPWELL_SEED")) {
    if (*one % kShards == GetParam()) cut(*one);
    return;
  }
  for (std::uint64_t state = GetParam(); state < states; state += kShards) {
    cut(state);
    if (HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Script, PowerCut, testing::Range(std::uint64_t{0}, kShards));

}  // namespace
}  // namespace stepwell::crash
