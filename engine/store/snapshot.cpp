#include "engine/store/snapshot.hpp"

#include <algorithm>
#include <limits>

namespace stepwell::store {

const std::vector<BlockPtr>& Snapshot::blocks(RunNumber run) const {
  if (run_ != run) {
    blocks_ = reader_->blocks(run);
    run_ = run;
  }
  return blocks_;
}

Result<std::vector<Point>> Snapshot::points(RunNumber run, SeriesNumber series,
                                            const PointRange& range, std::size_t limit) const {
  const index::ReadTransaction& transaction = reader_->transaction();
  // Chunks of a series are disjoint and sorted: these hold `limit` points beyond the first of them,
  // which may lie before the range in part, unless there are no more.
  const std::size_t entries_max = std::max(limit, limit + 2);  // Any limit: no overflow.
  TRY(const auto entries, find_entries(transaction, reader_->layout(), series, range, entries_max));
  std::vector<Point> points;
  PointRange page = range;
  for (const DirectoryEntry& entry : entries) {
    if (points.size() >= limit) break;
    TRY(read_chunk(transaction, reader_->layout(), entry, points));
    std::erase_if(points, [&](const Point& point) { return !range.contains(point); });
    page.last = entry.last;
  }
  // All chunks that can hold points up to here were read; young points beyond are the next page's.
  if (points.size() < limit) page.last = range.last;
  page.last = std::min(page.last, range.last);
  collect(blocks(run), series, page, points);
  sort_points(points);
  if (points.size() > limit) points.resize(limit);
  return points;
}

Result<SeriesSummary> Snapshot::summary(RunNumber run, SeriesNumber series) const {
  SeriesSummary summary;
  std::vector<Point> young;
  collect(blocks(run), series, {least_point(), greatest_point()}, young);
  sort_points(young);

  const index::ReadTransaction& transaction = reader_->transaction();
  TRY(const auto entries,
      find_entries(transaction, reader_->layout(), series, {least_point(), greatest_point()},
                   std::numeric_limits<std::size_t>::max()));
  std::vector<Point> overlapped;
  for (const DirectoryEntry& entry : entries) {
    summary.count += entry.count;
    // Points that a chunk holds already must not count twice: look into chunks that young ones
    // touch.
    const auto from = std::lower_bound(young.begin(), young.end(), entry.first);
    if (from == young.end() || entry.last < *from) continue;
    TRY(read_chunk(transaction, reader_->layout(), entry, overlapped));
  }
  summary.count +=
      static_cast<std::uint64_t>(std::count_if(young.begin(), young.end(), [&](const Point& point) {
        return !std::binary_search(overlapped.begin(), overlapped.end(), point);
      }));

  if (!entries.empty()) {
    summary.first = entries.front().first;
    summary.latest = entries.back().last;
  }
  if (!young.empty()) {
    if (entries.empty() || young.front() < summary.first) summary.first = young.front();
    if (entries.empty() || summary.latest < young.back()) summary.latest = young.back();
  }
  return summary;
}

}  // namespace stepwell::store
