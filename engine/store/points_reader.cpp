#include "engine/store/points_reader.hpp"

#include <algorithm>
#include <limits>

#include "engine/base/bytes.hpp"

namespace stepwell::store {

PointRange step_range(std::int64_t first_step, std::int64_t last_step) {
  Point first = least_point(), last = greatest_point();
  first.step = first_step;
  last.step = last_step;
  return {first, last};
}

Result<UnsealedReader> UnsealedReader::open(const LayeredReader& reader, RunNumber run) {
  UnsealedReader unsealed;
  unsealed.reader_ = &reader;
  unsealed.blocks_ = RunBlocks(reader.blocks(run));
  TRY(const auto blobs, read_tail_list(reader.transaction(), reader.layout(), run));
  for (const TailBlob& blob : blobs) unsealed.blobs_.push_back({blob.number, {}, {}, {}});
  return unsealed;
}

Result<void> UnsealedReader::find_part(Blob& blob, SeriesNumber series) {
  if (blob.from <= series && series < blob.to) return ok();
  blob.part.reset();
  blob.from = {0};
  blob.to = {std::numeric_limits<std::uint64_t>::max()};
  const std::string prefix = tail_prefix(blob.number);
  const auto first_series = [&](const index::Row& row) {
    return SeriesNumber{Decoder(row.key.substr(prefix.size())).big<std::uint64_t>()};
  };
  TRY(auto cursor, reader_->transaction().cursor(reader_->layout().tails));
  TRY(auto row, cursor.seek_before(tail_key(blob.number, series)));
  if (row && row->key.starts_with(prefix)) {
    blob.from = first_series(*row);
    TRY(blob.part, TailPart::open(row->value));
    TRY(row, cursor.next());
  } else {
    TRY(row, cursor.seek(prefix));
  }
  if (row && row->key.starts_with(prefix)) blob.to = first_series(*row);
  return ok();
}

Result<Columns> UnsealedReader::points(SeriesNumber series, const PointRange& range) {
  Columns points;
  for (Blob& blob : blobs_) {
    TRY(find_part(blob, series));
    if (blob.part) {
      TRY(blob.part->read_series(series, points));
    }
  }
  blocks_.append(series, points);
  sort_unique(points);
  const std::size_t first = points.view().lower_bound(range.first);
  const std::size_t end = points.view().upper_bound(range.last);
  if (first == 0 && end == points.size()) return points;
  Columns inside;
  if (first < end) inside.append(points.view().part(first, end - first));
  return inside;
}

}  // namespace stepwell::store
