// Histories of metrics, streamed: each piece from a snapshot of its own, resumed behind the last
// point sent. Order: timestamp, step, value.

#include <algorithm>
#include <charconv>
#include <limits>

#include "engine/http/entities.hpp"
#include "engine/http/handlers.hpp"
#include "engine/http/search_fields.hpp"
#include "engine/tracking/history.hpp"

namespace stepwell::http {
namespace {

constexpr std::size_t kPiecePoints = 16'384;
constexpr std::uint64_t kAllPoints = std::numeric_limits<std::uint64_t>::max();
constexpr std::int64_t kBulkResultsMax = 25'000;
constexpr std::size_t kBulkRunsMax = 100;

// A point as a page's token: "timestamp.step.bits".
std::string token_of(const Point& point) {
  return fmt::format("{}.{}.{:016x}", point.timestamp_ms, point.step, point.bits());
}

Result<Point> parse_token(std::string_view token) {
  Point point;
  std::uint64_t bits = 0;
  const char* const end = token.data() + token.size();
  auto at = std::from_chars(token.data(), end, point.timestamp_ms);
  bool sound = at.ec == std::errc() && at.ptr != end && *at.ptr == '.';
  if (sound) at = std::from_chars(at.ptr + 1, end, point.step);
  sound = sound && at.ec == std::errc() && at.ptr != end && *at.ptr == '.';
  if (sound) at = std::from_chars(at.ptr + 1, end, bits, 16);
  if (!sound || at.ec != std::errc() || at.ptr != end) {
    return fail(ErrorKind::kInvalid, "Invalid page token");
  }
  point.value = std::bit_cast<double>(bits);
  return point;
}

// Where the walk along one series stands.
struct Walk {
  RunId run;
  RunNumber number;
  SeriesNumber series;
  std::optional<Point> after;
};

// At most `limit` points; sets `more` if others follow.
Result<store::Columns> walk_on(const tracking::View& view, Walk& walk, std::size_t limit,
                               bool& more) {
  constexpr auto kSteps = std::numeric_limits<std::int64_t>();
  // What lies under the number of a run that was purged is being freed.
  TRY(const auto number, view.find_run(walk.run));
  if (number != walk.number) {
    return fail(ErrorKind::kNotFound, "Run with id={} not found", walk.run.hex());
  }
  TRY(auto points, view.snapshot().points_by_time(walk.number, walk.series,
                                                  store::step_range(kSteps.min(), kSteps.max()),
                                                  walk.after, limit + 1));
  more = points.size() > limit;
  if (more) points.resize(limit);
  if (!points.empty()) walk.after = points.back();
  return points;
}

Result<std::optional<Walk>> find_walk(const tracking::View& view, const RunId& run,
                                      std::string_view key) {
  TRY(const auto number, view.find_run(run));
  if (!number) return std::optional<Walk>();
  TRY(const auto series, tracking::find_series(view, *number, key));
  if (!series) return std::optional<Walk>();
  return std::optional(Walk{run, *number, *series, std::nullopt});
}

// One series, from its beginning or from behind a token.
class HistorySource final : public Source {
 public:
  HistorySource(tracking::Tracking& tracking, std::string key, Walk walk, std::uint64_t limit)
      : tracking_(tracking), key_(std::move(key)), walk_(walk), left_(limit) {}

  Result<Piece> next() override {
    TRY(const auto view, tracking_.snapshot());
    bool more = false;
    const auto limit = static_cast<std::size_t>(std::min<std::uint64_t>(left_, kPiecePoints));
    TRY(const auto points, walk_on(view, walk_, limit, more));
    left_ -= points.size();
    if (!std::exchange(begun_, true)) {
      json_.begin_object();
      has_points_ = !points.empty();
      if (has_points_) {
        json_.key("metrics");
        json_.begin_array();
      }
    }
    for (const Point point : points) write_point(json_, key_, point);
    const bool last = !more || left_ == 0;
    if (last) {
      if (has_points_) json_.end_array();
      if (more) json_.field("next_page_token", token_of(*walk_.after));
      json_.end_object();
    }
    return Piece{json_.take(), last};
  }

 private:
  tracking::Tracking& tracking_;
  const std::string key_;
  Walk walk_;
  std::uint64_t left_;
  bool begun_ = false;
  bool has_points_ = false;
  JsonWriter json_;
};

// One key of several runs, run after run in the order of their ids.
class BulkSource final : public Source {
 public:
  BulkSource(tracking::Tracking& tracking, std::string key, std::vector<Walk> walks,
             std::uint64_t limit)
      : tracking_(tracking), key_(std::move(key)), walks_(std::move(walks)), left_(limit) {}

  Result<Piece> next() override {
    TRY(const auto view, tracking_.snapshot());
    if (!std::exchange(begun_, true)) {
      json_.begin_object();
      json_.key("metrics");
      json_.begin_array();
    }
    std::size_t written = 0;
    while (at_ < walks_.size() && left_ > 0 && written < kPiecePoints) {
      bool more = false;
      const auto limit =
          static_cast<std::size_t>(std::min<std::uint64_t>(left_, kPiecePoints - written));
      const std::string run = walks_[at_].run.hex();
      auto points = walk_on(view, walks_[at_], limit, more);
      if (!points && points.error().kind != ErrorKind::kNotFound) return points.error();
      if (points) {
        for (const Point point : points.value()) write_point(json_, key_, point, run);
        written += points.value().size();
        left_ -= points.value().size();
      }
      if (!more) ++at_;
    }
    const bool last = at_ == walks_.size() || left_ == 0;
    if (last) {
      json_.end_array();
      json_.end_object();
    }
    return Piece{json_.take(), last};
  }

 private:
  tracking::Tracking& tracking_;
  const std::string key_;
  std::vector<Walk> walks_;
  std::uint64_t left_;
  std::size_t at_ = 0;
  bool begun_ = false;
  JsonWriter json_;
};

// What is no number counts as absent, as with MLflow.
Result<std::uint64_t> read_history_limit(const Fields& fields) {
  if (!fields.integer("max_results")) return kAllPoints;
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  TRY(const auto limit, read_max_results(fields, kMost, kMost));
  return static_cast<std::uint64_t>(limit);
}

}  // namespace

Result<Response> get_history(Context& context, const Call& call) {
  const Fields fields = call.fields();
  TRY(const auto run_text, fields.need_run_id());
  TRY(const auto key, fields.need_text("metric_key"));
  TRY(const std::uint64_t limit, read_history_limit(fields));
  TRY(const auto token, fields.text("page_token"));
  std::optional<Point> after;
  if (!token.value_or("").empty()) {
    TRY(after, parse_token(*token));
  }
  // An unknown run has no points, as with MLflow.
  const auto run = RunId::parse(run_text);
  if (!run) return json_response("{}");
  TRY(const auto view, context.shared.tracking.snapshot());
  TRY(auto walk, find_walk(view, *run, key));
  if (!walk) return json_response("{}");
  walk->after = after;
  return source_response(
      std::make_unique<HistorySource>(context.shared.tracking, std::string(key), *walk, limit));
}

Result<Response> get_history_bulk(Context& context, const Call& call) {
  const Fields fields = call.fields();
  TRY(const auto run_texts, fields.texts("run_id"));
  if (run_texts.empty()) {
    return fail(ErrorKind::kInvalid,
                "GetMetricHistoryBulk request must specify at least one run_id.");
  }
  if (run_texts.size() > kBulkRunsMax) {
    return fail(ErrorKind::kInvalid,
                "GetMetricHistoryBulk request cannot specify more than {} run_ids. Received {} "
                "run_ids.",
                kBulkRunsMax, run_texts.size());
  }
  TRY(const auto key, fields.text("metric_key"));
  if (key.value_or("").empty()) {
    return fail(ErrorKind::kInvalid, "GetMetricHistoryBulk request must specify a metric_key.");
  }
  TRY(const auto limit, read_max_results(fields, kBulkResultsMax, kBulkResultsMax));
  std::vector<RunId> runs;
  for (const std::string_view text : run_texts) {
    if (const auto id = RunId::parse(text)) runs.push_back(*id);
  }
  std::ranges::sort(runs);
  runs.erase(std::unique(runs.begin(), runs.end()), runs.end());
  TRY(const auto view, context.shared.tracking.snapshot());
  std::vector<Walk> walks;
  for (const RunId& run : runs) {
    TRY(const auto walk, find_walk(view, run, *key));
    if (walk) walks.push_back(*walk);
  }
  return source_response(std::make_unique<BulkSource>(context.shared.tracking, std::string(*key),
                                                      std::move(walks),
                                                      static_cast<std::uint64_t>(limit)));
}

}  // namespace stepwell::http
