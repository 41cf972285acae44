#pragma once

// Charts: a series' points in buckets of one power-of-two width along its steps or its times. Exact
// always; worked out from directory entries wherever an entry lies within one bucket, which chunks
// are cut for.

#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "engine/store/series_chunks.hpp"

namespace stepwell::store {

enum class Axis : std::uint8_t { kStep, kTime };

// Coordinates from `least` to `greatest`, both included: steps, or ms since the epoch.
struct Extent {
  std::int64_t least = std::numeric_limits<std::int64_t>::min();
  std::int64_t greatest = std::numeric_limits<std::int64_t>::max();
  bool empty() const { return greatest < least; }
  bool contains(const Extent& other) const {
    return least <= other.least && other.greatest <= greatest;
  }
  Extent intersect(const Extent& other) const;
  Extent unite(const Extent& other) const;
};

// Bucket i holds the coordinates c with c >> log2_width == first + i, rounded down.
struct Grid {
  unsigned log2_width = 0;  // Up to 64: bucket 0 then holds everything.
  std::int64_t first = 0;
  std::uint32_t count = 0;

  // The finest that covers a not empty extent with at most `buckets_max` >= 1 buckets.
  static Grid covering(const Extent& extent, std::uint32_t buckets_max);
  std::int64_t number_of(std::int64_t coordinate) const {
    return log2_width >= 64 ? 0 : coordinate >> log2_width;
  }
  // Everything in the bucket of this number.
  Extent extent_of(std::int64_t number) const;
  // All that its buckets hold, as far as there are such coordinates.
  Extent extent() const;
};

struct Bucket {
  std::uint64_t count = 0;  // Distinct points.
  std::uint64_t nan_count = 0;
  // Of all values but NaN; infinities swapped if there is none. Zeros are +0.
  double value_min = std::numeric_limits<double>::infinity();
  double value_max = -std::numeric_limits<double>::infinity();
  // Along the axis: in the total order, or by (timestamp, step, value, bits). Meaningless where
  // count is 0.
  Point first;
  Point last;
};

struct BucketQuestion {
  Axis axis = Axis::kStep;
  Grid grid;
  Extent within;  // Only points there; those outside the grid are left out too.
};

// Points with step or time in `within`: a superset as a range of the total order.
PointRange range_of(Axis axis, const Extent& within);

// Where the points lie along the axis; nothing if there are none. `unsealed` holds all of the
// series that are not sealed.
Result<std::optional<Extent>> extent_along(const SeriesChunks& chunks, Axis axis,
                                           const ColumnsView& unsealed);

// grid.count buckets. `unsealed` holds all of the series in range_of(question.axis, …).
Result<std::vector<Bucket>> read_buckets(SeriesChunks& chunks, const BucketQuestion& question,
                                         const ColumnsView& unsealed);

}  // namespace stepwell::store
