// The store's promises one by one: the order of events, limits, poison, closing, opening again.
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/crash/witness.hpp"
#include "tests/sim/job_script.hpp"

namespace stepwell::store {
namespace {

using crash::ScratchDirectory;
using crash::StoreOnWorld;
using crash::Witness;
using sim::Command;
using sim::Kind;

class StoreTest : public testing::Test {
 protected:
  StoreTest() { world.set_durable_delay_max(std::chrono::microseconds(300)); }

  void open() {
    const auto opened = store.open();
    ASSERT_TRUE(opened.has_value()) << opened.error().text;
  }
  void send_all(const std::vector<Command>& commands) {
    for (const Command& command : commands) {
      witness.send(store, command);
      store.settle(milliseconds(1));
    }
    ASSERT_TRUE(witness.take_answers(store)) << witness.error();
    ASSERT_TRUE(witness.all_acknowledged());
  }
  std::vector<Command> script(std::size_t commands, std::uint64_t seed = 5) const {
    sim::ScriptOptions options;
    options.commands = commands;
    return sim::make_script(seed, options);
  }

  ScratchDirectory directory, other_directory;
  io::World world{3};
  StoreOnWorld store{world, directory.path(), 3};
  Witness witness;
};

// At the moment of the verdict it is published, and a power cut with every loss keeps it.
TEST_F(StoreTest, DurableThenPublishedThenDecided) {
  open();
  store.options.checkpoint_after = std::chrono::hours(1);
  std::size_t decided = 0;
  for (const Command& command : script(40)) {
    witness.send(store, command);
    while (witness.acknowledged() == decided) {
      if (!store.executor.run_one() && !store.executor.advance_to_next_timer()) break;
      ASSERT_TRUE(witness.take_answers(store));
    }
    ASSERT_EQ(witness.acknowledged(), ++decided);
    witness.compare(store);
    if (decided % 5 != 0) continue;
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
      auto left = world.after_cut(seed);
      StoreOnWorld after(*left, other_directory.path(), seed);
      ASSERT_TRUE(after.open());
      witness.compare(after);
    }
  }
}

TEST_F(StoreTest, VerdictsComeInTheOrderOfTheCommands) {
  open();
  for (const Command& command : script(60)) witness.send(store, command);
  store.settle(milliseconds(200));
  ASSERT_TRUE(witness.take_answers(store)) << witness.error();  // It checks the order.
  EXPECT_TRUE(witness.all_acknowledged());
}

TEST_F(StoreTest, OverloadIsSaidAndPasses) {
  store.options.pending_bytes_max = 20 << 10;
  store.options.log.segment_bytes = 64 << 10;
  open();
  const auto commands = script(120);
  for (const Command& command : commands) witness.send(store, command);
  std::size_t refused = 0;
  store.settle(milliseconds(400));
  ASSERT_TRUE(witness.take_answers(store, [&](std::size_t, const auto& verdict) {
    if (!verdict) ++refused;
  }));
  EXPECT_GT(refused, 0u);
  EXPECT_LT(refused, commands.size());
  EXPECT_GT(store.store->room(), 0u) << "a checkpoint makes room";
  witness.send(store, commands.front());
  store.settle(milliseconds(10));
  ASSERT_TRUE(witness.take_answers(store));
  EXPECT_TRUE(witness.all_acknowledged());
  witness.compare(store);
}

TEST_F(StoreTest, TheFirstErrorStopsItForGood) {
  open();
  send_all(script(20));
  world.set_plan({.fail_at = world.operations()});
  witness.send(store, script(21).back());
  store.settle(milliseconds(100));
  ASSERT_FALSE(witness.take_answers(store));
  ASSERT_TRUE(store.poisoned.has_value());
  EXPECT_NE(store.poisoned->find("Input/output error"), std::string::npos) << *store.poisoned;
  // The disk is well again; the store does not believe it.
  world.set_plan({});
  store.submit(script(22).back(), 1, 99);
  store.settle(milliseconds(100));
  ASSERT_EQ(store.answers.size(), 1u);
  EXPECT_EQ(store.answers.front().verdict.error().kind, ErrorKind::kIo);
  EXPECT_FALSE(store.close().has_value());
}

// Paced so slowly that the test stands in the middle of a checkpoint.
TEST_F(StoreTest, ACheckpointThatFailsStopsTheStore) {
  store.options.checkpoint_bytes = 1;
  store.options.transaction_pause = milliseconds(50);
  open();
  send_all(script(10));
  const std::uint64_t before = world.operations();
  world.set_plan({.fail_at = before});
  store.settle(milliseconds(60));
  ASSERT_TRUE(store.poisoned.has_value());
  EXPECT_NE(store.poisoned->find("checkpoint"), std::string::npos) << *store.poisoned;
  // The log is well; what it takes could never be let go.
  store.submit(script(11).back(), 1, 0);
  store.settle(milliseconds(60));
  ASSERT_EQ(store.answers.size(), 1u);
  EXPECT_FALSE(store.answers.front().verdict.has_value());
}

TEST_F(StoreTest, ACheckpointThatFailsWhileClosingIsSaid) {
  store.options.checkpoint_bytes = 1;
  store.options.transaction_pause = milliseconds(50);
  open();
  send_all(script(10));
  world.set_plan({.fail_at = world.operations(), .fail_for_ever = true});
  EXPECT_FALSE(store.close().has_value());  // It also has to answer.
}

TEST_F(StoreTest, ReadOnlyReadsWhatIsThere) {
  open();
  send_all(script(60));
  ASSERT_TRUE(store.close());
  store.leave();
  store.options.read_only = true;
  open();
  witness.compare(store);
  const std::uint64_t operations = world.operations();
  store.settle(std::chrono::seconds(10));
  EXPECT_EQ(world.operations(), operations) << "nothing is written";
}

TEST_F(StoreTest, ReadOnlyDoesNotMakeAStore) {
  store.options.read_only = true;
  const auto opened = store.open();
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().kind, ErrorKind::kNotFound);
}

TEST_F(StoreTest, ReadOnlyDoesNotMakeAnIndexForALog) {
  open();
  send_all(script(60));
  ASSERT_TRUE(store.close());
  store.leave();
  std::filesystem::remove(directory.path() + "/index.lmdb");
  ASSERT_TRUE(world.record_remove("store/index.lmdb"));
  store.options.read_only = true;
  const auto opened = store.open();
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().kind, ErrorKind::kCorrupt) << opened.error().text;
  EXPECT_FALSE(std::filesystem::exists(directory.path() + "/index.lmdb"));
}

TEST_F(StoreTest, IsOpenOnceAndNamesTheHolder) {
  open();
  StoreOnWorld second(world, other_directory.path(), 4);
  const auto opened = second.open();
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().kind, ErrorKind::kDenied);
  EXPECT_NE(opened.error().text.find("process"), std::string::npos) << opened.error().text;
}

TEST_F(StoreTest, KeepsItsIdAndCountsItsOpenings) {
  open();
  const StoreId id = store.store->id();
  EXPECT_FALSE(id.is_zero());
  for (std::uint64_t incarnation = 1; incarnation < 4; ++incarnation) {
    EXPECT_EQ(store.store->incarnation(), incarnation);
    ASSERT_TRUE(store.close());
    store.leave();
    open();
    EXPECT_EQ(store.store->id(), id);
  }
}

TEST_F(StoreTest, AnswersASubmissionOfNothing) {
  open();
  bool answered = false;
  store.store->submit({}, nullptr, [&](const auto& results) { answered = results.empty(); });
  store.settle(milliseconds(1));
  EXPECT_TRUE(answered);
}

TEST_F(StoreTest, RefusesWhatComesWhileItCloses) {
  open();
  send_all(script(5));
  store.store->close([](const auto&) {});
  store.submit(script(6).back(), 1, 0);
  store.settle(milliseconds(100));
  ASSERT_EQ(store.answers.size(), 1u);
  EXPECT_EQ(store.answers.front().verdict.error().kind, ErrorKind::kOverloaded);
}

// The log is let go only when the index has it, and then it is: its space does not grow.
TEST_F(StoreTest, TheLogIsRecycledAfterCheckpoints) {
  open();
  for (std::uint64_t seed = 1; seed <= 12; ++seed) send_all(script(60, seed));
  store.settle(milliseconds(500));
  EXPECT_GT(store.store->status().checkpoints, 5u);
  EXPECT_LT(world.list("store/wal").size(), 8u);
}

TEST_F(StoreTest, ALostIndexIsNotTakenForANewStore) {
  open();
  for (std::uint64_t seed = 1; seed <= 6; ++seed) send_all(script(60, seed));
  ASSERT_TRUE(store.close());
  store.leave();
  ASSERT_TRUE(world.record_remove("store/index.lmdb"));
  EXPECT_FALSE(store.open().has_value());
  store.options.log.salvage = true;
  const auto opened = store.open();
  ASSERT_FALSE(opened.has_value()) << "its first segments were used again";
  EXPECT_NE(opened.error().text.find("does not go back to its beginning"), std::string::npos);
}

// While nothing of the log was recycled it tells all that the index did.
TEST_F(StoreTest, ALostIndexIsRebuiltFromAWholeLogIfThatIsWanted) {
  store.options.log.segment_bytes = 8 << 20;
  open();
  send_all(script(60));
  const std::string before = store.digest().value();
  ASSERT_TRUE(store.close());
  store.leave();
  std::filesystem::remove(directory.path() + "/index.lmdb");
  ASSERT_TRUE(world.record_remove("store/index.lmdb"));
  ASSERT_FALSE(store.open().has_value());
  store.options.log.salvage = true;
  const auto opened = store.open();
  ASSERT_TRUE(opened.has_value()) << opened.error().text;
  EXPECT_EQ(store.digest().value(), before);
  witness.compare(store);
  send_all(script(20, 8));
  ASSERT_TRUE(store.close());
  store.leave();
  store.options.log.salvage = false;
  ASSERT_TRUE(store.open()) << "it is a store like others";
  witness.compare(store);
}

}  // namespace
}  // namespace stepwell::store
