// ClientCore on a disk that is full, damaged, not readable or not synced.

#include "protocol/client/replay.hpp"
#include "tests/client/core_fixture.hpp"

namespace stepwell::client {
namespace {

TEST_F(CoreTest, AFullDiskDropsDeclaresAndRecovers) {
  options.queue.queue_bytes = 2000;
  options.queue.wake_bytes = 1000;
  start();
  log(3);
  settle();
  world.set_capacity(100);
  for (int i = 0; i < 200; ++i) {
    const Value one("flood", i);
    core->recorder().log(0, i, i, std::span(&one, 1));
    if (i % 10 == 0) executor.advance(milliseconds(200));
  }
  settle();
  const Account full = core->account();
  EXPECT_GT(full.dropped, 0u);
  EXPECT_FALSE(full.last_error.empty());
  expect_balance();
  world.set_capacity(std::nullopt);
  settle();
  log(1);
  settle();
  const Account after = core->account();
  EXPECT_EQ(after.queued, 0u);
  EXPECT_EQ(after.dropped, full.dropped);
  EXPECT_EQ(after.acknowledged, after.spooled);
  EXPECT_TRUE(after.last_error.empty());
  expect_balance();
  std::uint64_t declared = 0;
  for (const auto& skip : peer.only_stream().skips) declared += skip.points;
  EXPECT_EQ(declared, after.dropped);
  EXPECT_EQ(count(points_of_frames(peer.only_stream().applied)) + declared, after.accepted);
}

TEST_F(CoreTest, ADamagedSpoolFrameIsDeclared) {
  peer.away = true;
  options.spool.recent_bytes = 0;
  start();
  log(12);
  const std::string path =
      "spool/" + options.run.hex() + "/" + options.writer.hex() + "-000000.seg";
  auto contents = world.contents(path).value();
  contents[contents.size() / 2] ^= std::byte{0x10};
  ASSERT_TRUE(world.overwrite(path, contents));
  peer.away = false;
  settle();
  const PeerStream& stream = peer.only_stream();
  ASSERT_EQ(stream.skips.size(), 1u);
  EXPECT_EQ(stream.skips[0].from, stream.skips[0].to);
  EXPECT_EQ(stream.applied.size(), 12u);
  EXPECT_EQ(stream.next, 14u);
}

// Out of descriptors, no permission, a disk that is away: the spool is whole, only not readable
// now.
TEST_F(CoreTest, ASpoolThatCannotBeReadNowIsNotLost) {
  for (const ErrorKind kind : {ErrorKind::kIo, ErrorKind::kDenied, ErrorKind::kOverloaded}) {
    options.writer = random.next_id<WriterId>();
    options.spool.recent_bytes = 0;
    peer.streams.clear();
    logged = 0;
    peer.away = true;
    start();
    log(60);
    files.open_fails = kind;
    peer.away = false;
    settle();
    EXPECT_GT(files.failed_opens, 0u);
    EXPECT_NE(core->account().last_error.find("scripted"), std::string::npos);
    EXPECT_EQ(core->account().lost, 0u);
    expect_balance();
    bool flushed = false;
    core->when_decided([&](bool) { flushed = true; });
    EXPECT_FALSE(flushed);
    files.open_fails.reset();
    settle();
    EXPECT_TRUE(flushed);
    EXPECT_TRUE(peer.only_stream().skips.empty());
    expect_everything_once();
    EXPECT_EQ(core->account().last_error, "");
    core->stop();
    settle();
    core.reset();
  }
}

// What is gone for good is declared with its points, and its file is set aside.
TEST_F(CoreTest, ADamagedSegmentIsDeclaredWithItsPointsAndSetAside) {
  peer.away = true;
  options.spool.recent_bytes = 0;
  start();
  log(80);
  ASSERT_GT(segments(), 4u);
  auto contents = world.contents(segment_path(1)).value();
  contents[3] ^= std::byte{1};
  ASSERT_TRUE(world.overwrite(segment_path(1), contents));
  ASSERT_TRUE(files.remove(segment_path(3)));
  peer.away = false;
  settle();
  const Account account = core->account();
  EXPECT_GT(account.lost, 10u);
  EXPECT_EQ(account.lost, skipped_points());
  EXPECT_EQ(account.accepted, account.acknowledged + account.lost);
  EXPECT_EQ(count(points_of_frames(peer.only_stream().applied)), account.acknowledged);
  expect_balance();
  const std::string kept = "spool/" + options.run.hex() + "/lost/" + options.writer.hex();
  const auto aside = world.contents(kept + "-000001.seg");
  ASSERT_TRUE(aside);
  EXPECT_EQ(aside.value(), contents);
  core->stop();
  settle();
  EXPECT_FALSE(files.exists(segment_path(1)).value());
  // A replay of the spool passes it over; asked for by name it is there.
  EXPECT_TRUE(list_spool(files, {"spool"}).value().writers.empty());
  const auto aside_listing = list_spool(files, {"spool/" + options.run.hex() + "/lost"});
  EXPECT_EQ(aside_listing.value().unreadable.size(), 1u);
}

// The server has them and the spool does not: neither lost nor forgotten in the account.
TEST_F(CoreTest, WhatTheServerHasIsAcknowledgedThoughTheSpoolHasLostIt) {
  options.spool.recent_bytes = 0;
  for (const std::uint64_t next : {60U, 82U}) {
    options.writer = random.next_id<WriterId>();
    peer.streams.clear();
    logged = 0;
    peer.away = true;
    start();
    log(80);
    const int last = static_cast<int>(core->spool().segments()) - 1;
    ASSERT_TRUE(files.remove(segment_path(next == 82 ? last : 1)));
    peer.streams[{options.run, options.writer}].next = next;
    peer.away = false;
    settle();
    const Account account = core->account();
    EXPECT_EQ(account.lost, 0u);
    EXPECT_EQ(account.undecided, 0u);
    EXPECT_EQ(account.acknowledged, 160u);
    expect_balance();
    EXPECT_TRUE(peer.only_stream().skips.empty());
    EXPECT_EQ(peer.only_stream().next, 82u);
    core->stop();
    settle();
    core.reset();
  }
}

TEST_F(CoreTest, ARejectedFrameThatCannotBeKeptAsideStaysInItsSegment) {
  peer.verdicts = {{3, protocol::VerdictCode::kConflict}};
  peer.away = true;
  start();
  log(8);
  world.set_capacity(100);
  peer.away = false;
  settle();
  ASSERT_EQ(core->rejected().size(), 1u);
  EXPECT_EQ(core->rejected()[0].path, "");
  EXPECT_EQ(core->account().rejected, 2u);
  expect_balance();
  core->stop();
  settle();
  EXPECT_EQ(files.list("spool/" + options.run.hex() + "/lost").value().size(), 1u);
}

TEST_F(CoreTest, AFlushIsNotDurableUntilASyncHasSucceeded) {
  start(false);
  log(3);
  EXPECT_TRUE(core->flush(true));
  log(1);
  world.set_plan({.fail_at = world.operations(), .fail_for_ever = true});
  EXPECT_FALSE(core->flush(true));
  EXPECT_FALSE(core->flush(true));
  EXPECT_NE(core->account().last_error, "");
  world.set_plan({});
  EXPECT_TRUE(core->flush(true));
  EXPECT_EQ(core->account().last_error, "");
  const auto left = world.after_cut(7);
  io::MemoryFileSystem after(*left);
  const auto listing = list_spool(after, {"spool"}).value();
  std::vector<FileDamage> damages;
  const auto source = SpooledSource::open(after, listing.writers.at(0), damages).value();
  EXPECT_EQ(source->frames(), 5u);  // Open and four batches.
  EXPECT_TRUE(damages.empty());
}

}  // namespace
}  // namespace stepwell::client
