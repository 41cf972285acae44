#pragma once

// Points of one series as three columns: the form in which they are merged, coded and summed up.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/base/points.hpp"

namespace stepwell::store {

// Greater than every point, less than every point.
Point greatest_point();
Point least_point();

// Views of some rows of Columns, or of anybody's columns of equal length.
struct ColumnsView {
  std::span<const std::int64_t> steps;
  std::span<const std::int64_t> times;
  std::span<const double> values;

  std::size_t size() const { return steps.size(); }
  bool empty() const { return steps.empty(); }
  Point operator[](std::size_t i) const { return {steps[i], times[i], values[i]}; }
  Point front() const { return (*this)[0]; }
  Point back() const { return (*this)[size() - 1]; }
  ColumnsView part(std::size_t first, std::size_t count) const {
    return {steps.subspan(first, count), times.subspan(first, count), values.subspan(first, count)};
  }
  // Index of the first point >= `point`, in sorted columns.
  std::size_t lower_bound(const Point& point) const;
  // Index of the first point > `point`, in sorted columns.
  std::size_t upper_bound(const Point& point) const;
};

struct Columns {
  std::vector<std::int64_t> steps;
  std::vector<std::int64_t> times;
  std::vector<double> values;

  std::size_t size() const { return steps.size(); }
  bool empty() const { return steps.empty(); }
  void clear() { resize(0); }
  void resize(std::size_t count);
  void reserve(std::size_t count);
  void push_back(const Point& point);
  void append(const ColumnsView& points);
  ColumnsView view() const { return {steps, times, values}; }
  operator ColumnsView() const { return view(); }
};

// Strictly rising in the total order: sorted, and no point twice.
bool is_strictly_sorted(const ColumnsView& points);
// Sorts from `first` on and removes doubles there.
void sort_unique(Columns& points, std::size_t first = 0);
// `from` to the end becomes the sorted union of the strictly sorted parts [from, middle) and
// [middle, end).
void merge_unique(Columns& points, std::size_t from, std::size_t middle);

}  // namespace stepwell::store
