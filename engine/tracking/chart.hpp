#pragma once

// Many series of many runs in the buckets of one grid, as pages, each from its own short snapshot.
// A series comes whole, as of its page's snapshot.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/tracking/series_filter.hpp"

namespace stepwell::tracking {

class Chart {
 public:
  // Chooses the grid: the finest that covers what the series have of the range. kInvalid: what is
  // asked for is beyond a limit, names it. kNotFound: no such run. A key that a run does not have
  // has no points.
  static Result<Chart> plan(const View& view, const wire::BucketsT& question);

  // Payload (BucketColumns) of the next page, taken from `view`; nothing at the end. About
  // kPageBytes, one series more at most. Points that came meanwhile beyond the grid are left out.
  // kNotFound: the run is gone meanwhile.
  Result<std::optional<std::string>> next(const View& view);
  // In all buckets handed out so far.
  std::uint64_t points() const { return points_; }

  static constexpr std::size_t kPageBytes = 1 << 20;
  static constexpr std::size_t kSeriesMax = 100'000;  // Of a question, all runs together.

 private:
  Result<void> begin_run(const View& view);

  std::vector<RunId> runs_;
  SeriesFilter filter_;
  store::BucketQuestion question_;
  std::size_t at_run_ = 0;
  std::optional<RunNumber> run_;  // Of runs_[at_run_], once it has begun.
  std::vector<SeriesName> series_;
  std::size_t at_series_ = 0;
  std::uint64_t points_ = 0;
};

}  // namespace stepwell::tracking
