#pragma once

// Collecting a series' points from the two places they can be in: the index's chunks and the blocks
// that a generation references. Sets make this simple: a point that is in both counts once.

#include <optional>
#include <vector>

#include "engine/store/chunk.hpp"
#include "engine/store/generation.hpp"
#include "engine/store/layout.hpp"

namespace stepwell::store {

// first <= point <= last in the total order.
struct PointRange {
  Point first;
  Point last;
  bool contains(const Point& point) const { return first <= point && point <= last; }
};

// Greater than every point, less than every point.
Point greatest_point();
Point least_point();
// All points of these steps.
PointRange step_range(std::int64_t first_step, std::int64_t last_step);

// Sorts and removes doubles.
void sort_points(std::vector<Point>& points);

// Appends the points of `series` in `range`, unsorted.
void collect(const std::vector<BlockPtr>& blocks, SeriesNumber series, const PointRange& range,
             std::vector<Point>& into);

// Calls visit(series, point) for every point of a block.
template <typename Visit>
void for_each_point(const PointBlock& block, const Visit& visit) {
  if (!block.key_index.empty()) {
    for (std::uint32_t i = 0; i < block.points; ++i) {
      visit((*block.series)[block.key_index[i]],
            Point{block.steps[i], block.times[i], block.values[i]});
    }
    return;
  }
  std::size_t at = 0;
  for (const SeriesNumber series : *block.series) {
    for (std::uint32_t i = 0; i < block.points; ++i, ++at) {
      visit(series, Point{block.steps[i], block.times[i], block.values[at]});
    }
  }
}

// Directory entries of a series whose chunks may hold points of `range`, in order, at most `limit`.
Result<std::vector<DirectoryEntry>> find_entries(const index::ReadTransaction& transaction,
                                                 const Layout& layout, SeriesNumber series,
                                                 const PointRange& range, std::size_t limit);

// Appends the points of an entry's chunk; kCorrupt names the chunk.
Result<void> read_chunk(const index::ReadTransaction& transaction, const Layout& layout,
                        const DirectoryEntry& entry, std::vector<Point>& into);

}  // namespace stepwell::store
