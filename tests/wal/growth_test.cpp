// The log in motion: groups, recycling, a full disk, errors, closing, limits.
#include "tests/wal/log_fixture.hpp"

namespace stepwell::wal {
namespace {

class LogGrowth : public ::testing::Test {
 protected:
  io::World world{1};
  LogOnWorld it{world};

  std::size_t files() { return world.list("wal").size(); }
};

TEST_F(LogGrowth, WhatIsAppendedWhileAllSlotsAreBusyTravelsTogether) {
  world.set_durable_delay_max(milliseconds(1));
  ASSERT_TRUE(it.open().has_value());
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(it.append("x").has_value());
    it.executor.run_ready();
  }
  it.settle();
  EXPECT_EQ(it.durable.size(), 100u);
  // Four at once for the first ones; then whatever gathered.
  EXPECT_LE(it.log->stats().groups_written, 8u);
}

TEST_F(LogGrowth, NothingIsHandedOutBeforeWhatLiesBeforeIt) {
  world.set_durable_delay_max(milliseconds(5));
  ASSERT_TRUE(it.open().has_value());
  std::vector<Lsn> lsns;
  for (int i = 0; i < 200; ++i) {
    lsns.push_back(it.append(payload_of(1, 3000)).value());
    it.executor.advance(std::chrono::microseconds(700));
    ASSERT_LE(it.durable.size(), lsns.size());
    for (std::size_t k = 0; k < it.durable.size(); ++k) ASSERT_EQ(it.durable[k].lsn, lsns[k]);
  }
}

TEST_F(LogGrowth, ReleasedSegmentsAreUsedAgainAndNoneIsUnlinked) {
  ASSERT_TRUE(it.open().has_value());
  std::size_t most = 0;
  for (int i = 0; i < 400; ++i) {
    const auto lsn = it.append(payload_of(static_cast<std::uint64_t>(i), 6000));
    ASSERT_TRUE(lsn.has_value());
    it.settle();
    it.log->release("index", it.log->last_durable());
    it.settle();
    ASSERT_GE(files(), std::min(most, files()));
    most = std::max(most, files());
  }
  // 2.4 MB went through segments of 64 KiB.
  EXPECT_LE(most, 8u);
  EXPECT_LE(it.log->stats().segments_live, 2u);
}

TEST_F(LogGrowth, ASegmentStaysUntilTheLastHolderLetsGo) {
  ASSERT_TRUE(it.open().has_value());
  it.log->release("replica", Lsn{});
  Lsn lsn;
  for (int i = 0; i < 60; ++i) {
    lsn = it.append(payload_of(1, 6000)).value();
    it.settle();
    it.log->release("index", lsn);
  }
  EXPECT_GE(it.log->stats().segments_live, 5u);
  it.log->release("replica", lsn);
  it.settle();
  EXPECT_LE(it.log->stats().segments_live, 2u);
}

TEST_F(LogGrowth, AFullDiskRefusesAndDoesNotPoisonAndGoesOnWhenThereIsSpace) {
  world.set_capacity(6 * it.options.segment_bytes);
  ASSERT_TRUE(it.open().has_value());
  Lsn last;
  bool refused = false;
  for (int i = 0; i < 200 && !refused; ++i) {
    const auto lsn = it.append(payload_of(1, 6000));
    refused = lsn.has_error();
    if (refused) {
      EXPECT_EQ(lsn.error().kind, ErrorKind::kOverloaded) << lsn.error().text;
    } else {
      last = lsn.value();
    }
    it.settle();
  }
  ASSERT_TRUE(refused);
  EXPECT_TRUE(it.log->stats().disk_full);
  EXPECT_FALSE(it.poisoned.has_value());
  // What was taken is durable; space comes by letting go.
  EXPECT_EQ(it.log->last_durable(), last);
  it.log->release("index", last);
  it.settle();
  static_cast<void>(it.append("asks again"));
  it.executor.advance(milliseconds(500));
  EXPECT_TRUE(it.append("goes on").has_value());
  it.settle();
  EXPECT_EQ(it.durable.back().payload, "goes on");
  EXPECT_TRUE(it.close().has_value());
}

TEST_F(LogGrowth, AnOpeningOnAFullDiskReadsAndRefuses) {
  ASSERT_TRUE(it.open().has_value());
  ASSERT_TRUE(it.append("here").has_value());
  ASSERT_TRUE(it.close().has_value());
  for (const std::string& name : world.list("wal")) {
    if (name.starts_with("pool") || name > "0000000000000000.seg") {
      ASSERT_TRUE(world.record_remove("wal/" + name).has_value());
    }
  }
  world.set_capacity(it.options.segment_bytes);
  const auto opened = it.open();
  ASSERT_TRUE(opened.has_value()) << opened.error().text;
  EXPECT_EQ(it.recovered.size(), 1u);
  EXPECT_EQ(it.append("x").error().kind, ErrorKind::kOverloaded);
  world.set_capacity(std::nullopt);
  static_cast<void>(it.append("asks again"));
  it.settle();
  EXPECT_TRUE(it.append("y").has_value());
  EXPECT_TRUE(it.close().has_value());
}

TEST_F(LogGrowth, TheFirstErrorPoisons) {
  ASSERT_TRUE(it.open().has_value());
  ASSERT_TRUE(it.append("good").has_value());
  it.settle();
  world.set_plan({.fail_at = world.operations()});
  ASSERT_TRUE(it.append("lost").has_value());
  it.settle();
  ASSERT_TRUE(it.poisoned.has_value());
  EXPECT_EQ(it.durable.size(), 1u);
  EXPECT_EQ(it.append("x").error().kind, ErrorKind::kIo);
  it.idle();
  EXPECT_EQ(it.durable.size(), 1u) << "acknowledged after an error";
  EXPECT_TRUE(it.close().has_error());
}

TEST_F(LogGrowth, LimitsAreKept) {
  it.options.waiting_bytes_max = 100'000;
  ASSERT_TRUE(it.open().has_value());
  EXPECT_EQ(it.log->record_bytes_max(), it.options.segment_bytes / 2);
  const std::string largest = payload_of(5, it.log->record_bytes_max());
  EXPECT_EQ(it.append(largest + "x").error().kind, ErrorKind::kInvalid);
  ASSERT_TRUE(it.append(largest).has_value());
  ASSERT_TRUE(it.append(largest).has_value());
  ASSERT_TRUE(it.append(largest).has_value());
  EXPECT_EQ(it.append(largest).error().kind, ErrorKind::kOverloaded);
  it.settle();
  EXPECT_EQ(it.durable.size(), 3u);
  EXPECT_EQ(it.durable[2].payload, largest);
  EXPECT_EQ(it.log->stats().bytes_waiting, 0u);
  EXPECT_TRUE(it.append(largest).has_value());
}

TEST_F(LogGrowth, BadOptionsAreRefused) {
  for (const std::uint64_t bytes : {0ull, 4096ull, 8192ull, 65536ull + 512, 1ull << 32}) {
    it.options.segment_bytes = bytes;
    EXPECT_EQ(it.open().error().kind, ErrorKind::kInvalid) << bytes;
  }
}

TEST_F(LogGrowth, SegmentsOfAnotherSizeAreReadAndReplaced) {
  ASSERT_TRUE(it.open().has_value());
  for (int i = 0; i < 30; ++i) ASSERT_TRUE(it.append(payload_of(1, 6000)).has_value());
  ASSERT_TRUE(it.close().has_value());
  it.options.segment_bytes = 128 << 10;
  ASSERT_TRUE(it.open().has_value());
  EXPECT_EQ(it.recovered.size(), 30u);
  const Lsn lsn = it.append("larger").value();
  it.idle();
  it.log->release("index", lsn);
  ASSERT_TRUE(it.close().has_value());
  ASSERT_TRUE(it.open(lsn).has_value());
  EXPECT_EQ(it.recovered.size(), 0u);
  for (const std::string& name : world.list("wal")) {
    EXPECT_EQ(world.contents("wal/" + name).value().size(), 128u << 10) << name;
  }
}

// What waits for a segment that cannot be made must not keep the closing waiting.
TEST_F(LogGrowth, ClosingAnswersWhenTheDiskFillsUpMeanwhile) {
  ASSERT_TRUE(it.open().has_value());
  it.settle();
  std::optional<Result<void>> closed;
  world.set_capacity(1);
  for (int i = 0; i < 60; ++i) static_cast<void>(it.append(payload_of(1, 6000)));
  it.log->close([&](Result<void> result) { closed.emplace(std::move(result)); });
  it.executor.advance(std::chrono::seconds(5));
  ASSERT_TRUE(closed.has_value()) << "close() did not answer";
}

TEST_F(LogGrowth, GroupsShareArenasAndGiveThemBack) {
  ASSERT_TRUE(it.open().has_value());
  std::vector<GroupPtr> kept;
  it.log->set_callbacks([&](GroupPtr group) { kept.push_back(std::move(group)); }, nullptr);
  for (int i = 0; i < 8; ++i) {
    ASSERT_TRUE(it.append("small").has_value());
    it.settle();
  }
  EXPECT_EQ(kept.size(), 8u);
  EXPECT_LE(it.log->stats().bytes_in_memory, it.options.segment_bytes);
  for (const GroupPtr& group : kept) {
    const auto address = reinterpret_cast<std::uintptr_t>(group->records()[0].payload.data());
    EXPECT_EQ(address % 8, 0u);
  }
  for (int i = 0; i < 40; ++i) {
    ASSERT_TRUE(it.append(payload_of(1, 6000)).has_value());
    it.settle();
  }
  EXPECT_GT(it.log->stats().bytes_in_memory, 3 * it.options.segment_bytes);
  kept.clear();
  EXPECT_LE(it.log->stats().bytes_in_memory, it.options.segment_bytes);
}

TEST_F(LogGrowth, ReadOnlyWritesNothing) {
  ASSERT_TRUE(it.open().has_value());
  ASSERT_TRUE(it.append("here").has_value());
  ASSERT_TRUE(it.close().has_value());
  const std::uint64_t operations = world.operations();
  it.options.read_only = true;
  ASSERT_TRUE(it.open().has_value());
  EXPECT_EQ(it.recovered.size(), 1u);
  EXPECT_EQ(it.append("x").error().kind, ErrorKind::kDenied);
  it.idle();
  ASSERT_TRUE(it.close().has_value());
  EXPECT_EQ(world.operations(), operations);
}

TEST_F(LogGrowth, AKilledProcessLosesNothingThatWasWritten) {
  world.set_durable_delay_max(std::chrono::seconds(5));
  ASSERT_TRUE(it.open().has_value());
  ASSERT_TRUE(it.append("written").has_value());
  it.executor.run_ready();  // Submitted, not completed.
  EXPECT_TRUE(it.durable.empty());
  it.kill();
  ASSERT_TRUE(it.open().has_value());
  ASSERT_EQ(it.recovered.size(), 1u);
  // What was handed out is durable, although the write never completed: a cut does not undo it.
  it.kill();
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto disk = world.after_cut(seed);
    LogOnWorld after(*disk);
    ASSERT_TRUE(after.open().has_value());
    EXPECT_EQ(after.recovered.size(), 1u);
  }
}

}  // namespace
}  // namespace stepwell::wal
