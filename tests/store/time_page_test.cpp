// Histories by time against a plain model: every layout, pages of every size.
#include "engine/store/time_page.hpp"

#include "tests/store/random_layout.hpp"

namespace stepwell::store {
namespace {

constexpr PointRange kAllPoints{{kMin, kMin, -std::numeric_limits<double>::infinity()},
                                {kMax, kMax, std::numeric_limits<double>::infinity()}};

class TimePageTest : public RandomLayout {
 protected:
  std::vector<Point> by_time(const PointRange& range) const {
    std::vector<Point> points;
    for (const Point& point : model) {
      if (range.contains(point)) points.push_back(point);
    }
    std::ranges::stable_sort(points, {}, &Point::timestamp_ms);
    return points;
  }
  Result<Columns> page(const PointRange& range, const std::optional<Point>& after,
                       std::size_t limit) const {
    return layers->snapshot().value().points_by_time(kRun, kSeries, range, after, limit);
  }
  void expect_pages(const PointRange& range, std::size_t limit) {
    const std::vector<Point> wanted = by_time(range);
    std::optional<Point> after;
    std::vector<Point> all;
    while (true) {
      const auto found = page(range, after, limit);
      ASSERT_TRUE(found.has_value()) << found.error().text;
      ASSERT_LE(found.value().size(), limit);
      all.insert(all.end(), found.value().begin(), found.value().end());
      ASSERT_LE(all.size(), wanted.size()) << "limit " << limit;
      ASSERT_TRUE(found.value().size() == limit || all.size() == wanted.size())
          << "a short page in the middle, limit " << limit;
      if (found.value().size() < limit) break;
      after = all.back();
    }
    ASSERT_EQ(bits_of(all), bits_of(wanted)) << "limit " << limit;
  }
};

class TimePageTestLayouts : public TimePageTest,
                            public testing::WithParamInterface<std::uint64_t> {};

TEST_P(TimePageTestLayouts, PagesOfEverySizeAddUpInEveryLayout) {
  SeededRandom random(GetParam());
  const Times times = kAllTimes[GetParam() % std::size(kAllTimes)];
  ASSERT_NO_FATAL_FAILURE(fill(times, random));
  do {
    for (const std::size_t limit :
         {std::size_t{5}, std::size_t{63}, std::size_t{64}, std::size_t{65}, 1 + random.below(500),
          model.size() - 1, model.size(), model.size() + 1}) {
      ASSERT_NO_FATAL_FAILURE(expect_pages(kAllPoints, limit));
    }
    const auto first = static_cast<std::int64_t>(random.below(1000)) - 200;
    const auto last = first + static_cast<std::int64_t>(random.below(1000));
    ASSERT_NO_FATAL_FAILURE(expect_pages(step_range(first, last), 1 + random.below(300)));
  } while (frozen && step());
}
INSTANTIATE_TEST_SUITE_P(Seeds, TimePageTestLayouts, testing::Range<std::uint64_t>(0, 25));

TEST_F(TimePageTest, EqualTimesGoByStepValueAndBits) {
  std::vector<Point> points;
  for (std::int64_t step = 0; step < 200; ++step) {
    for (const double value : {0.0, -0.0, 1.5, -1.5, std::nan("1"), std::nan("2")}) {
      points.push_back({step, step % 3, value});
    }
  }
  add(points);
  checkpoint();
  add({{3, 0, 0.0}, {500, 0, 1}, {-1, 0, 2}});
  for (std::size_t limit = 1; limit < 130; ++limit) {
    ASSERT_NO_FATAL_FAILURE(expect_pages(kAllPoints, limit));
  }
}

// Chunks that the page cannot have are not read: they are not even there.
TEST_F(TimePageTest, WhereTimesRiseAPageReadsItsChunksOnly) {
  add(points_of(regular_points(0, 1, 64 * 40)));
  checkpoint();
  std::size_t early = 16;
  ASSERT_NO_FATAL_FAILURE(lose_chunks_from(early));
  const std::vector<Point> wanted = by_time(kAllPoints);
  const auto found = page(kAllPoints, std::nullopt, 64 * (early - 1));
  ASSERT_TRUE(found.has_value()) << found.error().text;
  EXPECT_EQ(found.value().size(), 64 * (early - 1));
  EXPECT_EQ(found.value().back(), wanted[64 * (early - 1) - 1]);
  const auto next = page(kAllPoints, wanted[100], 64);
  ASSERT_TRUE(next.has_value()) << next.error().text;
  EXPECT_EQ(next.value().front(), wanted[101]);
  EXPECT_FALSE(page(kAllPoints, std::nullopt, 64 * 40).has_value());
}

// The earliest points are in the last chunks, and the others are not read for them.
TEST_F(TimePageTest, WhereTimesFallTheEarliestChunksAreReadFirst) {
  std::vector<Point> points;
  for (std::int64_t step = 0; step < 64 * 40; ++step) points.push_back({step, -step, 1});
  add(points);
  checkpoint();
  const std::vector<Point> wanted = by_time(kAllPoints);
  const auto all = page(kAllPoints, std::nullopt, 64 * 40);
  ASSERT_EQ(bits_of(all.value()), bits_of(wanted));
  ASSERT_NO_FATAL_FAILURE(lose_chunks_before(30));
  const auto found = page(kAllPoints, std::nullopt, 64 * 5);
  ASSERT_TRUE(found.has_value()) << found.error().text;
  EXPECT_EQ(bits_of(found.value()),
            bits_of(std::vector<Point>(wanted.begin(), wanted.begin() + 64 * 5)));
}

TEST_F(TimePageTest, EmptyQuestionsHaveEmptyAnswers) {
  EXPECT_TRUE(page(kAllPoints, std::nullopt, 10).value().empty());
  add(points_of(regular_points(0, 1, 200)));
  EXPECT_TRUE(page(kAllPoints, std::nullopt, 0).value().empty());
  EXPECT_TRUE(page(step_range(5, 4), std::nullopt, 10).value().empty());
  EXPECT_TRUE(page(kAllPoints, greatest_point(), 10).value().empty());
  EXPECT_TRUE(page(kAllPoints, by_time(kAllPoints).back(), 10).value().empty());
}

}  // namespace
}  // namespace stepwell::store
