#include "engine/tracking/history.hpp"

#include <algorithm>

#include "protocol/batch_builder.hpp"

namespace stepwell::tracking {

Result<History> History::plan(const View& view, const wire::HistoryT& question) {
  if (!question.run) return fail(ErrorKind::kInvalid, "a history names no run");
  if (question.order > wire::PointOrder::MAX) {
    return fail(ErrorKind::kInvalid, "a history in order {}, known are 0 to {}",
                static_cast<int>(question.order), static_cast<int>(wire::PointOrder::MAX));
  }
  const auto id = protocol::from_wire<RunId>(*question.run);
  TRY(const auto run, view.find_run(id));
  if (!run) return fail(ErrorKind::kNotFound, "run {} does not exist", id.hex());
  History history;
  history.id_ = id;
  history.run_ = *run;
  history.order_ = question.order;
  history.range_ = store::step_range(question.first_step, question.last_step);
  TRY(const SeriesFilter filter, SeriesFilter::of(question.keys, question.all_contexts));
  TRY(history.series_, filter.series_of(view, *run));
  return history;
}

Result<store::Columns> History::read(const View& view) const {
  const SeriesNumber series = series_[at_].number;
  if (order_ == wire::PointOrder::Time) {
    return view.snapshot().points_by_time(run_, series, range_, after_, kPagePoints + 1);
  }
  store::PointRange range = range_;
  if (!after_) return view.snapshot().points(run_, series, range, kPagePoints + 1);
  // The last point sent is found again.
  range.first = *after_;
  TRY(auto points, view.snapshot().points(run_, series, range, kPagePoints + 2));
  const bool again = !points.empty() && points.front() == *after_;
  points.keep(again ? 1 : 0, std::min(points.size() - (again ? 1 : 0), kPagePoints + 1));
  return points;
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
  TRY(page.points, read(view));
  page.last_of_series = page.points.size() <= kPagePoints;
  if (!page.last_of_series) page.points.resize(kPagePoints);
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
    const store::Columns& columns = page->points;
    protocol::KeyListBuilder keys;
    TRY(keys.add(page->series->key, page->series->context));
    batch.add_block(keys, columns.size(), {columns.steps, columns.times, columns.values, {}});
    points += columns.size();
  }
  if (points == 0) return std::optional<std::string>();
  return std::optional(batch.finish());
}

}  // namespace stepwell::tracking
