// ClientCore against a scripted server: order, resume, gaps, rejects, overload.

#include "tests/client/core_fixture.hpp"

namespace stepwell::client {
namespace {

using protocol::Kind;
using protocol::VerdictCode;
using std::chrono::seconds;

TEST_F(CoreTest, SendsWhatIsLoggedAndDeletesIt) {
  start();
  log(60);
  settle();
  expect_everything_once();
  EXPECT_EQ(peer.connects, 1u);
  EXPECT_EQ(segments(), 1u);
  EXPECT_EQ(peer.only_stream().duplicates, 0u);
  EXPECT_TRUE(core->account().connected);
  core->stop();
  settle();
  EXPECT_EQ(segments(), 0u);
}

TEST_F(CoreTest, CommandsComeInOrder) {
  start();
  log();
  core->recorder().command(Kind::kParams, protocol::encode(wire::ParamsT()));
  log();
  core->recorder().command(Kind::kEnd, protocol::encode(wire::EndT()));
  core->flush();
  settle();
  std::vector<Kind> kinds;
  for (const auto& [sequence, frame] : peer.only_stream().applied) {
    kinds.push_back(protocol::read_frame(as_bytes(frame)).value().header.kind);
  }
  using enum Kind;
  EXPECT_EQ(kinds, (std::vector{kOpen, kBatch, kParams, kBatch, kEnd}));
}

TEST_F(CoreTest, OfflineIsTheSameWithoutASocket) {
  start(false);
  log(60);
  bool decided = true;
  core->when_decided([&](bool done) { decided = done; });
  EXPECT_FALSE(decided);
  settle();
  EXPECT_EQ(peer.connects, 0u);
  EXPECT_GT(segments(), 3u);
  EXPECT_EQ(core->account().spooled, 120u);
}

TEST_F(CoreTest, TheServerMayBeAway) {
  peer.away = true;
  start();
  log(50);
  settle();
  EXPECT_EQ(core->account().acknowledged, 0u);
  EXPECT_FALSE(core->account().last_error.empty());
  peer.away = false;
  bool decided = false;
  core->when_decided([&](bool done) { decided = done; });
  settle();
  EXPECT_TRUE(decided);
  expect_everything_once();
}

TEST_F(CoreTest, CutsAnywhereCostNothing) {
  for (std::size_t cut = 100; cut < 6000; cut += 131) {
    peer.cut_after = cut;
    start();
    log(20);
    settle();
    peer.cut_after = 0;
    settle(seconds(60));
    expect_everything_once();
    core->stop();
    settle();
    core.reset();
    peer.streams.clear();
    logged = 0;
    options.writer = random.next_id<WriterId>();
  }
  EXPECT_GT(peer.connects, 60u);
}

TEST_F(CoreTest, ASmallCreditIsKept) {
  peer.credit = 1500;
  peer.pipe.chunk = [this](std::size_t n) { return 1 + random.below(n); };
  peer.pipe.latency = milliseconds(3);
  start();
  log(60);
  settle(seconds(120));
  expect_everything_once();
}

TEST_F(CoreTest, TheCreditBoundsWhatIsUnanswered) {
  peer.credit = 1500;
  peer.mute = true;
  start();
  log(60);
  settle(seconds(10));
  EXPECT_GT(peer.stream_bytes, 1000u);
  EXPECT_LE(peer.stream_bytes, 1500u);
}

TEST_F(CoreTest, RejectedFramesAreKeptAsideAndTheStreamGoesOn) {
  peer.verdicts = {{3, VerdictCode::kConflict}, {5, VerdictCode::kInvalid}};
  start();
  log(8);
  settle();
  EXPECT_EQ(peer.only_stream().applied.size(), 7u);
  const auto rejected = core->rejected();
  ASSERT_EQ(rejected.size(), 2u);
  EXPECT_EQ(rejected[0].sequence, 3u);
  EXPECT_EQ(rejected[0].verdict, VerdictCode::kConflict);
  EXPECT_EQ(rejected[1].text, "scripted");
  EXPECT_TRUE(files.exists(rejected[1].path).value());
  const Account account = core->account();
  EXPECT_EQ(account.rejected, 4u);
  EXPECT_EQ(account.frames_rejected, 2u);
  EXPECT_EQ(account.acknowledged, 12u);
}

TEST_F(CoreTest, ARejectedOpenStopsAndKeepsTheSpool) {
  peer.verdicts = {{1, VerdictCode::kInvalid}};
  start();
  log(3);
  settle();
  ASSERT_TRUE(core->account().stopped);
  EXPECT_NE(core->account().stopped->find("open was rejected"), std::string::npos);
  log(3);
  settle();
  EXPECT_EQ(peer.connects, 1u);
  EXPECT_EQ(core->account().spooled, 12u);
  EXPECT_GE(segments(), 1u);
  bool told = false;
  core->when_decided([&](bool done) { told = !done; });
  EXPECT_TRUE(told);
}

TEST_F(CoreTest, AnOpenTheDoorNeverTakesStopsToo) {
  peer.errors = {{1, 1000}};
  start();
  log(3);
  settle();
  ASSERT_TRUE(core->account().stopped);
  EXPECT_NE(core->account().stopped->find("not liked"), std::string::npos);
}

TEST_F(CoreTest, AGoneRunStopsAndKeepsTheSpool) {
  start();
  log(2);
  settle();
  peer.gone = true;
  log(4);
  settle();
  EXPECT_TRUE(core->account().stopped);
  EXPECT_EQ(core->account().acknowledged, 4u);
  EXPECT_GE(segments(), 1u);
}

TEST_F(CoreTest, OverloadIsWaitedOut) {
  peer.overloads = {{2, 3}, {4, 2}, {9, 1}};
  start();
  log(12);
  settle();
  expect_everything_once();
}

TEST_F(CoreTest, AGapIsRefilled) {
  peer.lose = {{3, 1}, {7, 2}};
  start();
  log(12);
  settle();
  expect_everything_once();
  EXPECT_EQ(peer.connects, 1u);
}

TEST_F(CoreTest, AFrameTheDoorNeverTakesIsGivenUp) {
  peer.errors = {{4, 1000}};
  start();
  log(8);
  settle(seconds(60));
  EXPECT_EQ(peer.only_stream().applied.size(), 8u);
  ASSERT_EQ(peer.only_stream().skips.size(), 1u);
  EXPECT_EQ(peer.only_stream().skips[0].from, 4u);
  EXPECT_EQ(peer.only_stream().skips[0].points, 2u);
  ASSERT_EQ(core->rejected().size(), 1u);
  EXPECT_EQ(core->rejected()[0].sequence, 4u);
}

}  // namespace
}  // namespace stepwell::client
