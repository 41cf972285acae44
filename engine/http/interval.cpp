// A metric of several runs, thinned out for a chart: all points at a sample of the steps that
// occur.

#include <algorithm>
#include <limits>

#include "engine/http/entities.hpp"
#include "engine/http/handlers.hpp"
#include "engine/http/search_fields.hpp"

namespace stepwell::http {
namespace {

using Steps = std::vector<std::int64_t>;  // Rising.

constexpr std::size_t kRunsMax = 100;
constexpr std::int64_t kResultsMax = 2500;
constexpr std::size_t kPointsOfRunMax = 25'000;
constexpr std::size_t kPagePoints = 65'536;
// Distinct steps of all runs that are held while they are sampled.
constexpr std::size_t kStepsMax = 16 << 20;

struct Series {
  RunId run;
  RunNumber number;
  SeriesNumber series;
};

// Calls back with every point of the range, in the order of steps, until it says false.
template <typename Visit>
Result<void> walk_steps(const tracking::View& view, const Series& series, std::int64_t first,
                        std::int64_t last, const Visit& visit) {
  store::PointRange range = store::step_range(first, last);
  std::optional<Point> after;
  while (true) {
    TRY(const auto points,
        view.snapshot().points(series.number, series.series, range, kPagePoints));
    for (const Point point : points) {
      if (after && point == *after) continue;  // The last point of a page begins the next.
      if (!visit(point)) return ok();
    }
    if (points.size() < kPagePoints) return ok();
    after = points.back();
    range.first = *after;
  }
}

void merge_in(Steps& all, Steps more) {
  Steps both;
  both.reserve(all.size() + more.size());
  std::ranges::set_union(all, more, std::back_inserter(both));
  all = std::move(both);
}

// At most `most` of them and the last one.
Steps sampled(const Steps& all, std::size_t most) {
  if (all.size() <= most) return all;
  Steps some;
  const double interval = static_cast<double>(all.size()) / static_cast<double>(most);
  for (std::size_t i = 0; i < most; ++i) {
    some.push_back(all[static_cast<std::size_t>(static_cast<double>(i) * interval)]);
  }
  some.push_back(all.back());
  some.erase(std::unique(some.begin(), some.end()), some.end());
  return some;
}

// The sample, with every run's own first and last step where they are in the range.
Result<Steps> steps_to_show(const tracking::View& view, const std::vector<Series>& all,
                            std::int64_t first, std::int64_t last, std::size_t most) {
  Steps steps, ends;
  for (const Series& series : all) {
    TRY(const auto summary, view.snapshot().summary(series.number, series.series));
    if (summary.count == 0) continue;
    for (const std::int64_t end : {summary.first.step, summary.latest.step}) {
      if (end >= first && end <= last) ends.push_back(end);
    }
    Steps own;
    TRY(walk_steps(view, series, first, last, [&](const Point& point) {
      if (own.empty() || own.back() != point.step) own.push_back(point.step);
      return own.size() <= kStepsMax;
    }));
    merge_in(steps, std::move(own));
    if (steps.size() > kStepsMax) {
      return fail(ErrorKind::kInvalid,
                  "The range has more than {} steps: ask for a smaller one with start_step and "
                  "end_step.",
                  kStepsMax);
    }
  }
  Steps shown = sampled(steps, most);
  std::ranges::sort(ends);
  ends.erase(std::unique(ends.begin(), ends.end()), ends.end());
  merge_in(shown, std::move(ends));
  return shown;
}

// The points of the runs at these steps, a run a piece.
class IntervalSource final : public Source {
 public:
  IntervalSource(tracking::Tracking& tracking, std::string key, std::vector<Series> series,
                 Steps steps)
      : tracking_(tracking),
        key_(std::move(key)),
        series_(std::move(series)),
        steps_(std::move(steps)) {}

  Result<Piece> next() override {
    TRY(const auto view, tracking_.snapshot());
    const bool any = !series_.empty() && !steps_.empty();
    if (at_ == 0) {
      json_.begin_object();
      if (any) {
        json_.key("metrics");
        json_.begin_array();
      }
    }
    if (any) {
      TRY(write(view, series_[at_++]));
    }
    const bool last = !any || at_ == series_.size();
    if (last) {
      if (any) json_.end_array();
      json_.end_object();
    }
    return Piece{json_.take(), last};
  }

 private:
  Result<void> write(const tracking::View& view, const Series& series) {
    TRY(const auto number, view.find_run(series.run));
    if (number != series.number) return ok();  // It was purged meanwhile.
    const std::string run = series.run.hex();
    std::size_t count = 0;
    auto at = steps_.begin();
    return walk_steps(view, series, steps_.front(), steps_.back(), [&](const Point& point) {
      while (at != steps_.end() && *at < point.step) ++at;
      if (at == steps_.end()) return false;
      if (*at == point.step) {
        write_point(json_, key_, point, run);
        ++count;
      }
      return count < kPointsOfRunMax;
    });
  }

  tracking::Tracking& tracking_;
  const std::string key_;
  const std::vector<Series> series_;
  const Steps steps_;
  std::size_t at_ = 0;
  JsonWriter json_;
};

Result<std::vector<Series>> find_series(const tracking::View& view,
                                        const std::vector<std::string_view>& runs,
                                        std::string_view key) {
  std::vector<Series> all;
  for (const std::string_view text : runs) {
    const auto id = RunId::parse(text);
    if (!id) continue;  // An unknown run has no points, as with MLflow.
    TRY(const auto number, view.find_run(*id));
    if (!number) continue;
    TRY(const auto series, tracking::find_series(view, *number, key));
    if (series) all.push_back({*id, *number, *series});
  }
  return all;
}

}  // namespace

Result<Response> get_history_bulk_interval(Context& context, const Call& call) {
  const Fields fields = call.fields();
  TRY(const auto runs, fields.texts("run_ids"));
  if (runs.empty()) {
    return fail(ErrorKind::kInvalid, "Missing value for required parameter 'run_ids'.");
  }
  if (runs.size() > kRunsMax) {
    return fail(ErrorKind::kInvalid,
                "GetMetricHistoryBulkInterval request must specify at most {} run_ids. Received {} "
                "run_ids.",
                kRunsMax, runs.size());
  }
  TRY(const auto key, fields.need_text("metric_key"));
  TRY(const auto start, fields.integer("start_step"));
  TRY(const auto end, fields.integer("end_step"));
  if (start.has_value() != end.has_value()) {
    return fail(ErrorKind::kInvalid,
                "If either start step or end step are specified, both must be specified.");
  }
  if (start && *start > *end) {
    return fail(ErrorKind::kInvalid,
                "end_step must be greater than start_step. Found start_step={} and end_step={}.",
                *start, *end);
  }
  TRY(const auto most, read_max_results(fields, kResultsMax, kResultsMax));
  constexpr auto kSteps = std::numeric_limits<std::int64_t>();
  TRY(const auto view, context.shared.tracking.snapshot());
  TRY(auto series, find_series(view, runs, key));
  TRY(auto steps, steps_to_show(view, series, start.value_or(kSteps.min()),
                                end.value_or(kSteps.max()), static_cast<std::size_t>(most)));
  return source_response(std::make_unique<IntervalSource>(context.shared.tracking, std::string(key),
                                                          std::move(series), std::move(steps)));
}

}  // namespace stepwell::http
