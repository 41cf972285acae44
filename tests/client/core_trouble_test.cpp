// ClientCore in trouble: restored servers, holes, silence, and all of it at random.

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

// Somebody has replayed a damaged copy of this spool meanwhile.
TEST_F(CoreTest, HolesThatOthersLeftAreFilled) {
  peer.away = true;
  start();
  log(40);
  PeerStream& stream = peer.streams[{options.run, options.writer}];
  stream.next = 30;
  stream.holes = {5, 6, 7, 20};
  peer.overloads = {{6, 2}};
  peer.away = false;
  settle();
  EXPECT_TRUE(stream.holes.empty());
  EXPECT_EQ(stream.applied.size(), 4u + 12u);
  EXPECT_EQ(stream.next, 42u);
  EXPECT_EQ(stream.duplicates, 0u);
  EXPECT_EQ(core->account().acknowledged, 80u);
  expect_balance();
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
    options.spool.recent_bytes = dice.below(3000);
    peer.streams.clear();
    logged = 0;
    peer.pipe.latency = milliseconds(static_cast<std::int64_t>(dice.below(20)));
    peer.pipe.chunk = [&](std::size_t n) { return 1 + dice.below(n); };
    peer.credit = 400 + dice.below(5000);
    start();
    for (int round = 0; round < 60; ++round) {
      log(static_cast<int>(dice.below(4)));
      const std::uint64_t next = logged + dice.below(3);
      switch (dice.below(9)) {
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
        case 6:
          if (files.open_fails) {
            files.open_fails.reset();
          } else {
            files.open_fails = ErrorKind::kIo;
          }
          break;
        default:
          executor.advance(milliseconds(static_cast<std::int64_t>(dice.below(3000))));
      }
      expect_balance();
    }
    files.open_fails.reset();
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
