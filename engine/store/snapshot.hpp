#pragma once

// What a reader sees: everything published before it was taken, and nothing later. Any thread, one
// at a time. Short-lived: it keeps pages of the index and frames in memory from being freed, so it
// is never held across a wait. A long stream is pages, each from its own snapshot, resumed after
// the last point sent.

#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "engine/store/buckets.hpp"
#include "engine/store/layered_reader.hpp"
#include "engine/store/points_reader.hpp"
#include "engine/store/run_storage.hpp"

namespace stepwell::store {

// What can be said of a series without listing it.
struct SeriesSummary {
  std::uint64_t count = 0;  // Distinct points.
  Point first;              // Of the total order; meaningless where count is 0.
  Point latest;
  // Of all values but NaN; NaN if there is no other.
  double value_min = std::numeric_limits<double>::quiet_NaN();
  double value_max = std::numeric_limits<double>::quiet_NaN();
};

class Snapshot {
 public:
  explicit Snapshot(std::unique_ptr<LayeredReader> reader) : reader_(std::move(reader)) {}

  const RowReader& rows() const { return *reader_; }
  Lsn as_of() const { return reader_->as_of(); }

  // The first `limit` points of a series in `range`, in the total order; fewer only at the end.
  Result<Columns> points(RunNumber run, SeriesNumber series, const PointRange& range,
                         std::size_t limit) const;
  // The first `limit` points in `range` behind `after` by (timestamp, step, value, bits), in that
  // order; fewer only at the end. Where times do not rise with steps a page may read many chunks,
  // so pages are large.
  Result<Columns> points_by_time(RunNumber run, SeriesNumber series, const PointRange& range,
                                 const std::optional<Point>& after, std::size_t limit) const;
  // question.grid.count of them.
  Result<std::vector<Bucket>> buckets(RunNumber run, SeriesNumber series,
                                      const BucketQuestion& question) const;
  // Where the series' points lie along an axis; nothing if it has none.
  Result<std::optional<Extent>> extent(RunNumber run, SeriesNumber series, Axis axis) const;
  Result<SeriesSummary> summary(RunNumber run, SeriesNumber series) const;
  Result<RunStorage> storage(RunNumber run) const { return run_storage(*reader_, run); }

 private:
  // Of the run last asked for: a caller walks a run's series one after another.
  Result<UnsealedReader*> unsealed(RunNumber run) const;

  std::unique_ptr<LayeredReader> reader_;
  mutable std::optional<RunNumber> run_;
  mutable UnsealedReader unsealed_;
};

}  // namespace stepwell::store
