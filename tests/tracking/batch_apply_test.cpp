// Metric batches: whole or not at all, steps and times that the server gives, the points' order.

#include <limits>

#include "protocol/context.hpp"
#include "tests/tracking/tracking_fixture.hpp"

namespace stepwell::tracking {
namespace {

constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
constexpr auto kMin = std::numeric_limits<std::int64_t>::min();

class BatchTest : public TrackingTest {
 protected:
  void SetUp() override { it.send(open_frame({1, 1, 1})); }
  std::vector<std::int64_t> steps(std::string_view key) {
    std::vector<std::int64_t> steps;
    for (const Point& point : it.points(1, key)) steps.push_back(point.step);
    return steps;
  }
};
INTERRUPTED(BatchTest);

TEST_P(BatchTest, ABadKeyInTheSecondBlockLeavesNothing) {
  it.send(batch_frame({1, 1, 2}, "known", {{1, 1, 1.0}}));
  const std::string before = it.everything();
  EXPECT_EQ(it.send(poison_frame({1, 1, 3})), (Said{VerdictCode::kInvalid, 4}));
  EXPECT_NE(it.last.text.find("control"), std::string::npos) << it.last.text;
  in_the_middle();
  EXPECT_TRUE(it.points(1, "good").empty());
  EXPECT_EQ(it.run(1).metrics.size(), 1u);
  EXPECT_EQ(it.run(1).info->series, 1u);
  EXPECT_EQ(it.run(1).info->batches, 1u);
  EXPECT_EQ(it.send(batch_frame({1, 1, 4}, {BlockSpec{.values = {5}}})), applied(5));
  EXPECT_EQ(it.last.first_step, 2) << "the refused steps do not count";
}

TEST_P(BatchTest, EveryBitComesBackInTheOneOrder) {
  const double nan_payload = std::bit_cast<double>(0x7ff8'0000'dead'beefULL);
  const double negative_nan = std::bit_cast<double>(0xfff0'0000'0000'0001ULL);
  const double infinity = std::numeric_limits<double>::infinity();
  const double denormal = std::numeric_limits<double>::denorm_min();
  std::vector<Point> points = {{kMin, kMin, -infinity},
                               {kMin, kMax, infinity},
                               {-1, 5, 0.1},
                               {0, 9, nan_payload},
                               {7, -3, 1.0},
                               {7, -3, -denormal},
                               {7, -3, -0.0},
                               {7, -3, 0.0},
                               {7, -3, nan_payload},
                               {7, -3, negative_nan},
                               {7, -3, denormal},
                               {7, -3, 1e300},
                               {7, 4, -1.0},
                               {8, -100, 2.0},
                               {kMax, kMin, 1.0 / 3},
                               {kMax, kMax, negative_nan}};
  std::vector<Point> shuffled = points;
  SeededRandom random(9);
  for (std::size_t i = shuffled.size(); i > 1; --i)
    std::swap(shuffled[i - 1], shuffled[random.below(i)]);
  const std::vector<Point> half(shuffled.begin(), shuffled.begin() + 8);
  const std::vector<Point> rest(shuffled.begin() + 5, shuffled.end());
  EXPECT_EQ(it.send(batch_frame({1, 1, 2}, "m", half)), applied(3));
  in_the_middle();
  EXPECT_EQ(it.send(batch_frame({1, 1, 3}, "m", rest)), applied(4)) << "three of them again";
  std::sort(points.begin(), points.end());
  const auto stored = it.points(1, "m");
  ASSERT_EQ(stored.size(), points.size());
  for (std::size_t i = 0; i < points.size(); ++i) {
    EXPECT_EQ(stored[i].step, points[i].step) << i;
    EXPECT_EQ(stored[i].timestamp_ms, points[i].timestamp_ms) << i;
    EXPECT_EQ(stored[i].bits(), points[i].bits()) << i;
  }
  const auto run = it.run(1);
  EXPECT_EQ(run.metrics[0]->count, points.size());
  EXPECT_EQ(run.metrics[0]->step, kMax) << "latest is the maximum";
  EXPECT_EQ(run.metrics[0]->timestamp_ms, kMax);
}

TEST_P(BatchTest, AMatrixARowsBlockAndManyBlocksLandWhereTheySay) {
  const std::string rank = protocol::encode_context({{"rank", "1"}}).value();
  EXPECT_EQ(it.send(batch_frame(
                {1, 1, 2},
                {{{{"a", ""}, {"b", ""}, {"a", rank}}, {10, 11}, {1, 2}, {1, 2, 3, 4, 5, 6}},
                 {{{"a", ""}, {"c", ""}}, {20, 30, 40}, {3, 4, 5}, {7.5, 8.5, 9.5}, {1, 0, 1}}})),
            applied(3));
  in_the_middle();
  EXPECT_EQ(it.points(1, "a"), (std::vector<Point>{{10, 1, 1}, {11, 2, 2}, {30, 4, 8.5}}));
  EXPECT_EQ(it.points(1, "b"), (std::vector<Point>{{10, 1, 3}, {11, 2, 4}}));
  EXPECT_EQ(it.points(1, "a", rank), (std::vector<Point>{{10, 1, 5}, {11, 2, 6}}));
  EXPECT_EQ(it.points(1, "c"), (std::vector<Point>{{20, 3, 7.5}, {40, 5, 9.5}}));
  EXPECT_EQ(it.run(1).info->series, 4u);
}

TEST_P(BatchTest, TheServerGivesStepsFromOneAboveTheGreatestThatTheRunHolds) {
  EXPECT_EQ(it.send(batch_frame({1, 1, 2}, {BlockSpec{.values = {1, 2, 3}}})), applied(3));
  EXPECT_EQ(it.last.first_step, 0) << "an empty run begins at 0";
  in_the_middle();
  it.send(batch_frame({1, 1, 3}, "other", {{41, 0, 1.0}, {-7, 0, 1.0}}));
  EXPECT_EQ(it.last.first_step, std::nullopt);
  EXPECT_EQ(it.send(batch_frame({1, 1, 4}, {BlockSpec{.values = {4}},
                                            {{{"acc", ""}, {"top", ""}}, {}, {}, {1, 2, 3, 4}},
                                            {{{"x", ""}}, {100}, {1}, {1}},
                                            BlockSpec{.values = {5}}})),
            applied(5));
  EXPECT_EQ(it.last.first_step, 42) << "of the run, not of the series";
  EXPECT_EQ(steps("loss"), (std::vector<std::int64_t>{0, 1, 2, 42, 101}));
  EXPECT_EQ(steps("acc"), (std::vector<std::int64_t>{43, 44}));
  EXPECT_EQ(steps("top"), (std::vector<std::int64_t>{43, 44})) << "a matrix has one step column";
  EXPECT_EQ(
      it.send(batch_frame({1, 1, 5}, {{{{"a", ""}, {"b", ""}}, {}, {}, {1, 2, 3}, {0, 1, 0}}})),
      applied(6));
  EXPECT_EQ(steps("a"), (std::vector<std::int64_t>{102, 104})) << "rows: a step a point";
  EXPECT_EQ(steps("b"), (std::vector<std::int64_t>{103}));
}

TEST_P(BatchTest, StepsGoOnFromNegativeOnesAndOverflowIsRejected) {
  it.send(batch_frame({1, 1, 2}, "m", {{-10, 0, 1.0}}));
  it.send(batch_frame({1, 1, 3}, {BlockSpec{.values = {1}}}));
  EXPECT_EQ(it.last.first_step, -9);
  it.send(batch_frame({1, 1, 4}, "m", {{kMax - 2, 0, 1.0}}));
  in_the_middle();
  EXPECT_EQ(it.send(batch_frame({1, 1, 5}, {BlockSpec{.values = {1, 2, 3}}})),
            (Said{VerdictCode::kInvalid, 6}));
  EXPECT_EQ(it.send(batch_frame({1, 1, 6}, {BlockSpec{.values = {1, 2}}})), applied(7))
      << "just fits";
  EXPECT_EQ(it.last.first_step, kMax - 1);
  EXPECT_EQ(it.send(batch_frame({1, 1, 7}, {BlockSpec{.values = {1}}})),
            (Said{VerdictCode::kInvalid, 8}));
  EXPECT_EQ(it.send(batch_frame({1, 1, 8}, "m", {{3, 0, 1.0}})), applied(9))
      << "own steps still go";
  EXPECT_EQ(steps("loss"), (std::vector<std::int64_t>{-9, kMax - 1, kMax}));
}

TEST_P(BatchTest, WritersOfOneRunShareItsStepsWithoutGapOrDouble) {
  it.send_all({open_frame({1, 2, 1}), open_frame({1, 3, 1}), open_frame({2, 2, 1})});
  std::vector<std::pair<std::int64_t, double>> told;
  for (std::uint64_t round = 0; round < 4; ++round) {
    for (std::uint64_t writer = 2; writer <= 3; ++writer) {
      const std::string batch = batch_frame({1, writer, 2 + round},
                                            {BlockSpec{.values = {double(writer), double(round)}}});
      ASSERT_EQ(it.send(batch), applied(3 + round));
      told.emplace_back(it.last.first_step.value(), double(writer));
      EXPECT_EQ(it.send(batch), duplicate(3 + round)) << "a second application would show";
    }
    if (round == 1) in_the_middle();
  }
  const auto points = it.points(1, "loss");
  ASSERT_EQ(points.size(), 16u);
  for (std::size_t i = 0; i < points.size(); ++i)
    EXPECT_EQ(points[i].step, static_cast<std::int64_t>(i));
  for (const auto& [step, value] : told)
    EXPECT_EQ(points[static_cast<std::size_t>(step)].value, value);
  it.send(batch_frame({2, 2, 2}, {BlockSpec{.values = {1}}}));
  EXPECT_EQ(it.last.first_step, 0) << "another run counts for itself";
}

TEST_P(BatchTest, TimesThatAreLeftOutAreTheArrivals) {
  it.clock.now = 1234;
  it.send(batch_frame({1, 1, 2}, {{{{"m", ""}}, {1, 2}, {}, {1, 2}}}));
  it.clock.now = 99'999;
  in_the_middle();
  EXPECT_EQ(it.points(1, "m"), (std::vector<Point>{{1, 1234, 1}, {2, 1234, 2}}));
}

TEST_P(BatchTest, AFilledHoleBringsItsPointsOnce) {
  it.send(skip_frame({1, 1}, 2, 3));
  in_the_middle();
  const std::string late = batch_frame({1, 1, 3}, {BlockSpec{.values = {1, 2}}});
  EXPECT_EQ(it.send(late), applied(4));
  EXPECT_EQ(it.last.first_step, 0);
  EXPECT_EQ(it.send(late), duplicate(4));
  EXPECT_EQ(it.run(1).info->batches, 1u);
  EXPECT_EQ(steps("loss").size(), 2u);
}

TEST_P(BatchTest, ShapesThatAreRefusedSayWhyAndBringNothing) {
  EXPECT_EQ(it.send(frame(Kind::kBatch, {1, 1, 2}, "")), (Said{VerdictCode::kInvalid, 3}));
  EXPECT_EQ(it.send(frame(Kind::kBatch, {1, 1, 3}, std::string(64, '\x7f'))),
            (Said{VerdictCode::kInvalid, 4}));
  in_the_middle();
  EXPECT_FALSE(it.last.text.empty());
  EXPECT_TRUE(it.run(1).metrics.empty());
}

}  // namespace
}  // namespace stepwell::tracking
