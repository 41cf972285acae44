#include "engine/store/snapshot.hpp"

#include <algorithm>

#include "engine/store/time_page.hpp"

namespace stepwell::store {

Result<UnsealedReader*> Snapshot::unsealed(RunNumber run) const {
  if (run_ != run) {
    run_.reset();
    TRY(unsealed_, UnsealedReader::open(*reader_, run));
    run_ = run;
  }
  return &unsealed_;
}

Result<Columns> Snapshot::points(RunNumber run, SeriesNumber series, const PointRange& range,
                                 std::size_t limit) const {
  if (limit == 0 || range.last < range.first) return Columns();
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
  points.keep(before, std::min(limit, points.size() - before));
  return points;
}

Result<Columns> Snapshot::points_by_time(RunNumber run, SeriesNumber series,
                                         const PointRange& range, const std::optional<Point>& after,
                                         std::size_t limit) const {
  TRY(UnsealedReader* const others, unsealed(run));
  TRY(const Columns young, others->points(series, range));
  SeriesChunks chunks(reader_->transaction(), reader_->layout(), {run, series}, young);
  return read_by_time(chunks, range, after, limit, young);
}

Result<std::vector<Bucket>> Snapshot::buckets(RunNumber run, SeriesNumber series,
                                              const BucketQuestion& question) const {
  TRY(UnsealedReader* const others, unsealed(run));
  TRY(const Columns young, others->points(series, range_of(question.axis, question.within)));
  SeriesChunks chunks(reader_->transaction(), reader_->layout(), {run, series}, young);
  return read_buckets(chunks, question, young);
}

Result<std::optional<Extent>> Snapshot::extent(RunNumber run, SeriesNumber series,
                                               Axis axis) const {
  TRY(UnsealedReader* const others, unsealed(run));
  TRY(const Columns young, others->points(series, {least_point(), greatest_point()}));
  return extent_along(SeriesChunks(reader_->transaction(), reader_->layout(), {run, series}, young),
                      axis, young);
}

Result<SeriesSummary> Snapshot::summary(RunNumber run, SeriesNumber series) const {
  const PointRange all{least_point(), greatest_point()};
  TRY(UnsealedReader* const others, unsealed(run));
  TRY(const Columns young, others->points(series, all));
  SeriesChunks chunks(reader_->transaction(), reader_->layout(), {run, series}, young);
  PointStats stats = PointStats::of(young);
  std::uint64_t repeated = 0;  // In a chunk and unsealed too.
  TRY(chunks.visit(all, [&](const ChunkEntry& entry) -> Result<bool> {
    stats.add(entry.stats);
    if (!chunks.stands_alone(entry)) {
      TRY(const ColumnsView others_of_chunk, chunks.read(entry));
      repeated += entry.stats.count - others_of_chunk.size();
    }
    return true;
  }));
  SeriesSummary summary{stats.count - repeated, stats.first, stats.last};
  if (stats.value_min <= stats.value_max) {
    summary.value_min = stats.value_min;
    summary.value_max = stats.value_max;
  }
  return summary;
}

}  // namespace stepwell::store
