#pragma once

// Points of one series as three columns: the form in which they are merged, coded and summed up.

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>
#include <utility>
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

  class Iterator;
  Iterator begin() const;
  Iterator end() const;
  ColumnsView part(std::size_t first, std::size_t count) const {
    return {steps.subspan(first, count), times.subspan(first, count), values.subspan(first, count)};
  }
  // The same points with step and time exchanged. Its total order is the order by time: timestamp,
  // step, value, bits; every function here then works in that order.
  ColumnsView transposed() const { return {times, steps, values}; }
  // Index of the first point >= `point`, in sorted columns.
  std::size_t lower_bound(const Point& point) const;
  // Index of the first point > `point`, in sorted columns.
  std::size_t upper_bound(const Point& point) const;
};

inline Point transposed(const Point& point) {
  return {point.timestamp_ms, point.step, point.value};
}

class ColumnsView::Iterator {
 public:
  using iterator_category = std::input_iterator_tag;  // Points are made as they are asked for.
  using value_type = Point;
  using difference_type = std::ptrdiff_t;
  using pointer = const Point*;
  using reference = Point;

  Iterator(const ColumnsView& points, std::size_t at) : points_(points), at_(at) {}
  Point operator*() const { return points_[at_]; }
  Iterator& operator++() {
    ++at_;
    return *this;
  }
  Iterator operator++(int) { return std::exchange(*this, {points_, at_ + 1}); }
  bool operator==(const Iterator& other) const { return at_ == other.at_; }

 private:
  ColumnsView points_;
  std::size_t at_;
};
inline ColumnsView::Iterator ColumnsView::begin() const {
  return {*this, 0};
}
inline ColumnsView::Iterator ColumnsView::end() const {
  return {*this, size()};
}

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
  // Leaves `count` points from `first` on.
  void keep(std::size_t first, std::size_t count);
  void transpose() { std::swap(steps, times); }
  ColumnsView view() const { return {steps, times, values}; }
  operator ColumnsView() const { return view(); }
  Point operator[](std::size_t i) const { return view()[i]; }
  Point front() const { return view().front(); }
  Point back() const { return view().back(); }
  auto begin() const { return view().begin(); }
  auto end() const { return view().end(); }
};

// Strictly rising in the total order: sorted, and no point twice.
bool is_strictly_sorted(const ColumnsView& points);
// Sorts from `first` on and removes doubles there.
void sort_unique(Columns& points, std::size_t first = 0);
// `from` to the end becomes the sorted union of the strictly sorted parts [from, middle) and
// [middle, end).
void merge_unique(Columns& points, std::size_t from, std::size_t middle);
// Takes those of `others` out of `points`. Both are strictly sorted.
void erase_all(Columns& points, const ColumnsView& others);

}  // namespace stepwell::store
