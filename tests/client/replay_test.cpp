#include "protocol/client/replay.hpp"

#include "engine/io/memory.hpp"
#include "protocol/client/spool.hpp"
#include "tests/client/script_peer.hpp"
#include "tests/client/support.hpp"

namespace stepwell::client {
namespace {

using std::chrono::seconds;

struct ReplayTest : testing::Test {
  io::World world;
  io::MemoryFileSystem files{world};
  HandExecutor executor;
  SeededRandom random{5};
  ScriptPeer peer{executor};
  std::optional<Result<ReplayReport>> result;
  ReplayOptions options;

  // A spool of `frames` frames besides open, in small segments.
  void spool(std::uint8_t run, std::uint8_t writer, std::uint64_t frames) {
    const std::string directory = "spool/" + run_id(run).hex();
    Spool made(files, directory, open_frame(run_id(run), writer_id(writer)),
               {.segment_bytes = 1500});
    std::vector<AppendedFrame> none;
    ASSERT_TRUE(made.append(none));
    for (std::uint64_t s = 2; s <= frames + 1; ++s) {
      std::vector<AppendedFrame> one;
      one.push_back({protocol::Kind::kBatch, s, s, batch_frame(run_id(run), writer_id(writer), s)});
      ASSERT_TRUE(made.append(one));
    }
  }
  ReplayReport replay_now(std::vector<std::string> paths = {"spool"}) {
    result.reset();
    const auto drive = [&]() -> Task<void> {
      auto task = replay(executor, files, peer, random, paths, options, nullptr);
      result.emplace(co_await std::move(task));
    };
    spawn(executor, drive());
    executor.advance(seconds(600));
    EXPECT_TRUE(result && *result);
    return result->value();
  }
  std::uint64_t points() {
    std::uint64_t n = 0;
    for (const auto& [key, stream] : peer.streams) n += count(points_of_frames(stream.applied));
    return n;
  }
};

TEST_F(ReplayTest, ManyWritersAnyNumberOfTimes) {
  for (std::uint8_t writer = 1; writer <= 5; ++writer) spool(1, writer, 20);
  spool(2, 9, 7);
  for (int round = 0; round < 3; ++round) {
    const auto report = replay_now();
    EXPECT_TRUE(report.complete());
    ASSERT_EQ(report.writers.size(), 6u);
    EXPECT_EQ(points(), 107u * 3);
    for (const auto& writer : report.writers) {
      EXPECT_EQ(writer.sent, round == 0 ? writer.frames : 0);
      EXPECT_EQ(writer.already_there, round == 0 ? 0 : writer.frames);
    }
  }
  for (const auto& [key, stream] : peer.streams) EXPECT_EQ(stream.duplicates, 0u);
}

TEST_F(ReplayTest, ResumesAfterCuts) {
  spool(1, 1, 60);
  peer.cut_after = 4000;
  const auto report = replay_now();
  EXPECT_TRUE(report.complete()) << report.failure;
  EXPECT_GT(report.connects, 2u);
  EXPECT_EQ(points(), 180u);
}

TEST_F(ReplayTest, GivesUpOnAServerThatIsNotThere) {
  spool(1, 1, 3);
  peer.away = true;
  const auto report = replay_now();
  EXPECT_FALSE(report.complete());
  EXPECT_NE(report.failure.find("refused"), std::string::npos);
  peer.away = false;
  EXPECT_TRUE(replay_now().complete());
  EXPECT_EQ(points(), 9u);
}

TEST_F(ReplayTest, DamageIsNamedAndDeclaredAndASoundCopyIsNot) {
  spool(1, 1, 30);
  const auto listing = list_spool(files, {"spool"}).value();
  ASSERT_EQ(listing.writers.size(), 1u);
  const std::string path = listing.writers[0].paths.at(2);
  auto contents = world.contents(path).value();
  contents[contents.size() - 100] ^= std::byte{1};
  ASSERT_TRUE(world.overwrite(path, contents));
  const auto report = replay_now();
  EXPECT_TRUE(report.complete());
  ASSERT_EQ(report.damages.size(), 1u);
  EXPECT_EQ(report.damages[0].path, path);
  EXPECT_GT(report.damages[0].offset, 64u);
  EXPECT_EQ(report.writers[0].lost, 1u);
  EXPECT_EQ(points(), 29u * 3);
  ASSERT_EQ(peer.only_stream().skips.size(), 1u);
  EXPECT_EQ(peer.only_stream().skips[0].reason, "damaged in the spool");
}

TEST_F(ReplayTest, AMissingSegmentIsDeclared) {
  spool(1, 1, 30);
  const auto paths = list_spool(files, {"spool"}).value().writers[0].paths;
  ASSERT_TRUE(files.remove(paths.at(1)));
  ASSERT_TRUE(files.remove(paths.at(0)));  // The open frame is repeated in the others.
  const auto report = replay_now();
  EXPECT_TRUE(report.complete());
  EXPECT_GT(report.writers[0].lost, 0u);
  EXPECT_EQ(report.writers[0].lost + report.writers[0].frames + 1, 31u);
  EXPECT_EQ(peer.only_stream().next, 32u);
}

TEST_F(ReplayTest, ATornTailIsNoLoss) {
  spool(1, 1, 30);
  const std::string path = list_spool(files, {"spool"}).value().writers[0].paths.back();
  auto contents = world.contents(path).value();
  contents.resize(contents.size() - 3);
  ASSERT_TRUE(world.overwrite(path, contents));
  const auto report = replay_now();
  ASSERT_EQ(report.damages.size(), 1u);
  EXPECT_TRUE(report.damages[0].tail);
  EXPECT_EQ(report.writers[0].lost, 0u);
  EXPECT_EQ(points(), 29u * 3);
}

TEST_F(ReplayTest, AnUnreadableFileDoesNotStopTheOthers) {
  spool(1, 1, 30);
  spool(2, 2, 5);
  const std::string path = list_spool(files, {"spool"}).value().writers[1].paths.front();
  auto contents = world.contents(path).value();
  contents[5] ^= std::byte{1};
  ASSERT_TRUE(world.overwrite(path, contents));
  const auto report = replay_now();
  EXPECT_EQ(report.damages.size(), 1u);
  EXPECT_EQ(points(), 90u);
}

TEST_F(ReplayTest, DeletesOnlyWhenAsked) {
  spool(1, 1, 10);
  replay_now();
  EXPECT_FALSE(list_spool(files, {"spool"}).value().writers.empty());
  options.delete_decided = true;
  replay_now();
  EXPECT_TRUE(list_spool(files, {"spool"}).value().writers.empty());
}

TEST_F(ReplayTest, RejectsAreCountedAndKept) {
  spool(1, 1, 10);
  peer.verdicts = {{4, protocol::VerdictCode::kLimit}};
  const auto report = replay_now();
  EXPECT_TRUE(report.complete());
  ASSERT_EQ(report.writers[0].rejected.size(), 1u);
  EXPECT_EQ(report.writers[0].sent, 10u);
  EXPECT_TRUE(files.exists(report.writers[0].rejected[0].path).value());
  EXPECT_EQ(replay_now().writers[0].rejected.size(), 0u);
}

TEST_F(ReplayTest, AServerAheadOfTheSpoolIsFine) {
  spool(1, 1, 10);
  peer.streams[{run_id(1), writer_id(1)}].next = 100;
  const auto report = replay_now();
  EXPECT_TRUE(report.complete());
  EXPECT_EQ(report.writers[0].already_there, 11u);
}

TEST_F(ReplayTest, UnknownPathsAreErrors) {
  EXPECT_FALSE(list_spool(files, {"nowhere"}));
}

}  // namespace
}  // namespace stepwell::client
