// Replays of copies, into holes, and of spools that cannot be read now.

#include "tests/client/replay_fixture.hpp"

namespace stepwell::client {
namespace {

// Two copies of one spool: what is damaged in one is taken from the other, whichever comes first.
TEST_F(ReplayTest, OfTwoCopiesTheSoundFramesAreTaken) {
  for (const bool damaged_first : {true, false}) {
    peer.streams.clear();
    const std::string bad = damaged_first ? "a" : "d";
    const std::string good = damaged_first ? "b" : "c";
    spool(1, 1, 30, bad);
    spool(1, 1, 30, good);
    damage_every_segment(bad);
    const auto report = replay_now({bad, good});
    EXPECT_TRUE(report.complete());
    EXPECT_FALSE(report.damages.empty());
    EXPECT_EQ(report.writers.at(0).lost, 0u);
    EXPECT_EQ(points(), 90u);
    EXPECT_TRUE(peer.only_stream().skips.empty());
  }
}

TEST_F(ReplayTest, ASoundCopyThatComesLaterFillsTheHoles) {
  spool(1, 1, 30, "good");
  spool(1, 1, 30);
  damage_every_segment("spool");
  const auto first = replay_now();
  EXPECT_GT(first.writers.at(0).lost, 3u);
  EXPECT_EQ(points() + 3 * first.writers.at(0).lost, 90u);
  const auto second = replay_now({"good"});
  EXPECT_TRUE(second.complete());
  EXPECT_EQ(second.writers.at(0).sent, first.writers.at(0).lost);
  EXPECT_EQ(second.writers.at(0).lost, 0u);
  EXPECT_EQ(points(), 90u);
  EXPECT_EQ(peer.only_stream().duplicates, 0u);
  EXPECT_EQ(replay_now({"good"}).writers.at(0).sent, 0u);
}

// What fills a hole may be put off, refused or cut off like any other frame.
TEST_F(ReplayTest, HolesAreFilledInWhateverTrouble) {
  spool(1, 1, 30, "good");
  spool(1, 1, 30);
  damage_every_segment("spool");
  // Less than 1100 bytes are no more than a handshake, positions and a frame.
  for (std::size_t cut = 0; cut < 4000; cut += cut == 0 ? 1100 : 97) {
    peer.streams.clear();
    peer.verdicts.clear();
    peer.cut_after = 0;
    replay_now();
    const auto holes = peer.only_stream().holes;
    ASSERT_GT(holes.size(), 3u);
    peer.cut_after = cut;
    peer.overloads = {{*holes.begin(), 2}};
    peer.verdicts = {{*holes.rbegin(), protocol::VerdictCode::kConflict}};
    options.attempts = 100;
    const auto report = replay_now({"good"});
    EXPECT_TRUE(report.complete()) << report.failure;
    EXPECT_TRUE(peer.only_stream().holes.empty()) << cut;
    EXPECT_EQ(points(), 87u) << cut;
    EXPECT_EQ(report.writers.at(0).lost, 0u);
    if (cut > 0) continue;
    ASSERT_EQ(report.writers.at(0).rejected.size(), 1u);
    EXPECT_EQ(report.writers.at(0).rejected[0].sequence, *holes.rbegin());
    EXPECT_EQ(report.writers.at(0).sent, holes.size() - 1);
  }
}

TEST_F(ReplayTest, ADamagedSpoolIsNotDeleted) {
  spool(1, 1, 30);
  spool(2, 2, 5);
  const auto listing = list_spool(files, {"spool/" + run_id(1).hex()}).value();
  damage_every_segment("spool/" + run_id(1).hex());
  options.delete_decided = true;
  for (int round = 0; round < 2; ++round) {
    EXPECT_TRUE(replay_now().complete());
    const auto left = list_spool(files, {"spool"}).value();
    ASSERT_EQ(left.writers.size(), 1u);
    EXPECT_EQ(left.writers[0].paths, listing.writers.at(0).paths);
  }
}

// What an earlier connection sent was still under way when the positions were asked.
TEST_F(ReplayTest, AnOldAnswerToPositionsCountsNothingTwice) {
  spool(1, 1, 30);
  ASSERT_TRUE(replay_now().complete());
  peer.positions_lag = 12;
  peer.overloads = {{20, 2}};
  const auto report = replay_now();
  EXPECT_TRUE(report.complete());
  EXPECT_EQ(report.writers.at(0).sent + report.writers.at(0).already_there, 31u);
  EXPECT_EQ(points(), 90u);
}

// Readable when it was listed, and no more when its turn has come: nothing of it is sent.
TEST_F(ReplayTest, AWriterThatCannotBeReadDoesNotStopTheOthers) {
  spool(1, 1, 30);
  spool(2, 2, 5);
  const auto segments = list_spool(files, {"spool/" + run_id(1).hex()}).value().writers.at(0).paths;
  files.only = run_id(1).hex();
  files.open_fails = ErrorKind::kIo;
  files.opens_before_it_fails = static_cast<unsigned>(segments.size()) + 1;
  const auto report = replay_now();
  EXPECT_FALSE(report.complete());
  EXPECT_EQ(report.failure, "");
  ASSERT_EQ(report.writers.size(), 2u);
  EXPECT_NE(report.writers[0].stopped.find("scripted"), std::string::npos);
  EXPECT_EQ(points(), 15u);
  EXPECT_EQ(peer.streams.size(), 1u);
}

// A spool that cannot be read now is not lost: nothing of it may be declared.
TEST_F(ReplayTest, WhatCannotBeReadNowIsNotDeclared) {
  spool(1, 1, 30);
  spool(2, 2, 5);
  for (const ErrorKind kind : {ErrorKind::kIo, ErrorKind::kDenied, ErrorKind::kNotFound}) {
    peer.streams.clear();
    for (const bool while_listing : {true, false}) {
      const auto listing = list_spool(files, {"spool"}).value();
      const SpooledWriter& writer =
          listing.writers[0].run == run_id(1) ? listing.writers[0] : listing.writers[1];
      files.only = writer.paths.at(2);
      files.open_fails = kind;
      if (while_listing) {
        const auto again = list_spool(files, {"spool"});
        ASSERT_FALSE(again);
        EXPECT_EQ(again.error().kind, kind);
      } else {
        std::vector<FileDamage> damages;
        const auto opened = SpooledSource::open(files, writer, damages);
        ASSERT_FALSE(opened);
        EXPECT_EQ(opened.error().kind, kind);
        EXPECT_TRUE(damages.empty());
      }
      files.open_fails.reset();
    }
  }
  EXPECT_TRUE(replay_now().complete());
  EXPECT_EQ(points(), 105u);
}

TEST_F(ReplayTest, ADirectoryThatCannotBeListedIsAnError) {
  spool(1, 1, 3);
  spool(2, 2, 3);
  files.only = run_id(2).hex();
  files.list_fails = files.open_fails = ErrorKind::kDenied;
  EXPECT_FALSE(list_spool(files, {"spool"}));
  // A file that happens to lie there is none.
  files.list_fails.reset();
  files.open_fails.reset();
  auto note = files.open("spool/README", io::OpenMode::kCreate);
  ASSERT_TRUE(note && note.value()->write_at(as_bytes("hello"), 0));
  EXPECT_EQ(list_spool(files, {"spool"}).value().writers.size(), 2u);
}

}  // namespace
}  // namespace stepwell::client
