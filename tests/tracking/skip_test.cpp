// Declared loss: skips, the holes that they leave, and how holes are filled.

#include <fmt/format.h>

#include "protocol/limits.hpp"
#include "tests/tracking/tracking_fixture.hpp"

namespace stepwell::tracking {
namespace {

class SkipTest : public TrackingTest {};
INTERRUPTED(SkipTest);

std::string tag(std::uint64_t sequence) {
  return tags_frame({1, 1, sequence}, {{fmt::format("t{}", sequence), "here"}});
}

TEST_P(SkipTest, ASoundCopyThatComesLaterFillsASkippedHole) {
  it.send(open_frame({1, 1, 1}));
  EXPECT_EQ(it.send(skip_frame({1, 1}, 2, 4, 30, {{"loss", 10, 12, 30}})), applied(5));
  auto run = it.run(1);
  ASSERT_EQ(run.losses.size(), 1u);
  EXPECT_EQ(run.losses[0]->from, 2u);
  EXPECT_EQ(run.losses[0]->to, 4u);
  EXPECT_FALSE(run.losses[0]->rejected);
  EXPECT_EQ(run.losses[0]->reason, "dropped");
  EXPECT_EQ(run.losses[0]->points, 30u);
  ASSERT_EQ(run.losses[0]->series.size(), 1u);
  EXPECT_EQ(run.losses[0]->series[0]->key, "loss");
  EXPECT_EQ(run.losses[0]->series[0]->first_step, 10);
  EXPECT_EQ(it.send(tag(5)), applied(6)) << "the stream goes on";
  in_the_middle();
  EXPECT_EQ(it.send(batch_frame({1, 1, 3}, "loss", {{11, 0, 1.5}, {12, 0, 2.5}})), applied(6));
  EXPECT_EQ(it.points(1, "loss").size(), 2u);
  run = it.run(1);
  ASSERT_EQ(run.losses.size(), 2u) << "what is filled cuts the hole in two";
  EXPECT_EQ(run.losses[0]->points + run.losses[1]->points, 28u)
      << "its points come off the account";
  EXPECT_EQ(it.send(batch_frame({1, 1, 3}, "loss", {{11, 0, 1.5}, {12, 0, 2.5}})), duplicate(6));
  EXPECT_EQ(it.send(tag(2)), applied(6));
  EXPECT_EQ(it.send(tag(4)), applied(6));
  EXPECT_TRUE(it.run(1).losses.empty());
  EXPECT_EQ(it.tags(1), (Texts{{"t2", "here"}, {"t4", "here"}, {"t5", "here"}}));
}

// A client with a sound copy learns from it what to send.
TEST_P(SkipTest, PositionsTellWhatIsSkippedAndNotWhatIsRejected) {
  using Ranges = std::vector<std::pair<std::uint64_t, std::uint64_t>>;
  it.send(open_frame({1, 1, 1}));
  it.send(skip_frame({1, 1}, 2, 4));
  it.send(tag(5));
  it.send(poison_frame({1, 1, 6}));  // Rejected.
  it.send(skip_frame({1, 1}, 7, 7));
  EXPECT_EQ(it.skipped_of(1, 1), (Ranges{{2, 4}, {7, 7}}));
  in_the_middle();
  EXPECT_EQ(it.skipped_of(1, 1), (Ranges{{2, 4}, {7, 7}}));
  it.send(tag(3));
  EXPECT_EQ(it.skipped_of(1, 1), (Ranges{{2, 2}, {4, 4}, {7, 7}}));
  for (const std::uint64_t each : {2U, 4U, 7U}) it.send(tag(each));
  EXPECT_EQ(it.skipped_of(1, 1), Ranges{});
  EXPECT_EQ(it.skipped_of(1, 2), Ranges{}) << "an unknown writer";
}

TEST_P(SkipTest, ASkipStartsAtOrBelowWhatIsExpectedAndLeavesWhatIsDecided) {
  it.send(open_frame({1, 1, 1}));
  it.send(tag(2));
  EXPECT_EQ(it.send(skip_frame({1, 1}, 4, 6)), gap(3)) << "3 would be neither there nor declared";
  EXPECT_EQ(it.send(skip_frame({1, 1}, 1, 6)), applied(7));
  in_the_middle();
  auto run = it.run(1);
  ASSERT_EQ(run.losses.size(), 1u);
  EXPECT_EQ(run.losses[0]->from, 3u) << "1 and 2 were applied";
  EXPECT_EQ(it.send(tag(2)), duplicate(7));
  EXPECT_EQ(it.send(skip_frame({1, 1}, 1, 6)), duplicate(7)) << "a repeated skip";
  EXPECT_EQ(it.send(skip_frame({1, 1}, 3, 4)), duplicate(7)) << "a part of one";
  EXPECT_EQ(it.send(skip_frame({1, 1}, 5, 8)), applied(9)) << "only 7 and 8 are new";
  run = it.run(1);
  ASSERT_EQ(run.losses.size(), 1u) << "adjacent holes of a kind join";
  EXPECT_EQ(run.losses[0]->to, 8u);
}

TEST_P(SkipTest, ARejectInAHoleStaysRejectedAndDoesNotJoinIt) {
  it.send(open_frame({1, 1, 1}));
  it.send(skip_frame({1, 1}, 2, 6, 50));
  EXPECT_EQ(it.send(poison_frame({1, 1, 4})), (Said{VerdictCode::kInvalid, 7}));
  in_the_middle();
  EXPECT_EQ(it.send(tag(4)), (Said{VerdictCode::kInvalid, 7}));
  const auto run = it.run(1);
  ASSERT_EQ(run.losses.size(), 3u);
  EXPECT_FALSE(run.losses[0]->rejected);
  EXPECT_TRUE(run.losses[1]->rejected);
  EXPECT_EQ(run.losses[1]->points, 2u);
  EXPECT_FALSE(run.losses[2]->rejected);
  EXPECT_EQ(run.losses[0]->points + run.losses[2]->points, 48u);
  EXPECT_EQ(it.send(tag(5)), applied(7));
  EXPECT_EQ(it.send(tag(2)), applied(7));
}

TEST_P(SkipTest, TheSixtyFifthHoleClosesTheOldest) {
  it.send(open_frame({1, 1, 1}));
  std::vector<std::string> frames;
  for (std::uint64_t i = 0; i < protocol::kHolesMax; ++i) {
    frames.push_back(skip_frame({1, 1}, 2 + 3 * i, 3 + 3 * i, 7));
    frames.push_back(tag(4 + 3 * i));
  }
  it.send_all(frames);
  auto run = it.run(1);
  EXPECT_EQ(run.losses.size(), 64u);
  EXPECT_EQ(run.writers[0]->closed_holes, 0u);
  const std::uint64_t next = it.next_of(1, 1);
  in_the_middle();
  EXPECT_EQ(it.send(skip_frame({1, 1}, next, next)), applied(next + 1));
  run = it.run(1);
  EXPECT_EQ(run.losses.size(), 64u);
  EXPECT_EQ(run.losses[0]->from, 5u);
  EXPECT_EQ(run.writers[0]->closed_holes, 2u) << "its count stays in the account";
  EXPECT_EQ(it.send(tag(2)), duplicate(next + 1)) << "too late for it";
  EXPECT_EQ(it.send(tag(5)), applied(next + 1));
}

TEST_P(SkipTest, AnIllFormedSkipChangesNothing) {
  it.send(open_frame({1, 1, 1}));
  const std::vector<LostSeriesRow> many(protocol::kLostSeriesMax + 1, {"k", 0, 1, 1});
  const std::string bad[] = {skip_frame({1, 1}, 0, 5),
                             skip_frame({1, 1}, 3, 2),
                             skip_frame({1, 1}, 2, std::uint64_t{1} << 63),
                             skip_frame({1, 1}, 2, 3, 0, many),
                             skip_frame({1, 1}, 2, 3, 0, {{"", 0, 1, 1}}),
                             frame(Kind::kSkip, {1, 1, 0}, "no flatbuffer")};
  for (const std::string& one : bad) EXPECT_EQ(it.send(one), (Said{VerdictCode::kInvalid, 2}));
  in_the_middle();
  EXPECT_TRUE(it.run(1).losses.empty());
  EXPECT_EQ(it.send(tag(2)), applied(3));
}

TEST_P(SkipTest, AccountsOfJoinedHolesAddUp) {
  it.send(open_frame({1, 1, 1}));
  it.send(skip_frame({1, 1}, 2, 3, 10, {{"a", 5, 9, 4}, {"b", 1, 2, 6}}));
  in_the_middle();
  it.send(skip_frame({1, 1}, 4, 4, 5, {{"a", 2, 7, 5}}));
  const auto run = it.run(1);
  ASSERT_EQ(run.losses.size(), 1u);
  EXPECT_EQ(run.losses[0]->points, 15u);
  ASSERT_EQ(run.losses[0]->series.size(), 2u);
  EXPECT_EQ(run.losses[0]->series[0]->key, "a");
  EXPECT_EQ(run.losses[0]->series[0]->first_step, 2);
  EXPECT_EQ(run.losses[0]->series[0]->last_step, 9);
  EXPECT_EQ(run.losses[0]->series[0]->points, 9u);
}

TEST_P(SkipTest, HolesFilledInAnotherOrderLeaveTheSameDigest) {
  const std::string four = batch_frame({1, 1, 4}, "m", {{1, 0, 1}, {2, 0, 1}});
  const std::string six = batch_frame({1, 1, 6}, "m", {{3, 0, 1}, {4, 0, 1}, {5, 0, 1}});
  it.send_all({open_frame({1, 1, 1}), skip_frame({1, 1}, 2, 8, 70), four, six});
  in_the_middle();
  TrackingOnWorld other;
  other.send_all({open_frame({1, 1, 1}), skip_frame({1, 1}, 2, 8, 70), six, four});
  EXPECT_EQ(other.digest(), it.digest());
}

}  // namespace
}  // namespace stepwell::tracking
