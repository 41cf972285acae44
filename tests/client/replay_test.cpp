// Replays: any number of times, resumed, with what is damaged or missing declared.

#include "tests/client/replay_fixture.hpp"

namespace stepwell::client {
namespace {

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
