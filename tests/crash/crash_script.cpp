#include "tests/crash/crash_script.hpp"

#include <gtest/gtest.h>

#include "engine/store/check.hpp"

namespace stepwell::crash {

CrashScript::CrashScript(io::World& world, const std::string& real_directory, std::uint64_t seed)
    : commands_(sim::make_script(seed, {})),
      store_(world, real_directory, seed),
      random_(seed ^ 0xC0FFEE) {
  world.set_durable_delay_max(std::chrono::microseconds(300));
}

bool CrashScript::open() {
  const auto opened = store_.open();
  if (!opened) error_ = opened.error().text;
  return opened.has_value();
}

void CrashScript::run() {
  if (!open()) return;
  for (std::size_t i = 0; i < commands_.size(); ++i) {
    if (!step(i)) return;
    if (i == commands_.size() / 2 && !reopen()) return;
  }
  for (int round = 0; round < 3; ++round) {
    store_.settle(milliseconds(200));
    if (!take_answers(store_)) return;
  }
  finished_ = witness_.all_acknowledged();
  count();
}

bool CrashScript::step(std::size_t number) {
  witness_.send(store_, commands_[number]);
  const std::uint64_t kind = random_.below(16);
  if (kind == 0) {
    store_.settle(milliseconds(60));  // Long enough for the log's mark and a checkpoint by age.
  } else if (kind < 8) {
    store_.settle(std::chrono::microseconds(random_.below(600)));
  }
  return take_answers(store_);
}

bool CrashScript::take_answers(StoreOnWorld& from) {
  std::vector<sim::Command> again;
  const bool well = witness_.take_answers(from, [&](std::size_t number, const auto& verdict) {
    if (!verdict) again.push_back(witness_.sent()[number].command);
  });
  if (!well) error_ = witness_.error();
  // What was refused comes once more, behind what was sent meanwhile.
  for (const sim::Command& command : again) witness_.send(from, command);
  return well;
}

void CrashScript::count() {
  const store::Status status = store_.store->status();
  checkpoints_ += status.checkpoints;
  swept_runs_ += status.swept_runs;
}

bool CrashScript::reopen() {
  const auto closed = store_.close();
  closed_over_fault_ = !store_.world.fault().empty();
  if (!take_answers(store_) || !closed) {
    if (!closed) error_ = closed.error().text;
    return false;
  }
  count();
  store_.leave();
  return open();
}

void CrashScript::go_on_with(io::World& world, const std::string& real_directory,
                             std::uint64_t seed) {
  StoreOnWorld fresh(world, real_directory, seed);
  const auto opened = fresh.open();
  ASSERT_TRUE(opened.has_value()) << opened.error().text;
  for (const sim::Command& lost : witness_.find_survivors(fresh)) witness_.send(fresh, lost);
  if (testing::Test::HasFailure()) return;
  for (int i = 0; i < 6; ++i) {
    witness_.send(fresh, commands_[random_.below(commands_.size())]);
  }
  for (int round = 0; round < 4; ++round) {
    fresh.settle(milliseconds(100));
    ASSERT_TRUE(take_answers(fresh)) << error_;
  }
  ASSERT_TRUE(witness_.all_acknowledged()) << witness_.error();
  witness_.compare(fresh);
  const auto closed = fresh.close();
  ASSERT_TRUE(closed.has_value()) << closed.error().text;
  fresh.leave();

  const auto again = fresh.open();
  ASSERT_TRUE(again.has_value()) << again.error().text;
  witness_.compare(fresh);
  const auto checked =
      store::check_index(fresh.store->index(), fresh.store->layout(),
                         [](const std::string& problem) { ADD_FAILURE() << problem; });
  ASSERT_TRUE(checked.has_value()) << checked.error().text;
}

}  // namespace stepwell::crash
