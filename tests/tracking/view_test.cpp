// Listings, run data and positions from one snapshot; histories as pages.

#include "engine/tracking/view.hpp"

#include <fmt/format.h>

#include "protocol/batch.hpp"
#include "protocol/context.hpp"
#include "tests/tracking/tracking_fixture.hpp"

namespace stepwell::tracking {
namespace {

class ViewTest : public TrackingTest {
 protected:
  void delete_run(std::uint64_t run) {
    wire::RunStageT command;
    command.deleted = true;
    it.send(command_frame(Kind::kRunStage, command, run), wal::Door::kRest);
  }
  // Ids of all pages of `limit`, and how many pages it took.
  std::pair<std::vector<RunId>, int> list(std::uint64_t experiment, wire::ViewStage stage,
                                          std::uint32_t limit) {
    wire::ListRunsT question;
    question.experiment = experiment;
    question.stage = stage;
    question.limit = limit;
    std::vector<RunId> ids;
    int pages = 0;
    do {
      const auto answer = it.view().list_runs(question).value();
      EXPECT_LE(answer.runs.size(), limit);
      for (const auto& info : answer.runs) ids.push_back(protocol::from_wire<RunId>(*info->run));
      question.after = answer.next;
      ++pages;
    } while (question.after != 0);
    return {ids, pages};
  }
  static std::vector<RunId> ids(const std::vector<std::uint64_t>& numbers) {
    std::vector<RunId> ids;
    for (const auto number : numbers) ids.push_back(run_id(number));
    return ids;
  }
};
INTERRUPTED(ViewTest);

constexpr std::uint64_t kAll = ~std::uint64_t{0};

TEST_P(ViewTest, RunsAreListedInPagesInTheOrderOfTheirCreation) {
  for (const std::uint64_t run : {9U, 3U, 7U, 1U, 5U}) {
    it.send(open_frame({run, 1, 1}, {.experiment = run > 4 ? "big" : "small"}));
    if (run == 7) in_the_middle();
  }
  delete_run(7);
  using wire::ViewStage;
  EXPECT_EQ(list(kAll, ViewStage::All, 100), std::pair(ids({9, 3, 7, 1, 5}), 1));
  EXPECT_EQ(list(kAll, ViewStage::All, 2), std::pair(ids({9, 3, 7, 1, 5}), 3));
  EXPECT_EQ(list(kAll, ViewStage::All, 5), std::pair(ids({9, 3, 7, 1, 5}), 1))
      << "no empty last page";
  EXPECT_EQ(list(kAll, ViewStage::Active, 1), std::pair(ids({9, 3, 1, 5}), 4));
  EXPECT_EQ(list(kAll, ViewStage::Deleted, 1), std::pair(ids({7}), 1));
  EXPECT_EQ(list(1, ViewStage::All, 2), std::pair(ids({9, 7, 5}), 2));
  EXPECT_EQ(list(2, ViewStage::Active, 2), std::pair(ids({3, 1}), 1));
  EXPECT_EQ(list(77, ViewStage::All, 2), std::pair(ids({}), 1));
}

TEST_P(ViewTest, ExperimentsAreListedInPagesWithTheirRuns) {
  for (std::uint64_t i = 1; i <= 5; ++i)
    it.send(open_frame({i, 1, 1}, {.experiment = fmt::format("e{}", i)}));
  in_the_middle();
  it.send(open_frame({6, 1, 1}, {.experiment = "e3"}));
  wire::ListExperimentsT question;
  question.limit = 2;
  std::string shown;
  do {
    const auto answer = it.view().list_experiments(question).value();
    for (const auto& info : answer.experiments)
      shown += fmt::format("{}:{}:{} ", info->id, info->name, info->runs);
    shown += "| ";
    question.after = answer.next;
  } while (question.after != 0);
  EXPECT_EQ(shown, "1:e1:1 2:e2:1 | 3:e3:2 4:e4:1 | 5:e5:1 | ");
}

TEST_P(ViewTest, ARunShowsItsMetricsByKeyAndContextWithTheirLatestPoint) {
  const std::string rank = protocol::encode_context({{"rank", "1"}}).value();
  it.send(open_frame({1, 1, 1}));
  it.send(batch_frame({1, 1, 2}, "loss", {{5, 50, 1.5}, {2, 90, 9.5}}));
  in_the_middle();
  it.send(batch_frame({1, 1, 3}, "loss", {{7, 1, 3.5}}, rank));
  it.send(batch_frame({1, 1, 4}, "acc", {{1, 1, 0.5}, {1, 1, 0.25}, {1, 1, 0.5}}));
  it.send(batch_frame({1, 1, 5}, "loss", {{5, 50, 1.5}, {4, 1000, 0}}));
  const auto run = it.run(1);
  std::string shown;
  for (const auto& metric : run.metrics) {
    shown +=
        fmt::format("{}{} {}@{} at {} of {}; ", metric->key, metric->context,
                    protocol::value_of(*metric), metric->step, metric->timestamp_ms, metric->count);
  }
  EXPECT_EQ(shown, "acc 0.5@1 at 1 of 2; loss 1.5@5 at 50 of 3; loss{rank=1} 3.5@7 at 1 of 1; ");
  EXPECT_EQ(run.info->series, 3u);
  EXPECT_FALSE(it.view().run(run_id(2)).value().has_value());
}

TEST_P(ViewTest, PositionsTellEachWritersNextSequenceOfEachRun) {
  it.send(open_frame({1, 1, 1}));
  it.send(tags_frame({1, 1, 2}, {}));
  it.send(open_frame({2, 1, 1}));
  in_the_middle();
  it.send(open_frame({1, 2, 1}));
  EXPECT_EQ(it.next_of(1, 1), 3u);
  EXPECT_EQ(it.next_of(2, 1), 2u) << "a stream is of a run and a writer";
  EXPECT_EQ(it.next_of(1, 2), 2u);
  EXPECT_EQ(it.next_of(2, 2), 1u);
  EXPECT_EQ(it.next_of(3, 3), 1u);
}

class HistoryTest : public ViewTest {
 protected:
  // "key{context}@step=value" of every point, in the order of the frames.
  std::string history(const wire::HistoryT& question) {
    const View view = it.view();
    History history = History::plan(view, question).value();
    std::string shown;
    while (const auto payload = history.next(view).value()) {
      const std::string frame = protocol::make_frame({}, *payload);
      const auto batch = protocol::BatchView::parse(as_bytes(frame).subspan(64)).value();
      for (const auto& block : batch.blocks) {
        std::string name;
        block.keys.for_each([&](std::string_view key, std::string_view context) {
          name = std::string(key) + protocol::show_context(context);
        });
        for (std::uint32_t i = 0; i < block.points; ++i) {
          shown += fmt::format("{}@{}={} ", name, block.steps[i], block.values[i]);
        }
      }
    }
    return shown;
  }
  static wire::HistoryT question(std::vector<std::string> keys = {}, bool all = false) {
    wire::HistoryT question;
    question.run = std::make_unique<wire::Id>(protocol::to_wire(run_id(1)));
    question.keys = std::move(keys);
    question.all_contexts = all;
    return question;
  }
};
INTERRUPTED(HistoryTest);

TEST_P(HistoryTest, ItHoldsTheSeriesAndStepsThatWereAskedFor) {
  const std::string rank = protocol::encode_context({{"rank", "1"}}).value();
  it.send(open_frame({1, 1, 1}));
  it.send(batch_frame({1, 1, 2}, "b", {{3, 0, 3}, {1, 0, 1}, {2, 0, 2}}));
  in_the_middle();
  it.send(batch_frame({1, 1, 3}, "a", {{2, 0, 7}}, rank));
  it.send(batch_frame({1, 1, 4}, "a", {{-5, 0, 5}, {2, 0, 6}}));
  EXPECT_EQ(history(question()), "a@-5=5 a@2=6 b@1=1 b@2=2 b@3=3 ");
  EXPECT_EQ(history(question({}, true)), "a@-5=5 a@2=6 a{rank=1}@2=7 b@1=1 b@2=2 b@3=3 ");
  EXPECT_EQ(history(question({"a"}, true)), "a@-5=5 a@2=6 a{rank=1}@2=7 ");
  EXPECT_EQ(history(question({"nothing"})), "");
  auto range = question();
  range.first_step = 2;
  range.last_step = 2;
  EXPECT_EQ(history(range), "a@2=6 b@2=2 ");
  range.last_step = 1;
  EXPECT_EQ(history(range), "");
  auto other = question();
  *other.run = protocol::to_wire(run_id(9));
  EXPECT_EQ(History::plan(it.view(), other).error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(History::plan(it.view(), {}).error().kind, ErrorKind::kInvalid);
  other.order = static_cast<wire::PointOrder>(2);
  EXPECT_EQ(History::plan(it.view(), other).error().kind, ErrorKind::kInvalid);
}

TEST_P(HistoryTest, ByTimeItComesByTimestampStepAndValue) {
  it.send(open_frame({1, 1, 1}));
  it.send(batch_frame({1, 1, 2}, "b", {{3, 10, 3}, {1, 30, 1}, {2, 20, 2}}));
  in_the_middle();
  it.send(batch_frame({1, 1, 3}, "b", {{9, 20, 9}, {2, 20, -2}, {3, 10, 3}}));
  it.send(batch_frame({1, 1, 4}, "a", {{1, 1, 1}}));
  auto asked = question();
  asked.order = wire::PointOrder::Time;
  EXPECT_EQ(history(asked), "a@1=1 b@3=3 b@2=-2 b@2=2 b@9=9 b@1=1 ");
  asked.first_step = 2;
  asked.last_step = 3;
  EXPECT_EQ(history(asked), "b@3=3 b@2=-2 b@2=2 ");
}

TEST_P(HistoryTest, ByTimeALongOneComesInPagesToo) {
  it.send(open_frame({1, 1, 1}));
  constexpr std::int64_t kPoints = 2 * History::kPagePoints + 5;
  std::vector<Point> points, wanted(kPoints);
  for (std::int64_t i = 0; i < kPoints; ++i) {
    points.push_back({i, i * 7919 % kPoints, 0.5});
    wanted[static_cast<std::size_t>(points.back().timestamp_ms)] = points.back();
  }
  it.send(batch_frame({1, 1, 2}, "m", {points.begin(), points.begin() + 90'000}));
  in_the_middle();
  it.send(batch_frame({1, 1, 3}, "m", {points.begin() + 90'000, points.end()}));
  auto asked = question();
  asked.order = wire::PointOrder::Time;
  History history = History::plan(it.view(), asked).value();
  std::vector<Point> seen;
  while (const auto page = history.next_page(it.view()).value()) {
    EXPECT_LE(page->points.size(), History::kPagePoints);
    seen.insert(seen.end(), page->points.begin(), page->points.end());
  }
  EXPECT_EQ(seen, wanted);
}

TEST_P(HistoryTest, ALongOneComesInPagesAndEachPageMayHaveItsOwnSnapshot) {
  it.send(open_frame({1, 1, 1}));
  constexpr std::int64_t kPoints = 2 * History::kPagePoints + 5;
  std::vector<Point> points;
  for (std::int64_t i = 0; i < kPoints; ++i) points.push_back({i * 2, 0, 0.5});
  it.send(batch_frame({1, 1, 2}, "m", {points.begin(), points.begin() + 20'000}));
  in_the_middle();
  it.send(batch_frame({1, 1, 3}, "m", {points.begin() + 20'000, points.end()}));
  it.send(batch_frame({1, 1, 4}, "z", {{1, 1, 1}}));
  History history = History::plan(it.view(), question()).value();
  std::vector<Point> seen;
  std::uint64_t sequence = 5;
  while (const auto page = history.next_page(it.view()).value()) {
    EXPECT_LE(page->points.size(), History::kPagePoints);
    if (page->series->key == "m") seen.insert(seen.end(), page->points.begin(), page->points.end());
    // What comes meanwhile moves nothing that was acknowledged before.
    it.send(batch_frame({1, 1, sequence++}, "m", {{1, 0, 0.25}, {3, 0, 0.25}}));
  }
  EXPECT_EQ(seen, points);
  EXPECT_EQ(history.points(), points.size() + 1);
}

TEST_P(HistoryTest, AFullLastPageEndsTheSeries) {
  it.send(open_frame({1, 1, 1}));
  std::vector<Point> points;
  for (std::int64_t i = 0; i < static_cast<std::int64_t>(History::kPagePoints); ++i)
    points.push_back({i, 0, 1});
  it.send(batch_frame({1, 1, 2}, "m", points));
  in_the_middle();
  EXPECT_EQ(it.points(1, "m"), points);
}

}  // namespace
}  // namespace stepwell::tracking
