#include "engine/store/columns.hpp"

#include <algorithm>
#include <limits>

#include "engine/base/assert.hpp"

namespace stepwell::store {
namespace {

// Index of the first point for which `before` is false.
template <typename Before>
std::size_t partition_point(const ColumnsView& points, const Before& before) {
  std::size_t first = 0, count = points.size();
  while (count > 0) {
    const std::size_t half = count / 2;
    if (before(points[first + half])) {
      first += half + 1;
      count -= half + 1;
    } else {
      count = half;
    }
  }
  return first;
}

}  // namespace

// Infinities have the extreme ranks, so they end the order of values.
Point greatest_point() {
  constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
  return {kMax, kMax, std::numeric_limits<double>::infinity()};
}
Point least_point() {
  constexpr auto kMin = std::numeric_limits<std::int64_t>::min();
  return {kMin, kMin, -std::numeric_limits<double>::infinity()};
}

std::size_t ColumnsView::lower_bound(const Point& point) const {
  return partition_point(*this, [&](const Point& other) { return other < point; });
}

std::size_t ColumnsView::upper_bound(const Point& point) const {
  return partition_point(*this, [&](const Point& other) { return other <= point; });
}

void Columns::resize(std::size_t count) {
  steps.resize(count);
  times.resize(count);
  values.resize(count);
}

void Columns::reserve(std::size_t count) {
  steps.reserve(count);
  times.reserve(count);
  values.reserve(count);
}

void Columns::push_back(const Point& point) {
  steps.push_back(point.step);
  times.push_back(point.timestamp_ms);
  values.push_back(point.value);
}

void Columns::append(const ColumnsView& points) {
  steps.insert(steps.end(), points.steps.begin(), points.steps.end());
  times.insert(times.end(), points.times.begin(), points.times.end());
  values.insert(values.end(), points.values.begin(), points.values.end());
}

void Columns::keep(std::size_t first, std::size_t count) {
  const auto keep_of = [&](auto& column) {
    column.resize(first + count);
    column.erase(column.begin(), column.begin() + static_cast<std::ptrdiff_t>(first));
  };
  keep_of(steps);
  keep_of(times);
  keep_of(values);
}

bool is_strictly_sorted(const ColumnsView& points) {
  // Nearly always steps alone decide; without a branch this takes a fraction of a cycle a point.
  bool rising = true;
  for (std::size_t i = 1; i < points.size(); ++i) rising &= points.steps[i - 1] < points.steps[i];
  if (rising) return true;
  for (std::size_t i = 1; i < points.size(); ++i) {
    if (!(points[i - 1] < points[i])) return false;
  }
  return true;
}

void sort_unique(Columns& points, std::size_t first) {
  const ColumnsView fresh = points.view().part(first, points.size() - first);
  if (is_strictly_sorted(fresh)) return;
  std::vector<Point> rows(fresh.size());
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = fresh[i];
  std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  points.resize(first);
  for (const Point& row : rows) points.push_back(row);
}

void merge_unique(Columns& points, std::size_t from, std::size_t middle) {
  STEPWELL_ASSERT(from <= middle && middle <= points.size());
  if (from == middle || middle == points.size()) return;
  if (points.view()[middle - 1] < points.view()[middle]) return;
  const ColumnsView a = points.view().part(from, middle - from);
  const ColumnsView b = points.view().part(middle, points.size() - middle);
  Columns merged;
  std::size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    const auto order = a[i] <=> b[j];
    merged.push_back(order <= 0 ? a[i] : b[j]);
    i += order <= 0 ? 1 : 0;
    j += order >= 0 ? 1 : 0;
  }
  merged.append(a.part(i, a.size() - i));
  merged.append(b.part(j, b.size() - j));
  points.resize(from);
  points.append(merged);
}

void erase_all(Columns& points, const ColumnsView& others) {
  std::size_t kept = 0, other = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const Point point = points[i];
    while (other < others.size() && others[other] < point) ++other;
    if (other < others.size() && others[other] == point) continue;
    points.steps[kept] = point.step;
    points.times[kept] = point.timestamp_ms;
    points.values[kept] = point.value;
    ++kept;
  }
  points.resize(kept);
}

}  // namespace stepwell::store
