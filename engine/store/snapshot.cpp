#include "engine/store/snapshot.hpp"

#include <algorithm>

namespace stepwell::store {

Result<UnsealedReader*> Snapshot::unsealed(RunNumber run) const {
  if (run_ != run) {
    run_.reset();
    TRY(unsealed_, UnsealedReader::open(*reader_, run));
    run_ = run;
  }
  return &unsealed_;
}

Result<std::vector<Point>> Snapshot::points(RunNumber run, SeriesNumber series,
                                            const PointRange& range, std::size_t limit) const {
  if (limit == 0 || range.last < range.first) return std::vector<Point>();
  const index::ReadTransaction& transaction = reader_->transaction();
  ChunkReader chunks(transaction, reader_->layout());
  Columns points;
  std::size_t before = 0;  // Points of the first chunk that lie before the range.
  Point end = range.last;
  Result<void> read = ok();
  TRY(visit_rows(transaction, reader_->layout(), {run, series}, range.first, range.last,
                 [&](const DirectoryRow& row) {
                   for (const ChunkEntry& entry : row.entries) {
                     if (entry.stats.last < range.first) continue;
                     if (range.last < entry.stats.first) return false;
                     if (points.size() - before >= limit) {
                       // What lies behind is the next page's, also of what is not sealed.
                       end = points.view().back();
                       return false;
                     }
                     read = chunks.read(entry, points);
                     if (!read) return false;
                     if (before == 0) before = points.view().lower_bound(range.first);
                   }
                   return true;
                 }));
  TRY(std::move(read));
  TRY(UnsealedReader* const others, unsealed(run));
  TRY(const Columns young, others->points(series, {range.first, end}));
  const std::size_t sealed = points.view().upper_bound(end);
  points.resize(sealed);
  points.append(young);
  merge_unique(points, before, sealed);
  const std::size_t count = std::min(limit, points.size() - before);
  std::vector<Point> page(count);
  for (std::size_t i = 0; i < count; ++i) page[i] = points.view()[before + i];
  return page;
}

Result<SeriesSummary> Snapshot::summary(RunNumber run, SeriesNumber series) const {
  const PointRange all{least_point(), greatest_point()};
  TRY(UnsealedReader* const others, unsealed(run));
  TRY(const Columns young, others->points(series, all));
  const ColumnsView unsealed_points = young;

  const index::ReadTransaction& transaction = reader_->transaction();
  ChunkReader chunks(transaction, reader_->layout());
  PointStats sealed;
  std::size_t repeated = 0;
  Result<void> read = ok();
  const auto look_at = [&](const ChunkEntry& entry) -> Result<void> {
    sealed.add(entry.stats);
    // Points that a chunk holds already must not count twice: look into chunks that young ones
    // touch.
    const std::size_t first = unsealed_points.lower_bound(entry.stats.first);
    const std::size_t end = unsealed_points.upper_bound(entry.stats.last);
    if (first == end) return ok();
    Columns chunk;
    TRY(chunks.read(entry, chunk));
    for (std::size_t i = first; i < end; ++i) {
      const std::size_t at = chunk.view().lower_bound(unsealed_points[i]);
      if (at < chunk.size() && chunk.view()[at] == unsealed_points[i]) ++repeated;
    }
    return ok();
  };
  TRY(visit_rows(transaction, reader_->layout(), {run, series}, all.first, all.last,
                 [&](const DirectoryRow& row) {
                   for (const ChunkEntry& entry : row.entries) {
                     read = look_at(entry);
                     if (!read) return false;
                   }
                   return true;
                 }));
  TRY(std::move(read));
  PointStats stats = sealed;
  stats.add(PointStats::of(unsealed_points));
  return SeriesSummary{stats.count - repeated, stats.first, stats.last};
}

}  // namespace stepwell::store
