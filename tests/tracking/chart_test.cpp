// Charts of many series: one grid, exact buckets, pages; and questions that are refused.

#include "engine/tracking/chart.hpp"

#include <fmt/format.h>

#include <map>

#include "protocol/context.hpp"
#include "protocol/limits.hpp"
#include "tests/tracking/tracking_fixture.hpp"

namespace stepwell::tracking {
namespace {

class ChartTest : public TrackingTest {
 protected:
  static wire::BucketsT question(const std::vector<std::uint64_t>& runs,
                                 std::vector<std::string> keys = {}) {
    wire::BucketsT question;
    for (const std::uint64_t run : runs) question.runs.push_back(protocol::to_wire(run_id(run)));
    question.keys = std::move(keys);
    return question;
  }
  static wire::BucketColumnsT decoded(const std::string& payload) {
    const std::string frame = protocol::make_frame({}, payload);
    return protocol::decode<wire::BucketColumnsT>(
               as_bytes(frame).subspan(sizeof(protocol::FrameHeader)))
        .value();
  }
  // "run key{context}: bucket=count/nans[min..max]first>last …" of every series, after the grid.
  std::string chart(const wire::BucketsT& asked) {
    const View view = it.view();
    Chart chart = Chart::plan(view, asked).value();
    std::string shown;
    while (const auto payload = chart.next(view).value()) {
      const auto page = decoded(*payload);
      if (shown.empty()) shown = fmt::format("2^{} from {}\n", page.log2_width, page.first_bucket);
      for (const auto& s : page.series) {
        shown += fmt::format("{} {}{}:", s->run->second(), s->key, s->context);
        for (std::size_t i = 0; i < s->bucket.size(); ++i) {
          shown += fmt::format(" {}={}/{}[{}..{}]{}>{}", s->bucket[i], s->count[i],
                               s->nan_count.empty() ? 0 : s->nan_count[i], s->min[i], s->max[i],
                               s->first_value[i], s->last_value[i]);
        }
        shown += "\n";
      }
    }
    return shown;
  }
  ErrorKind refusal(const wire::BucketsT& asked) {
    const auto planned = Chart::plan(it.view(), asked);
    return planned ? ErrorKind::kInternal : planned.error().kind;
  }
};
INTERRUPTED(ChartTest);

TEST_P(ChartTest, AllSeriesOfAllRunsShareOneGrid) {
  const std::string rank = protocol::encode_context({{"rank", "1"}}).value();
  it.send(open_frame({1, 1, 1}));
  it.send(open_frame({2, 1, 1}));
  it.send(batch_frame({1, 1, 2}, "loss", {{-3, 10, 7}, {0, 20, 2}, {1, 30, std::nan("")}}));
  in_the_middle();
  it.send(batch_frame({1, 1, 3}, "acc", {{4, 5, 0.5}}, rank));
  it.send(batch_frame({2, 1, 2}, "loss", {{12, 0, 1}, {13, 9, 3}, {0, 20, 5}, {13, 9, 3}}));
  EXPECT_EQ(chart(question({1, 2})),
            "2^0 from -3\n"
            "1 loss: 0=1/0[7..7]7>7 3=1/0[2..2]2>2 4=1/1[inf..-inf]nan>nan\n"
            "2 loss: 3=1/0[5..5]5>5 15=1/0[1..1]1>1 16=1/0[3..3]3>3\n");
  auto asked = question({2, 1}, {"loss"});
  asked.buckets_max = 5;
  EXPECT_EQ(chart(asked),
            "2^2 from -1\n"
            "2 loss: 1=1/0[5..5]5>5 4=2/0[1..3]1>3\n"
            "1 loss: 0=1/0[7..7]7>7 1=2/1[2..2]2>nan\n");
  asked = question({1}, {"acc", "nothing"});
  EXPECT_EQ(chart(asked), "") << "contexts are not asked for";
  asked.all_contexts = true;
  EXPECT_EQ(chart(asked), "2^0 from 4\n1 acc{rank=1}: 0=1/0[0.5..0.5]0.5>0.5\n");
}

TEST_P(ChartTest, ItsRangeAndAxisAreThoseAskedFor) {
  it.send(open_frame({1, 1, 1}));
  it.send(batch_frame({1, 1, 2}, "m", {{0, 100, 1}, {1, 90, 2}, {2, 80, 3}}));
  in_the_middle();
  it.send(batch_frame({1, 1, 3}, "m", {{3, 70, 4}, {4, 1'000'000, 5}}));
  auto asked = question({1});
  asked.axis = wire::Axis::Time;
  asked.last = 99;
  asked.buckets_max = 1;
  EXPECT_EQ(chart(asked), "2^6 from 1\n1 m: 0=3/0[2..4]4>2\n");
  asked.first = 80;
  asked.buckets_max = 20;
  EXPECT_EQ(chart(asked), "2^0 from 80\n1 m: 0=1/0[3..3]3>3 10=1/0[2..2]2>2\n");
  asked.first = 100;
  EXPECT_EQ(chart(asked), "");
  asked.axis = wire::Axis::Step;
  asked.first = 1;
  asked.last = 3;
  asked.buckets_max = 2;
  EXPECT_EQ(chart(asked), "2^1 from 0\n1 m: 0=1/0[2..2]2>2 1=2/0[3..4]3>4\n");
}

TEST_P(ChartTest, ALongOneComesInPagesEachWithItsOwnSnapshot) {
  constexpr std::int64_t kPoints = 10'000;
  std::vector<Point> points;
  for (std::int64_t i = 0; i < kPoints; ++i) points.push_back({i, i, 0.5});
  for (std::uint64_t run = 1; run <= 2; ++run) {
    it.send(open_frame({run, 1, 1}));
    for (std::uint64_t key = 0; key < 5; ++key) {
      it.send(batch_frame({run, 1, 2 + key}, fmt::format("m{}", key), points));
    }
    if (run == 1) in_the_middle();
  }
  auto asked = question({1, 2});
  asked.buckets_max = kPoints;
  Chart chart = Chart::plan(it.view(), asked).value();
  std::map<std::string, std::uint64_t> counts;
  std::size_t pages = 0;
  std::uint64_t sequence = 7;
  while (const auto payload = chart.next(it.view()).value()) {
    EXPECT_LE(payload->size(), Chart::kPageBytes + kPoints * 64);
    ++pages;
    for (const auto& series : decoded(*payload).series) {
      auto& count = counts[fmt::format("{} {}", series->run->second(), series->key)];
      EXPECT_EQ(count, 0u) << "a series comes once";
      for (const std::uint64_t one : series->count) count += one;
      EXPECT_EQ(series->bucket.back(), kPoints - 1);
    }
    // Within the grid and beyond it.
    it.send(batch_frame({2, 1, sequence}, "m4",
                        {{static_cast<std::int64_t>(sequence) + 1, 7, 9}, {kPoints + 5, 0, 1}}));
    ++sequence;
  }
  EXPECT_GE(pages, 3u);
  ASSERT_EQ(counts.size(), 10u);
  for (const auto& [name, count] : counts) {
    EXPECT_EQ(count, name == "2 m4" ? kPoints + pages - 1 : kPoints) << name;
  }
  EXPECT_EQ(chart.points(), 10 * kPoints + pages - 1);
}

TEST_P(ChartTest, QuestionsBeyondALimitAreRefused) {
  it.send(open_frame({1, 1, 1}));
  it.send(batch_frame({1, 1, 2}, "m", {{0, 100, 1}}));
  EXPECT_EQ(refusal(question({})), ErrorKind::kInvalid);
  EXPECT_EQ(refusal(question({1, 9})), ErrorKind::kNotFound);
  EXPECT_EQ(refusal(question(std::vector<std::uint64_t>(protocol::kChartRunsMax + 1, 1))),
            ErrorKind::kInvalid);
  EXPECT_TRUE(
      Chart::plan(it.view(), question(std::vector<std::uint64_t>(protocol::kChartRunsMax, 1))));
  auto asked = question({1}, std::vector<std::string>(SeriesFilter::kKeysMax + 1, "m"));
  EXPECT_EQ(refusal(asked), ErrorKind::kInvalid);
  asked.keys.pop_back();
  EXPECT_TRUE(Chart::plan(it.view(), asked));
  for (const std::uint32_t buckets : {0U, 10'001U}) {
    asked.buckets_max = buckets;
    EXPECT_EQ(refusal(asked), ErrorKind::kInvalid) << buckets;
  }
  asked.buckets_max = 10'000;
  EXPECT_TRUE(Chart::plan(it.view(), asked));
  asked.axis = static_cast<wire::Axis>(2);
  EXPECT_EQ(refusal(asked), ErrorKind::kInvalid);
}

TEST_P(ChartTest, ARunThatIsGoneMeanwhileEndsIt) {
  it.send(open_frame({1, 1, 1}));
  it.send(batch_frame({1, 1, 2}, "m", {{0, 100, 1}}));
  Chart chart = Chart::plan(it.view(), question({1})).value();
  wire::HistoryT asked;
  asked.run = std::make_unique<wire::Id>(protocol::to_wire(run_id(1)));
  History history = History::plan(it.view(), asked).value();
  const TrackingOnWorld without;
  const auto page = chart.next(without.view());
  ASSERT_FALSE(page.has_value());
  EXPECT_EQ(page.error().kind, ErrorKind::kNotFound);
  EXPECT_NE(page.error().text.find("gone"), std::string::npos);
  EXPECT_EQ(history.next(without.view()).error().kind, ErrorKind::kNotFound);
}

}  // namespace
}  // namespace stepwell::tracking
