#include "engine/tracking/history.hpp"

#include <algorithm>
#include <string_view>
#include <unordered_set>

#include "protocol/batch_builder.hpp"

namespace stepwell::tracking {

Result<History> History::plan(const View& view, const wire::HistoryT& question) {
  if (!question.run) return fail(ErrorKind::kInvalid, "a history names no run");
  if (question.keys.size() > kKeysMax) {
    return fail(ErrorKind::kInvalid, "a history of {} keys, at most {}", question.keys.size(),
                kKeysMax);
  }
  const auto id = protocol::from_wire<RunId>(*question.run);
  TRY(const auto run, view.find_run(id));
  if (!run) return fail(ErrorKind::kNotFound, "run {} does not exist", id.hex());
  History history;
  history.id_ = id;
  history.run_ = *run;
  history.range_ = store::step_range(question.first_step, question.last_step);
  const std::unordered_set<std::string_view> keys(question.keys.begin(), question.keys.end());
  TRY(history.series_, view.series_of(*run));
  std::erase_if(history.series_, [&](const SeriesName& name) {
    const bool wanted = keys.empty() || keys.contains(name.key);
    return !wanted || (!question.all_contexts && !name.context.empty());
  });
  return history;
}

Result<std::optional<History::Page>> History::next_page(const View& view) {
  if (at_ == series_.size()) return std::optional<Page>();
  // What lies under the number of a run that was purged is being freed: no end, and no points.
  TRY(const auto run, view.find_run(id_));
  if (run != run_) {
    return fail(ErrorKind::kNotFound, "run {} was purged while it was read", id_.hex());
  }
  Page page;
  page.series = &series_[at_];
  store::PointRange range = range_;
  if (after_) range.first = *after_;
  // One more than the page, since the last point sent is found again.
  TRY(page.points, view.snapshot().points(run_, page.series->number, range, kPagePoints + 1));
  page.last_of_series = page.points.size() <= kPagePoints;
  if (after_ && !page.points.empty() && page.points.front() == *after_) {
    page.points.erase(page.points.begin());
  } else if (!page.last_of_series) {
    page.points.pop_back();
  }
  points_ += page.points.size();
  if (page.last_of_series) {
    ++at_;
    after_.reset();
  } else {
    after_ = page.points.back();
  }
  return std::optional(std::move(page));
}

Result<std::optional<std::string>> History::next(const View& view) {
  protocol::BatchBuilder batch;
  std::size_t points = 0;
  while (points < kPagePoints && batch.blocks() < 256) {
    TRY(const auto page, next_page(view));
    if (!page) break;
    if (page->points.empty()) continue;
    std::vector<std::int64_t> steps, times;
    std::vector<double> values;
    for (const Point& point : page->points) {
      steps.push_back(point.step);
      times.push_back(point.timestamp_ms);
      values.push_back(point.value);
    }
    protocol::KeyListBuilder keys;
    TRY(keys.add(page->series->key, page->series->context));
    batch.add_block(keys, steps.size(), {steps, times, values, {}});
    points += steps.size();
  }
  if (points == 0) return std::optional<std::string>();
  return std::optional(batch.finish());
}

}  // namespace stepwell::tracking
