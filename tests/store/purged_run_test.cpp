// A whole store and a run that is purged in it: when the sweep runs, when it does not, and what its
// pages are good for.
#include <gtest/gtest.h>

#include "tests/crash/store_on_world.hpp"

namespace stepwell::store {
namespace {

using sim::Command;
using sim::Kind;

// A run of its own with many points, deleted and purged.
class PurgedRunTest : public testing::Test {
 protected:
  PurgedRunTest() { world.set_durable_delay_max(std::chrono::microseconds(300)); }

  void open() {
    const auto opened = store.open();
    ASSERT_TRUE(opened.has_value()) << opened.error().text;
  }
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

  crash::ScratchDirectory directory;
  io::World world{3};
  crash::StoreOnWorld store{world, directory.path(), 3};
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

}  // namespace
}  // namespace stepwell::store
