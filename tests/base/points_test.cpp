#include "engine/base/points.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "engine/base/clock.hpp"

namespace stepwell {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
double of_bits(std::uint64_t bits) {
  return std::bit_cast<double>(bits);
}

TEST(PointsTest, ValuesLieInTheOneOrder) {
  // NaN compares as 0, then the bits decide: among the zeros 0.0, positive NaNs, -0.0, negative
  // NaNs.
  const double order[] = {-kInfinity,
                          -std::numeric_limits<double>::max(),
                          -1.5,
                          -1.0,
                          -std::numeric_limits<double>::min(),
                          -std::numeric_limits<double>::denorm_min(),
                          0.0,
                          of_bits(0x7ff0'0000'0000'0001),
                          of_bits(0x7ff8'0000'0000'0000),
                          of_bits(0x7fff'ffff'ffff'ffff),
                          -0.0,
                          of_bits(0xfff0'0000'0000'0001),
                          of_bits(0xfff8'0000'dead'beef),
                          std::numeric_limits<double>::denorm_min(),
                          std::numeric_limits<double>::min(),
                          1.0,
                          1.5,
                          std::numeric_limits<double>::max(),
                          kInfinity};
  for (std::size_t i = 0; i < std::size(order); ++i) {
    for (std::size_t j = 0; j < std::size(order); ++j) {
      const Point a{7, 7, order[i]}, b{7, 7, order[j]};
      EXPECT_EQ(a <=> b, i <=> j) << i << " and " << j;
      EXPECT_EQ(a == b, i == j);
    }
  }
}

TEST(PointsTest, StepComesFirstThenTimestampThenValue) {
  constexpr auto kMin = std::numeric_limits<std::int64_t>::min();
  constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
  const Point order[] = {{kMin, kMax, 9}, {-1, 0, 9},   {0, kMin, 9},   {0, 0, 1},
                         {0, 0, 2},       {0, kMax, 0}, {kMax, kMin, 0}};
  for (std::size_t i = 1; i < std::size(order); ++i) EXPECT_LT(order[i - 1], order[i]);
}

// A value whose neighbours are likely to come up too.
double some_value(SeededRandom& random) {
  static const std::uint64_t kSpecial[] = {
      0, 1ULL << 63, 0x7ff0ULL << 48, 0xfff0ULL << 48, 0x7ff8ULL << 48, 1, 0x3ff0ULL << 48};
  std::uint64_t bits =
      random.one_in(3) ? random.next_u64() : kSpecial[random.below(std::size(kSpecial))];
  bits += random.below(3) - 1;
  if (random.one_in(4)) bits ^= 1ULL << 63;
  return of_bits(bits);
}

TEST(PointsTest, TheOrderIsTotalOverAnyBits) {
  SeededRandom random(11);
  std::vector<Point> points;
  for (int i = 0; i < 400; ++i) {
    points.push_back(
        {std::int64_t(random.below(3)), std::int64_t(random.below(2)), some_value(random)});
  }
  for (const Point& a : points) {
    for (const Point& b : points) {
      const bool same_bits =
          a.step == b.step && a.timestamp_ms == b.timestamp_ms && a.bits() == b.bits();
      ASSERT_EQ(a == b, same_bits);
      ASSERT_EQ((a < b) + (b < a) + (a == b), 1);
    }
  }
  for (int i = 0; i < 200'000; ++i) {
    const Point& a = points[random.below(points.size())];
    const Point& b = points[random.below(points.size())];
    const Point& c = points[random.below(points.size())];
    if (a < b && b < c) {
      ASSERT_LT(a, c);
    }
  }
  // So any shuffle sorts to the same bytes.
  std::vector<Point> sorted = points;
  std::sort(sorted.begin(), sorted.end());
  std::vector<Point> again(points.rbegin(), points.rend());
  std::sort(again.begin(), again.end());
  for (std::size_t i = 0; i < sorted.size(); ++i) ASSERT_EQ(sorted[i].bits(), again[i].bits());
}

TEST(PointsTest, ColumnsTellTheSameInEveryForm) {
  const std::int64_t steps[] = {5, 8, 11};
  const std::uint32_t deltas[] = {0, 4'000'000'000, 7};
  const float narrow[] = {1.5F, -0.0F, 3.0F};
  const double wide[] = {1.5, -0.0, 3.0};
  const StepColumn stride{nullptr, 5, 3}, column{steps, 0, 0};
  const TimeColumn delta{nullptr, deltas, 1000}, constant{nullptr, nullptr, 1000};
  const ValueColumn f32{nullptr, narrow}, f64{wide, nullptr};
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(stride[i], column[i]);
    EXPECT_EQ(delta[i], 1000 + static_cast<std::int64_t>(deltas[i]));
    EXPECT_EQ(constant[i], 1000);
    EXPECT_EQ(std::bit_cast<std::uint64_t>(f32[i]), std::bit_cast<std::uint64_t>(f64[i]));
  }
  EXPECT_EQ(f64.from(1)[1], 3.0);
  EXPECT_EQ(f32.from(2)[0], 3.0);
}

}  // namespace
}  // namespace stepwell
