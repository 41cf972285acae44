// One series in all places that it can be in at once, read in pages of every size.
#include "engine/store/snapshot.hpp"

#include <algorithm>
#include <map>

#include "tests/store/layers_fixture.hpp"
#include "tests/store/point_models.hpp"

namespace stepwell::store {
namespace {

constexpr std::uint64_t kAll = std::numeric_limits<std::size_t>::max();

class SnapshotTest : public LayersFixture {
 protected:
  void add(SeriesNumber series, const std::vector<Point>& points) {
    apply(series, points);
    model[series].insert(points.begin(), points.end());
  }

  // Some of the points that are known already.
  std::vector<Point> repeated(SeriesNumber series, SeededRandom& random, std::size_t count) {
    const std::vector<Point> known = listed(model[series]);
    std::vector<Point> some;
    for (std::size_t i = 0; i < count; ++i) some.push_back(known[random.below(known.size())]);
    return some;
  }

  // Chunks, blobs with late points and doubles, a frozen generation and an active one with more of
  // both.
  void fill() {
    SeededRandom random(61);
    const std::vector<SeriesNumber> series = {{1}, {2}, {40}, {41}};
    for (const SeriesNumber number : series) {
      add(number, points_of(regular_points(0, 2, 64 * 12)));
    }
    checkpoint();
    for (int round = 0; round < 4; ++round) {
      for (const SeriesNumber number : series) {
        add(number, repeated(number, random, 3));
        // Too spread to be rewritten.
        for (int i = 0; i < 5; ++i) add(number, {some_point(random, 64 * 24)});
        add(number, points_of(regular_points(1536 + round * 10, 2, 5)));
      }
      for (std::uint64_t other = 10; other < 30; ++other) add({other}, {{round, 0, 1.0}});
      if (round < 2) checkpoint();
      if (round == 2) frozen = freeze();
    }
    const auto checked = check_index(*index, *layout, [](const auto& text) { FAIL() << text; });
    ASSERT_GT(checked.value().points, 0u);
    ASSERT_GT(checked.value().tail_points, 0u);
    ASSERT_FALSE(layers->active_is_empty());
  }

  // Of all values but NaN: every series has some.
  static std::pair<double, double> extremes(const PointSet& points) {
    std::vector<double> values;
    for (const Point& point : points) {
      if (!std::isnan(point.value)) values.push_back(point.value);
    }
    const auto [least, greatest] = std::minmax_element(values.begin(), values.end());
    return {*least, *greatest};
  }

  std::vector<Point> read(SeriesNumber series, const PointRange& range, std::size_t limit) const {
    const auto snapshot = layers->snapshot();
    const auto page = snapshot.value().points(kRun, series, range, limit);
    EXPECT_TRUE(page.has_value()) << page.error().text;
    return page ? points_of(page.value()) : std::vector<Point>();
  }

  std::vector<Point> wanted(SeriesNumber series, const PointRange& range, std::size_t limit) const {
    std::vector<Point> points;
    const auto at = model.find(series);
    if (at == model.end()) return points;
    for (const Point& point : at->second) {
      if (range.contains(point) && points.size() < limit) points.push_back(point);
    }
    return points;
  }

  PointSet points_in_chunks(SeriesNumber series) const {
    PointSet points;
    const auto transaction = index->begin_read();
    ChunkReader chunks(transaction.value(), *layout);
    EXPECT_TRUE(visit_rows(transaction.value(), *layout, {kRun, series}, least_point(),
                           greatest_point(), [&](const DirectoryRow& row) {
                             for (const ChunkEntry& entry : row.entries) {
                               Columns chunk;
                               EXPECT_TRUE(chunks.read(entry, chunk));
                               for (const Point& point : points_of(chunk)) points.insert(point);
                             }
                             return true;
                           }));
    return points;
  }

  // First and last points of chunks, where a page's end may fall; and all that are in no chunk.
  std::vector<Point> borders(SeriesNumber series) const {
    std::vector<Point> borders = {least_point(), greatest_point()};
    const auto transaction = index->begin_read();
    EXPECT_TRUE(visit_rows(transaction.value(), *layout, {kRun, series}, least_point(),
                           greatest_point(), [&](const DirectoryRow& row) {
                             for (const ChunkEntry& entry : row.entries) {
                               borders.push_back(entry.stats.first);
                               borders.push_back(entry.stats.last);
                             }
                             return true;
                           }));
    const PointSet sealed_ones = points_in_chunks(series);
    for (const Point& point : model.at(series)) {
      if (!sealed_ones.contains(point)) borders.push_back(point);
    }
    return borders;
  }

  std::map<SeriesNumber, PointSet> model;
  std::unique_ptr<Checkpoint> frozen;
};

TEST_F(SnapshotTest, AllPlacesReadAsOneSetAtEveryStepOfACheckpoint) {
  ASSERT_NO_FATAL_FAILURE(fill());
  bool more = true;
  while (more) {
    for (const auto& [series, points] : model) {
      ASSERT_EQ(read(series, {least_point(), greatest_point()}, kAll), listed(points))
          << "series " << series.value;
      const auto snapshot = layers->snapshot();
      const auto summary = snapshot.value().summary(kRun, series);
      ASSERT_TRUE(summary.has_value()) << summary.error().text;
      ASSERT_EQ(summary.value().count, points.size()) << "series " << series.value;
      ASSERT_EQ(summary.value().first, *points.begin());
      ASSERT_EQ(summary.value().latest, *points.rbegin());
      const auto [least, greatest] = extremes(points);
      ASSERT_EQ(summary.value().value_min, least) << "series " << series.value;
      ASSERT_EQ(summary.value().value_max, greatest) << "series " << series.value;
    }
    more = frozen->step().value();
  }
}

TEST_F(SnapshotTest, PagesOfEverySizeAddUp) {
  ASSERT_NO_FATAL_FAILURE(fill());
  for (const std::size_t limit :
       {2u, 3u, 63u, 64u, 65u, 66u, 127u, 128u, 129u, 767u, 768u, 769u, 5000u}) {
    std::vector<Point> all;
    PointRange range{least_point(), greatest_point()};
    while (true) {
      // The last point sent is found again.
      auto page = read({1}, range, limit);
      ASSERT_EQ(page, wanted({1}, range, limit)) << "pages of " << limit;
      const bool is_last = page.size() < limit;
      if (!all.empty()) page.erase(page.begin());
      all.insert(all.end(), page.begin(), page.end());
      if (is_last) break;
      range.first = all.back();
    }
    ASSERT_EQ(all, listed(model[{1}])) << "pages of " << limit;
  }
}

TEST_F(SnapshotTest, RangesThatBeginAndEndAtBordersAndAtYoungPoints) {
  ASSERT_NO_FATAL_FAILURE(fill());
  const auto borders = this->borders({40});
  ASSERT_GE(borders.size(), 40u);
  SeededRandom random(62);
  for (int i = 0; i < 1000; ++i) {
    Point ends[2];
    for (Point& end : ends) {
      end = borders[random.below(borders.size())];
      const auto near = static_cast<std::int64_t>(random.below(3)) - 1;
      if (end.step != kMin && end.step != kMax) end.step += near;
    }
    const PointRange range{std::min(ends[0], ends[1]), std::max(ends[0], ends[1])};
    for (const std::size_t limit : {std::size_t{1}, std::size_t{63}, std::size_t{64}, kAll}) {
      ASSERT_EQ(read({40}, range, limit), wanted({40}, range, limit))
          << "steps " << range.first.step << " to " << range.last.step << " limit " << limit;
    }
  }
}

// A question may ask for nothing: for no points, or from a later step to an earlier one.
TEST_F(SnapshotTest, EmptyQuestionsHaveEmptyAnswers) {
  ASSERT_NO_FATAL_FAILURE(fill());
  EXPECT_EQ(read({1}, {least_point(), greatest_point()}, 0), std::vector<Point>());
  for (std::int64_t step = -1; step < 200; step += 7) {
    EXPECT_EQ(read({1}, step_range(step, step - 1), kAll), std::vector<Point>());
    EXPECT_EQ(read({1}, step_range(step + 20, step), 5), std::vector<Point>());
  }
  EXPECT_EQ(read({1}, {greatest_point(), least_point()}, kAll), std::vector<Point>());
  EXPECT_EQ(read({3}, {least_point(), greatest_point()}, kAll), std::vector<Point>());
  const auto snapshot = layers->snapshot();
  EXPECT_EQ(snapshot.value().summary(kRun, {3}).value().count, 0u);
  EXPECT_EQ(snapshot.value().summary({2}, {1}).value().count, 0u) << "another run";
  EXPECT_TRUE(std::isnan(snapshot.value().summary({2}, {1}).value().value_min));
}

// The part of a blob that was read last is kept; whoever jumps about still finds everything.
TEST_F(SnapshotTest, SeriesAreFoundInAnyOrder) {
  ASSERT_NO_FATAL_FAILURE(fill());
  SeededRandom random(63);
  const auto snapshot = layers->snapshot();
  const PointRange all{least_point(), greatest_point()};
  for (int i = 0; i < 500; ++i) {
    const SeriesNumber series{random.below(45)};
    const auto page = snapshot.value().points(kRun, series, all, kAll);
    ASSERT_EQ(points_of(page.value()), wanted(series, all, kAll)) << "series " << series.value;
  }
}

}  // namespace
}  // namespace stepwell::store
