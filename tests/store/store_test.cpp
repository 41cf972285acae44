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

// A run of its own with many points, deleted and purged.
class PurgedRunTest : public StoreTest {
 protected:
  Command command(Kind kind, RunId of) {
    Command made;
    made.kind = kind;
    made.run = of;
    return made;
  }
  // Its open, and batches of points that no codec makes small.
  Command next_of_writer() {
    Command made = command(sequence == 0 ? Kind::kOpen : Kind::kBatch, run);
    made.writer = writer;
    made.sequence = ++sequence;
    made.experiment = "e";
    if (made.kind == Kind::kOpen) return made;
    sim::Block block;
    block.series = {{"m", ""}};
    block.points = 1500;
    for (std::size_t i = 0; i < block.points; ++i) {
      block.values.push_back(static_cast<double>(random.next_u64()));
    }
    made.blocks = {block};
    return made;
  }
  Result<Verdict> say(const Command& what) {
    store.submit(what, 1'800'000'000'000, 0);
    store.settle(milliseconds(5));
    EXPECT_EQ(store.answers.size(), 1u);
    Result<Verdict> said = std::move(store.answers.at(0).verdict);
    store.answers.clear();
    return said;
  }
  void purge() {
    Command stage = command(Kind::kRunStage, run);
    stage.deleted = true;
    for (const Command& what : {stage, command(Kind::kPurgeRun, run)}) {
      const auto said = say(what);
      ASSERT_TRUE(said.has_value()) << said.error().text;
      ASSERT_EQ(said.value().code, 0) << said.value().text;
    }
  }
  void write(int batches) {
    for (int i = 0; i < batches; ++i) {
      ASSERT_TRUE(say(next_of_writer()).has_value());
      store.settle(milliseconds(100));
    }
  }
  std::uint64_t rows_of_points() {
    const auto transaction = store.store->index().begin_read();
    const Layout& layout = store.store->layout();
    std::uint64_t rows = 0;
    for (const auto table : {layout.directory, layout.chunks, layout.tail_lists, layout.tails}) {
      rows += transaction.value().count(table).value();
    }
    return rows;
  }

  SeededRandom random{9};
  RunId run = random.next_id<RunId>();
  WriterId writer = random.next_id<WriterId>();
  std::uint64_t sequence = 0;
};

TEST_F(PurgedRunTest, ASweepGivesWayToCheckpointsAndGoesOnAfterThem) {
  store.options.transaction_pause = milliseconds(5);
  store.options.checkpoint_bytes = 1;
  open();
  write(20);
  const std::uint64_t before = rows_of_points();
  purge();
  store.settle(milliseconds(40));
  run = random.next_id<RunId>();
  sequence = 0;
  const std::uint64_t checkpoints = store.store->status().checkpoints;
  while (store.store->status().checkpoints < checkpoints + 3) {
    ASSERT_TRUE(say(next_of_writer()).has_value());
    store.settle(milliseconds(20));
  }
  EXPECT_EQ(store.store->status().swept_runs, 0u) << "the sweep is too short for this test";
  EXPECT_GT(before, 100u);
  store.settle(std::chrono::seconds(30));
  EXPECT_EQ(store.store->status().swept_runs, 1u);
}

TEST_F(PurgedRunTest, ClosingDoesNotWaitForASweepWhichGoesOnAtTheNextOpening) {
  store.options.transaction_pause = milliseconds(50);
  open();
  write(20);
  store.settle(std::chrono::seconds(20));
  const std::uint64_t full = rows_of_points();
  purge();
  store.settle(std::chrono::seconds(1));
  std::optional<Instant> closed;
  const Instant begun = store.executor.now();
  store.store->close([&](const auto&) { closed = store.executor.now(); });
  store.settle(milliseconds(200));
  ASSERT_TRUE(closed.has_value());
  EXPECT_LE(*closed - begun, milliseconds(100));
  EXPECT_EQ(store.store->status().swept_runs, 0u);
  EXPECT_LT(rows_of_points(), full);
  EXPECT_GT(rows_of_points(), 0u);
  store.leave();
  open();
  EXPECT_EQ(say(command(Kind::kPurgeRun, run)).value().code,
            static_cast<std::uint8_t>(protocol::VerdictCode::kGone));
  store.settle(std::chrono::seconds(60));
  EXPECT_EQ(store.store->status().swept_runs, 1u);
  EXPECT_EQ(rows_of_points(), 0u);
}

// The index's file never shrinks: its free pages are space.
TEST_F(PurgedRunTest, AFullDiskTakesAPurgeWhoseSweepMakesRoom) {
  world.set_capacity(6 << 20);
  open();
  bool refused = false;
  for (int i = 0; i < 1000 && !refused; ++i) {
    const auto said = say(next_of_writer());
    refused = !said;
    if (refused) {
      EXPECT_NE(said.error().text.find("nearly full"), std::string::npos) << said.error().text;
    }
    store.settle(milliseconds(600));
  }
  ASSERT_TRUE(refused);
  store.settle(std::chrono::seconds(20));
  --sequence;
  EXPECT_FALSE(say(next_of_writer()).has_value()) << "nothing makes room by itself";
  const std::uint64_t free = store.store->status().index_free_bytes;
  purge();
  store.settle(std::chrono::seconds(20));
  EXPECT_EQ(store.store->status().swept_runs, 1u);
  EXPECT_GT(store.store->status().index_free_bytes, free + (1 << 20));
  run = random.next_id<RunId>();
  sequence = 0;
  write(20);
  EXPECT_FALSE(store.poisoned.has_value());
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
}

}  // namespace
}  // namespace stepwell::store
