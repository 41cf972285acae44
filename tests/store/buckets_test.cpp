// Buckets against a plain model: every layout, axis, width and range; and what is answered without
// a look at the points.
#include "engine/store/buckets.hpp"

#include <bit>

#include "tests/store/random_layout.hpp"

namespace stepwell::store {
namespace {

constexpr Extent kEverything{kMin, kMax};

// Halved and rounded down, step by step.
std::int64_t model_number(std::int64_t coordinate, unsigned log2_width) {
  if (log2_width == 64) return 0;
  for (; log2_width > 0; --log2_width) {
    coordinate = coordinate / 2 - (coordinate < 0 && coordinate % 2 != 0 ? 1 : 0);
  }
  return coordinate;
}

std::vector<Bucket> model_buckets(const PointSet& points, const BucketQuestion& question) {
  std::vector<Bucket> buckets(question.grid.count);
  std::vector<std::vector<Point>> members(question.grid.count);
  for (const Point& point : points) {
    const bool by_time = question.axis == Axis::kTime;
    const std::int64_t at = by_time ? point.timestamp_ms : point.step;
    if (at < question.within.least || question.within.greatest < at) continue;
    const std::int64_t number = model_number(at, question.grid.log2_width);
    if (number < question.grid.first) continue;
    // Without a sign: the grid may go on beyond the axis.
    const std::uint64_t place =
        static_cast<std::uint64_t>(number) - static_cast<std::uint64_t>(question.grid.first);
    if (place < members.size()) members[place].push_back(point);
  }
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    auto& of = members[i];
    if (of.empty()) continue;
    std::ranges::sort(of, [&](const Point& a, const Point& b) {
      if (question.axis == Axis::kTime && a.timestamp_ms != b.timestamp_ms) {
        return a.timestamp_ms < b.timestamp_ms;
      }
      return a < b;
    });
    Bucket& bucket = buckets[i];
    bucket.count = of.size();
    bucket.first = of.front();
    bucket.last = of.back();
    for (const Point& point : of) {
      if (std::isnan(point.value)) {
        ++bucket.nan_count;
        continue;
      }
      if (point.value < bucket.value_min) bucket.value_min = point.value;
      if (point.value > bucket.value_max) bucket.value_max = point.value;
    }
    if (bucket.value_min == 0) bucket.value_min = 0.0;
    if (bucket.value_max == 0) bucket.value_max = 0.0;
  }
  return buckets;
}

std::string shown(const std::vector<Bucket>& buckets) {
  std::string text;
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    const Bucket& b = buckets[i];
    if (b.count == 0) continue;
    const auto bits = [](double value) { return std::bit_cast<std::uint64_t>(value); };
    text += fmt::format("{}: {} nan {} min {:x} max {:x} first {} {} {:x} last {} {} {:x}\n", i,
                        b.count, b.nan_count, bits(b.value_min), bits(b.value_max), b.first.step,
                        b.first.timestamp_ms, b.first.bits(), b.last.step, b.last.timestamp_ms,
                        b.last.bits());
  }
  return text;
}

class BucketsTest : public RandomLayout {
 protected:
  Result<std::vector<Bucket>> read(const BucketQuestion& question) const {
    return layers->snapshot().value().buckets(kRun, kSeries, question);
  }
  void expect_exact(const BucketQuestion& question) {
    const auto found = read(question);
    ASSERT_TRUE(found.has_value()) << found.error().text;
    ASSERT_EQ(found.value().size(), question.grid.count);
    ASSERT_EQ(shown(found.value()), shown(model_buckets(model, question)))
        << (question.axis == Axis::kTime ? "time" : "step") << " width 2^"
        << question.grid.log2_width << " from " << question.grid.first << ", "
        << question.grid.count << " of them, within " << question.within.least << " to "
        << question.within.greatest;
  }

  // An extent that ends where something may go wrong: anywhere near points, or at the axis's ends.
  Extent some_extent(Axis axis, SeededRandom& random) const {
    const std::vector<Point> points = listed(model);
    std::int64_t ends[2];
    for (std::int64_t& end : ends) {
      const Point& point = points[random.below(points.size())];
      end = axis == Axis::kTime ? point.timestamp_ms : point.step;
      if (end != kMin && end != kMax) end += static_cast<std::int64_t>(random.below(3)) - 1;
    }
    return {std::min(ends[0], ends[1]), std::max(ends[0], ends[1])};
  }

  void ask(SeededRandom& random) {
    for (const Axis axis : {Axis::kStep, Axis::kTime}) {
      const auto extent = layers->snapshot().value().extent(kRun, kSeries, axis);
      ASSERT_TRUE(extent.has_value() && extent.value().has_value());
      std::vector<std::int64_t> all;
      for (const Point& point : model) {
        all.push_back(axis == Axis::kTime ? point.timestamp_ms : point.step);
      }
      ASSERT_EQ(extent.value()->least, *std::ranges::min_element(all));
      ASSERT_EQ(extent.value()->greatest, *std::ranges::max_element(all));
      for (const std::uint32_t most : {1U, 2U, 7U, 50U, 1000U}) {
        const Grid whole = Grid::covering(*extent.value(), most);
        ASSERT_NO_FATAL_FAILURE(expect_exact({axis, whole, kEverything}));
        const Extent part = some_extent(axis, random);
        ASSERT_NO_FATAL_FAILURE(expect_exact({axis, Grid::covering(part, most), kEverything}));
        ASSERT_NO_FATAL_FAILURE(expect_exact({axis, Grid::covering(part, most), part}));
        ASSERT_NO_FATAL_FAILURE(expect_exact({axis, whole, some_extent(axis, random)}));
      }
    }
  }
};

class BucketsTestLayouts : public BucketsTest, public testing::WithParamInterface<std::uint64_t> {};

TEST_P(BucketsTestLayouts, AreExactInEveryLayoutAndInTheMiddleOfACheckpoint) {
  SeededRandom random(GetParam());
  const Times times = kAllTimes[GetParam() % std::size(kAllTimes)];
  ASSERT_NO_FATAL_FAILURE(fill(times, random));
  ASSERT_NO_FATAL_FAILURE(ask(random));
  while (frozen && step()) ASSERT_NO_FATAL_FAILURE(ask(random));
  ASSERT_NO_FATAL_FAILURE(ask(random));
  expect_sound();
}
INSTANTIATE_TEST_SUITE_P(Seeds, BucketsTestLayouts, testing::Range<std::uint64_t>(0, 30));

// Steps around every border of buckets of one width, sealed, in the tail, and pending.
TEST_F(BucketsTest, BordersBelongToOneBucket) {
  for (const std::int64_t base : {std::int64_t{-4096}, std::int64_t{0}, kMin, kMax - 4096}) {
    std::vector<Point> points;
    for (std::int64_t border = 0; border < 4096; border += 16) {
      for (const std::int64_t near : {0, 1, 15}) {
        points.push_back({base + border + near, base + border + near, 1.0});
      }
    }
    add(points);
  }
  for (int where = 0; where < 2; ++where) {
    for (const Axis axis : {Axis::kStep, Axis::kTime}) {
      for (const Extent& extent : {Extent{-4096, 4095}, Extent{kMin, kMin + 4000},
                                   Extent{kMax - 4000, kMax}, Extent{-1, 0}, kEverything}) {
        for (std::uint32_t most = 1; most <= 1024; most *= 2) {
          const Grid grid = Grid::covering(extent, most);
          ASSERT_NO_FATAL_FAILURE(expect_exact({axis, grid, kEverything}));
          ASSERT_NO_FATAL_FAILURE(expect_exact({axis, grid, extent}));
        }
      }
    }
    checkpoint();
  }
}

TEST_F(BucketsTest, WithoutUnsealedPointsEntriesAnswerAlone) {
  add(points_of(regular_points(-640, 1, 64 * 30)));
  checkpoint();
  const Grid as_chunks = Grid::covering({-640, 1279}, 30);
  ASSERT_EQ(as_chunks.log2_width, 6u);
  ASSERT_NO_FATAL_FAILURE(expect_exact({Axis::kStep, as_chunks, kEverything}));
  ASSERT_NO_FATAL_FAILURE(lose_chunks_from(0));
  expect_exact({Axis::kStep, as_chunks, kEverything});
  expect_exact({Axis::kStep, as_chunks, {-64, 127}});
  expect_exact({Axis::kStep, Grid::covering({-640, 1279}, 4), kEverything});
  // The times of these points rise by one with the steps, and begin where chunks do not.
  expect_exact({Axis::kTime, Grid::covering({kMin, kMax}, 2), kEverything});
  for (const BucketQuestion& question :
       {BucketQuestion{Axis::kStep, Grid::covering({-640, 1279}, 60), kEverything},
        BucketQuestion{Axis::kStep, as_chunks, {-63, 127}}}) {
    const auto found = read(question);
    ASSERT_FALSE(found.has_value()) << "a part of a chunk without a look into it";
    EXPECT_EQ(found.error().kind, ErrorKind::kCorrupt);
  }
  // One point in the range of a chunk, and its count is no longer known.
  add({{5, 0, 0}});
  const auto found = read({Axis::kStep, as_chunks, kEverything});
  ASSERT_FALSE(found.has_value());
  expect_exact({Axis::kStep, as_chunks, {64, 1279}});
}

TEST_F(BucketsTest, ASeriesWithoutPointsHasNoExtentAndEmptyBuckets) {
  const auto snapshot = layers->snapshot();
  EXPECT_FALSE(snapshot.value().extent(kRun, {99}, Axis::kStep).value().has_value());
  EXPECT_FALSE(snapshot.value().extent(kRun, {99}, Axis::kTime).value().has_value());
  add({{5, 0, 0}});
  expect_exact({Axis::kStep, {}, kEverything});
  expect_exact({Axis::kStep, Grid::covering({0, 9}, 5), {9, 0}});
  expect_exact({Axis::kStep, {0, kMax, 4}, kEverything});
}

TEST(Grid, IsTheFinestThatCoversWithSoManyBuckets) {
  SeededRandom random(5);
  const std::int64_t ends[] = {kMin, kMin + 1, -1025, -1024, -1, 0, 1, 1023, 1024, kMax - 1, kMax};
  for (const std::int64_t least : ends) {
    for (const std::int64_t greatest : ends) {
      if (greatest < least) continue;
      for (const std::uint32_t most : {1U, 2U, 3U, 4U, 1000U, 1024U, 10'000U}) {
        const Grid grid = Grid::covering({least, greatest}, most);
        ASSERT_LE(grid.count, most);
        ASSERT_TRUE(grid.extent().contains({least, greatest}));
        ASSERT_EQ(grid.number_of(least), grid.first);
        ASSERT_EQ(model_number(greatest, grid.log2_width), grid.first + (grid.count - 1));
        if (grid.log2_width == 0) continue;
        const double finer = std::ldexp(1.0, static_cast<int>(grid.log2_width) - 1);
        const double buckets = std::floor(static_cast<double>(greatest) / finer) -
                               std::floor(static_cast<double>(least) / finer) + 1;
        // Of doubles, so only where the difference is clear.
        if (std::abs(buckets) < 1e15) {
          EXPECT_GE(buckets, most) << least << " " << greatest;
        }
      }
    }
  }
}

TEST(Grid, ExtentsOfNeighboursMeet) {
  for (unsigned bits = 0; bits < 64; ++bits) {
    Grid grid{bits, 0, 1};
    const std::int64_t last = grid.number_of(kMax);
    EXPECT_EQ(grid.extent_of(last).greatest, kMax);
    EXPECT_EQ(grid.extent_of(grid.number_of(kMin)).least, kMin);
    EXPECT_EQ(grid.extent_of(-1).greatest, -1);
    EXPECT_EQ(grid.extent_of(0).least, 0);
    for (const std::int64_t coordinate :
         {kMin, kMin + 5, std::int64_t{-1}, std::int64_t{77}, kMax}) {
      const Extent extent = grid.extent_of(grid.number_of(coordinate));
      EXPECT_TRUE(extent.contains({coordinate, coordinate}));
      EXPECT_EQ(model_number(coordinate, bits), grid.number_of(coordinate));
    }
  }
  EXPECT_TRUE((Grid{64, 0, 1}).extent().contains(kEverything));
}

}  // namespace
}  // namespace stepwell::store
