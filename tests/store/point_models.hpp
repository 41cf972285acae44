#pragma once

// Points to try everything with, and plain models of them. Two points are equal if their bits are,
// so a NaN is found again and both zeros differ.

#include <limits>
#include <set>
#include <vector>

#include "engine/base/clock.hpp"
#include "engine/store/columns.hpp"
#include "tests/sim/job_script.hpp"

namespace stepwell::store {

using PointSet = std::set<Point>;

inline constexpr auto kMin = std::numeric_limits<std::int64_t>::min();
inline constexpr auto kMax = std::numeric_limits<std::int64_t>::max();

template <typename Points>
Columns columns_of(const Points& points) {
  Columns columns;
  for (const Point& point : points) columns.push_back(point);
  return columns;
}

inline std::vector<Point> points_of(const ColumnsView& columns) {
  std::vector<Point> points;
  for (std::size_t i = 0; i < columns.size(); ++i) points.push_back(columns[i]);
  return points;
}

template <typename Points>
std::vector<Point> listed(const Points& points) {
  return {points.begin(), points.end()};
}

// Steps below `steps` and the two extremes, few times, every kind of value: many are equal in all
// but one of the three.
inline Point some_point(SeededRandom& random, std::uint64_t steps) {
  Point point;
  point.step = static_cast<std::int64_t>(random.below(steps));
  if (random.one_in(40)) point.step = random.one_in(2) ? kMin : kMax;
  point.timestamp_ms = static_cast<std::int64_t>(random.below(3)) - 1;
  if (random.one_in(40)) point.timestamp_ms = random.one_in(2) ? kMin : kMax;
  point.value = sim::some_value(random);
  if (random.one_in(8)) point.value = random.one_in(2) ? 0.0 : -0.0;
  return point;
}

inline PointSet some_set(SeededRandom& random, std::size_t count, std::uint64_t steps) {
  PointSet set;
  while (set.size() < count) set.insert(some_point(random, steps));
  return set;
}

// `count` points, the first at `first`, one every `stride` steps.
inline Columns regular_points(std::int64_t first, std::int64_t stride, std::size_t count) {
  Columns points;
  for (std::size_t i = 0; i < count; ++i) {
    const std::int64_t step = first + static_cast<std::int64_t>(i) * stride;
    points.push_back({step, 1'700'000'000'000 + static_cast<std::int64_t>(i), 0.5});
  }
  return points;
}

}  // namespace stepwell::store
