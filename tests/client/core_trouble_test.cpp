// ClientCore in trouble: restored servers, full disks, damage, silence, and all of it at random.

#include <set>

#include "tests/client/core_fixture.hpp"

namespace stepwell::client {
namespace {

using protocol::Kind;
using std::chrono::seconds;

TEST_F(CoreTest, AServerFromAnOlderCopyGetsWhatIsStillThere) {
  start();
  log(60);
  settle();
  const auto before = core->account();
  PeerStream& stream = peer.only_stream();
  // It knows ten frames only; the spool has its last segment.
  stream.next = 11;
  std::erase_if(stream.applied, [](const auto& entry) { return entry.first > 10; });
  peer.cut_all();
  log(5);
  settle();
  ASSERT_EQ(stream.skips.size(), 1u);
  EXPECT_EQ(stream.skips[0].from, 11u);
  EXPECT_EQ(stream.next, 67u);
  const std::uint64_t skipped = stream.skips[0].to - stream.skips[0].from + 1;
  EXPECT_EQ(stream.applied.size() + skipped, 66u);
  EXPECT_EQ(core->account().acknowledged, before.acknowledged + 10);  // Nothing is counted twice.
}

TEST_F(CoreTest, AServerThatForgotTheRunIsToldOfItAgain) {
  start();
  log(60);
  settle();
  peer.streams.clear();
  peer.cut_all();
  log(2);
  settle();
  const PeerStream& stream = peer.only_stream();
  EXPECT_EQ(protocol::read_frame(as_bytes(stream.applied.at(1))).value().header.kind, Kind::kOpen);
  ASSERT_EQ(stream.skips.size(), 1u);
  EXPECT_EQ(stream.skips[0].from, 2u);
  EXPECT_EQ(stream.next, 64u);
}

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

TEST_F(CoreTest, ASilentServerIsLeft) {
  peer.mute = true;
  options.connection.silence_timeout = seconds(8);
  start();
  log(3);
  settle(seconds(60));
  EXPECT_GT(peer.connects, 2u);
  peer.mute = false;
  settle(seconds(60));
  expect_everything_once();
}

TEST_F(CoreTest, BackoffGrowsAndIsJittered) {
  peer.away = true;
  start();
  std::vector<Instant> attempts;
  while (executor.now() < seconds(300)) {
    const unsigned before = peer.refused;
    executor.advance(milliseconds(5));
    if (peer.refused > before) attempts.push_back(executor.now());
  }
  ASSERT_GT(attempts.size(), 30u);
  EXPECT_LT(attempts.size(), 80u);
  std::set<Instant> gaps;
  for (std::size_t i = 20; i + 1 < attempts.size(); ++i) {
    const Instant gap = attempts[i + 1] - attempts[i];
    EXPECT_GE(gap, seconds(4));
    EXPECT_LE(gap, seconds(11));
    gaps.insert(gap);
  }
  EXPECT_GT(gaps.size(), 5u);
}

TEST_F(CoreTest, RandomTroubleNeverLosesAPoint) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SeededRandom dice(seed);
    options.writer = dice.next_id<WriterId>();
    peer.streams.clear();
    logged = 0;
    peer.pipe.latency = milliseconds(static_cast<std::int64_t>(dice.below(20)));
    peer.pipe.chunk = [&](std::size_t n) { return 1 + dice.below(n); };
    peer.credit = 400 + dice.below(5000);
    start();
    for (int round = 0; round < 60; ++round) {
      log(static_cast<int>(dice.below(4)));
      const std::uint64_t next = logged + dice.below(3);
      switch (dice.below(8)) {
        case 0:
          peer.cut_all();
          break;
        case 1:
          peer.away = !peer.away;
          break;
        case 2:
          peer.overloads[next] = 1;
          break;
        case 3:
          peer.lose[next] = 1;
          break;
        case 4:
          peer.cut_after = 200 + dice.below(3000);
          break;
        case 5:
          peer.cut_after = 0;
          break;
        default:
          executor.advance(milliseconds(static_cast<std::int64_t>(dice.below(3000))));
      }
    }
    peer.away = false;
    peer.cut_after = 0;
    settle(seconds(300));
    expect_everything_once();
    core->stop();
    settle();
    core.reset();
    ASSERT_FALSE(HasFailure()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace stepwell::client
