#include "engine/tracking/chart.hpp"

#include "protocol/context.hpp"
#include "protocol/limits.hpp"

namespace stepwell::tracking {
namespace {

using Columns = wire::SeriesBucketsT;

Result<void> check(const wire::BucketsT& question) {
  if (question.runs.empty() || question.runs.size() > protocol::kChartRunsMax) {
    return fail(ErrorKind::kInvalid, "a chart of {} runs, expected 1 to {}", question.runs.size(),
                protocol::kChartRunsMax);
  }
  if (question.buckets_max == 0 || question.buckets_max > protocol::kChartBucketsMax) {
    return fail(ErrorKind::kInvalid, "a chart of at most {} buckets, expected 1 to {}",
                question.buckets_max, protocol::kChartBucketsMax);
  }
  if (question.axis > wire::Axis::MAX) {
    return fail(ErrorKind::kInvalid, "a chart along axis {}, known are 0 to {}",
                static_cast<int>(question.axis), static_cast<int>(wire::Axis::MAX));
  }
  return ok();
}

// What a bucket takes in a frame.
constexpr std::size_t kBucketBytes = sizeof(std::uint32_t) + 6 * sizeof(std::uint64_t);

std::unique_ptr<Columns> columns_of(const RunId& run, const SeriesName& name,
                                    const std::vector<store::Bucket>& buckets) {
  auto columns = std::make_unique<Columns>();
  columns->run = std::make_unique<wire::Id>(protocol::to_wire(run));
  columns->key = name.key;
  columns->context = protocol::show_context(name.context);
  bool has_nans = false;
  for (std::uint32_t i = 0; i < buckets.size(); ++i) {
    const store::Bucket& bucket = buckets[i];
    if (bucket.count == 0) continue;
    columns->bucket.push_back(i);
    columns->count.push_back(bucket.count);
    columns->nan_count.push_back(bucket.nan_count);
    columns->min.push_back(bucket.value_min);
    columns->max.push_back(bucket.value_max);
    columns->first_value.push_back(bucket.first.value);
    columns->last_value.push_back(bucket.last.value);
    has_nans |= bucket.nan_count != 0;
  }
  if (!has_nans) columns->nan_count.clear();
  return columns;
}

}  // namespace

Result<Chart> Chart::plan(const View& view, const wire::BucketsT& question) {
  TRY(check(question));
  Chart chart;
  TRY(chart.filter_, SeriesFilter::of(question.keys, question.all_contexts));
  chart.question_.axis =
      question.axis == wire::Axis::Time ? store::Axis::kTime : store::Axis::kStep;
  chart.question_.within = {question.first, question.last};
  std::optional<store::Extent> whole;
  std::size_t count = 0;
  for (const wire::Id& id : question.runs) {
    chart.runs_.push_back(protocol::from_wire<RunId>(id));
    TRY(const auto run, view.find_run(chart.runs_.back()));
    if (!run) {
      return fail(ErrorKind::kNotFound, "run {} does not exist", chart.runs_.back().hex());
    }
    TRY(const auto series, chart.filter_.series_of(view, *run));
    count += series.size();
    if (count > kSeriesMax) {
      return fail(ErrorKind::kInvalid, "a chart of more than {} series", kSeriesMax);
    }
    for (const SeriesName& name : series) {
      TRY(const auto extent, view.snapshot().extent(*run, name.number, chart.question_.axis));
      if (!extent) continue;
      const store::Extent shown = extent->intersect(chart.question_.within);
      if (!shown.empty()) whole = whole ? whole->unite(shown) : shown;
    }
  }
  if (whole) {
    chart.question_.grid = store::Grid::covering(*whole, question.buckets_max);
  } else {
    chart.runs_.clear();
  }
  return chart;
}

Result<void> Chart::begin_run(const View& view) {
  const RunId& id = runs_[at_run_];
  TRY(const auto run, view.find_run(id));
  if (!run || (run_ && run != run_)) {
    return fail(ErrorKind::kNotFound, "run {} is gone", id.hex());
  }
  if (run_) return ok();
  run_ = run;
  at_series_ = 0;
  TRY(series_, filter_.series_of(view, *run));
  return ok();
}

Result<std::optional<std::string>> Chart::next(const View& view) {
  wire::BucketColumnsT page;
  page.log2_width = static_cast<std::uint8_t>(question_.grid.log2_width);
  page.first_bucket = question_.grid.first;
  std::size_t bytes = 0;
  while (at_run_ < runs_.size() && bytes < kPageBytes) {
    TRY(begin_run(view));
    for (; at_series_ < series_.size() && bytes < kPageBytes; ++at_series_) {
      const SeriesName& name = series_[at_series_];
      TRY(const auto buckets, view.snapshot().buckets(*run_, name.number, question_));
      auto columns = columns_of(runs_[at_run_], name, buckets);
      if (columns->bucket.empty()) continue;
      for (const std::uint64_t count : columns->count) points_ += count;
      bytes += columns->bucket.size() * kBucketBytes + name.key.size() + name.context.size();
      page.series.push_back(std::move(columns));
    }
    if (at_series_ < series_.size()) break;
    run_.reset();
    ++at_run_;
  }
  if (page.series.empty()) return std::optional<std::string>();
  return std::optional(protocol::encode(page));
}

}  // namespace stepwell::tracking
