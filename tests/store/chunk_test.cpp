#include "engine/store/chunk.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "engine/base/clock.hpp"
#include "engine/store/directory.hpp"
#include "tests/sim/job_script.hpp"

namespace stepwell::store {
namespace {

// Distinct points of every kind, in order.
Columns some_points(std::size_t count) {
  SeededRandom random(13);
  std::set<Point> set;
  while (set.size() < count) {
    const auto step = static_cast<std::int64_t>(random.next_u64());
    set.insert({random.one_in(3) ? step : static_cast<std::int64_t>(random.below(4)), step / 3,
                sim::some_value(random)});
  }
  Columns points;
  for (const Point& point : set) points.push_back(point);
  return points;
}

std::vector<std::uint64_t> bits_of(const ColumnsView& points) {
  std::vector<std::uint64_t> bits;
  for (std::size_t i = 0; i < points.size(); ++i) {
    bits.insert(bits.end(), {static_cast<std::uint64_t>(points.steps[i]),
                             static_cast<std::uint64_t>(points.times[i]), points[i].bits()});
  }
  return bits;
}

TEST(Chunk, GivesBackEveryBitAndOnlyTheWhole) {
  const Columns points = some_points(kChunkPoints);
  for (const std::size_t count : {std::size_t{1}, std::size_t{2}, kChunkPoints}) {
    std::string chunk = "before";
    encode_chunk(points.view().part(0, count), chunk);
    chunk.erase(0, 6);
    Columns decoded = some_points(3);
    std::string_view bytes = chunk;
    ASSERT_TRUE(decode_chunk(bytes, count, decoded));
    EXPECT_TRUE(bytes.empty());
    ASSERT_EQ(bits_of(decoded.view().part(3, count)), bits_of(points.view().part(0, count)));
    for (std::size_t cut = 0; cut < chunk.size(); cut += 1 + chunk.size() / 50) {
      std::string_view part = std::string_view(chunk).substr(0, cut);
      Columns none;
      ASSERT_FALSE(decode_chunk(part, count, none)) << "cut to " << cut;
    }
  }
}

TEST(Directory, KeysSortAsThePointsDo) {
  const Columns points = some_points(1000);
  for (std::size_t i = 1; i < points.size(); ++i) {
    ASSERT_LT(directory_key({{1}, {7}}, points.view()[i - 1]),
              directory_key({{1}, {7}}, points.view()[i]));
  }
  EXPECT_LT(directory_key({{1}, {7}}, greatest_point()), directory_key({{1}, {8}}, least_point()));
  EXPECT_LT(directory_key({{1}, {8}}, greatest_point()), directory_key({{2}, {7}}, least_point()));
}

// By the plainest loop there is.
PointStats slow_stats(const ColumnsView& points) {
  PointStats stats;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const Point point = points[i];
    if (i == 0) stats.first = point;
    stats.last = point;
    ++stats.count;
    stats.time_min = std::min(stats.time_min, point.timestamp_ms);
    stats.time_max = std::max(stats.time_max, point.timestamp_ms);
    if (i > 0 && points.times[i - 1] > point.timestamp_ms) stats.times_rise = false;
    if (std::isnan(point.value)) {
      ++stats.nan_count;
      continue;
    }
    stats.value_min = std::min(stats.value_min, point.value);
    stats.value_max = std::max(stats.value_max, point.value);
  }
  return stats;
}

TEST(PointStats, AreThoseOfThePointsAndOfTheirUnion) {
  const Columns points = some_points(kChunkPoints);
  for (const std::size_t count : {1u, 2u, 7u, 8u, 9u, 500u, 1024u}) {
    const ColumnsView part = points.view().part(0, count);
    PointStats stats = PointStats::of(part);
    PointStats slow = slow_stats(part);
    EXPECT_NE(std::signbit(stats.value_min), stats.value_min >= 0) << "zeros are +0";
    slow.sum = stats.sum;
    EXPECT_TRUE(stats.same_as(slow) || stats.value_min == 0 || stats.value_max == 0) << count;
    if (count == 1) continue;
    PointStats both = PointStats::of(part.part(0, count / 2));
    both.add(PointStats::of(part.part(count / 2, count - count / 2)));
    both.sum = stats.sum;
    EXPECT_TRUE(both.same_as(stats)) << count;
  }
}

TEST(PointStats, SumWhatIsANumber) {
  Columns points;
  for (int i = 1; i <= 100; ++i) points.push_back({i, i, i == 50 ? std::nan("") : i});
  const PointStats stats = PointStats::of(points);
  EXPECT_EQ(stats.sum, 5000);
  EXPECT_EQ(stats.nan_count, 1u);
  EXPECT_EQ(stats.value_min, 1);
  EXPECT_EQ(stats.value_max, 100);
}

}  // namespace
}  // namespace stepwell::store
