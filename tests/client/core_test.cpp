// ClientCore against a scripted server: resume, gaps, rejects, restores, disk full, accounting.

#include "protocol/client/client_core.hpp"

#include "engine/io/memory.hpp"
#include "tests/client/script_peer.hpp"
#include "tests/client/support.hpp"

namespace stepwell::client {
namespace {

using protocol::Kind;
using protocol::VerdictCode;
using std::chrono::seconds;

struct CoreTest : testing::Test {
  io::World world;
  io::MemoryFileSystem files{world};
  HandExecutor executor;
  FixedClock clock;
  SeededRandom random{42};
  ScriptPeer peer{executor};
  CoreOptions options;
  std::shared_ptr<ClientCore> core;
  std::uint64_t logged = 0;

  void SetUp() override {
    options.run = run_id(1);
    options.writer = writer_id(1);
    options.open.experiment = "test";
    options.spool_directory = "spool";
    options.spool.segment_bytes = 4000;
    options.spool.recent_bytes = 2000;
  }
  void TearDown() override {
    if (core) {
      core->stop();
      core.reset();
    }
    peer.away = true;
    executor.advance(seconds(60));
    peer.cut_all();
    executor.advance(seconds(60));
    EXPECT_EQ(peer.open_connections, 0u);
  }
  void start(bool online = true) {
    core = ClientCore::make(executor, files, online ? &peer : nullptr, clock, random, options);
    core->recorder().add_context("");
    core->start();
  }
  // `n` flushes with a step each.
  void log(int n = 1) {
    for (int i = 0; i < n; ++i) {
      ++logged;
      const Value values[] = {{"loss", 1.0 / static_cast<double>(logged)}, {"acc", 0.5}};
      core->recorder().log(0, static_cast<std::int64_t>(logged), std::nullopt, values);
      core->flush();
    }
  }
  void settle(Instant time = seconds(30)) { executor.advance(time); }
  void expect_balance() {
    const Account a = core->account();
    EXPECT_EQ(a.accepted, a.spooled + a.dropped + a.queued);
  }
  void expect_everything_once() {
    auto points = points_of_frames(peer.only_stream().applied);
    ASSERT_EQ(points["loss"].size(), logged);
    for (std::uint64_t i = 0; i < logged; ++i) {
      EXPECT_EQ(points["loss"][i].step, static_cast<std::int64_t>(i + 1));
    }
    EXPECT_EQ(core->account().acknowledged, 2 * logged);
    expect_balance();
  }
  std::size_t segments() { return files.list("spool/" + options.run.hex()).value().size(); }
};

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
  const std::string path = "spool/" + options.run.hex() + "/" + options.writer.hex() + "-000000.seg";
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
        case 0: peer.cut_all(); break;
        case 1: peer.away = !peer.away; break;
        case 2: peer.overloads[next] = 1; break;
        case 3: peer.lose[next] = 1; break;
        case 4: peer.cut_after = 200 + dice.below(3000); break;
        case 5: peer.cut_after = 0; break;
        default: executor.advance(milliseconds(static_cast<std::int64_t>(dice.below(3000))));
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
