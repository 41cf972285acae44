#include "engine/store/tail.hpp"

#include <algorithm>

#include "engine/base/assert.hpp"
#include "engine/base/bytes.hpp"
#include "engine/store/chunk.hpp"

namespace stepwell::store {
namespace {

// A series of a damaged part cannot claim more than a part can hold.
constexpr std::uint64_t kSeriesPointsMax = std::uint64_t{1} << 28;

}  // namespace

std::string tail_list_key(RunNumber run) {
  return Encoder().big(run.value).take();
}

std::string encode_tail_list(const std::vector<TailBlob>& blobs) {
  Encoder out;
  for (const TailBlob& blob : blobs) {
    out.put(blob.number).put(blob.bytes).put(blob.points).put(blob.series).put(blob.parts);
    out.put(blob.level);
  }
  return out.take();
}

Result<std::vector<TailBlob>> decode_tail_list(std::string_view row) {
  std::vector<TailBlob> blobs;
  Decoder in(row);
  while (!in.done() && in.ok()) {
    TailBlob blob;
    blob.number = in.get<std::uint64_t>();
    blob.bytes = in.get<std::uint64_t>();
    blob.points = in.get<std::uint64_t>();
    blob.series = in.get<std::uint64_t>();
    blob.parts = in.get<std::uint32_t>();
    blob.level = in.get<std::uint8_t>();
    blobs.push_back(blob);
  }
  if (!in.ok() || blobs.size() > kTailBlobsMax) {
    return fail(ErrorKind::kCorrupt, "tail list of {} bytes: expected at most {} whole blobs",
                row.size(), kTailBlobsMax);
  }
  return blobs;
}

Result<std::vector<TailBlob>> read_tail_list(const index::ReadTransaction& transaction,
                                             const Layout& layout, RunNumber run) {
  TRY(const auto row, transaction.get(layout.tail_lists, tail_list_key(run)));
  if (!row) return std::vector<TailBlob>();
  return decode_tail_list(*row);
}

TailMerge plan_merge(const std::vector<TailBlob>& blobs, std::uint64_t fresh_points,
                     std::uint64_t fresh_series, std::size_t chunk_points) {
  TailMerge merge;
  std::uint64_t points = fresh_points;
  std::uint64_t all_points = fresh_points, series = fresh_series;
  for (const TailBlob& blob : blobs) {
    all_points += blob.points;
    series = std::max(series, blob.series);
  }
  if (all_points >= series * chunk_points) return {blobs.size(), 0};
  const auto next = [&]() -> const TailBlob* {
    return merge.blobs < blobs.size() ? &blobs[blobs.size() - 1 - merge.blobs] : nullptr;
  };
  while (next() && next()->points <= points / 2) {
    points += next()->points;
    ++merge.blobs;
  }
  if (blobs.size() - merge.blobs < kTailBlobsMax) return merge;
  const std::uint8_t level = next()->level;
  while (next() && next()->level <= level) ++merge.blobs;
  merge.level = static_cast<std::uint8_t>(std::min(level + 1, 255));
  return merge;
}

void TailPartBuilder::add(SeriesNumber series, const ColumnsView& points) {
  STEPWELL_ASSERT(!points.empty() && (empty() || last_ < series));
  // Of one chunk's length at most, so that a reader finds both columns at the front.
  const bool shares = points.size() <= kChunkPoints &&
                      std::ranges::equal(points.steps, shared_.steps) &&
                      std::ranges::equal(points.times, shared_.times);
  const std::size_t before = data_.size();
  for (std::size_t at = 0; at < points.size(); at += kChunkPoints) {
    const ColumnsView part = points.part(at, std::min(kChunkPoints, points.size() - at));
    shares ? encode_chunk_values(part, data_) : encode_chunk(part, data_);
  }
  if (!shares) {
    shared_.clear();
    shared_.append(points);
  }
  if (empty()) first_ = series;
  Encoder entry;
  entry.varint((series.value - (empty() ? 0 : last_.value)) << 1 | (shares ? 1U : 0U));
  entry.varint(points.size()).varint(data_.size() - before);
  directory_ += entry.view();
  last_ = series;
  ++series_count_;
}

std::string TailPartBuilder::finish() {
  Encoder out;
  out.put(series_count_).put(static_cast<std::uint32_t>(directory_.size()));
  out.raw(directory_).raw(data_);
  *this = {};
  return out.take();
}

Result<TailPart> TailPart::open(std::string_view bytes) {
  TailPart part;
  Decoder in(bytes);
  const auto count = in.get<std::uint32_t>();
  const auto directory_bytes = in.get<std::uint32_t>();
  Decoder directory(in.take(directory_bytes));
  part.data_ = in.rest();
  std::uint64_t number = 0, offset = 0;
  // Every entry takes three bytes or more, so `count` is not trusted with memory.
  part.series_.reserve(std::min<std::size_t>(count, bytes.size() / 3));
  while (in.ok() && !directory.done() && directory.ok()) {
    Series series;
    const auto position = static_cast<std::uint32_t>(part.series_.size());
    const std::uint64_t named = directory.varint();
    const std::uint64_t before = number;
    number += named >> 1;
    const std::uint64_t points = directory.varint();
    const std::uint64_t length = directory.varint();
    const bool rises = part.series_.empty() || number > before;
    const bool begins = position > 0 || (named & 1) == 0;
    if (points == 0 || points > kSeriesPointsMax || length > part.data_.size() - offset || !rises ||
        !begins) {
      break;
    }
    series.number = {number};
    const bool shares = (named & 1) != 0;
    series.owner = shares ? part.series_.back().owner : position;
    series.count = static_cast<std::uint32_t>(points);
    series.offset = static_cast<std::uint32_t>(offset);
    series.bytes = static_cast<std::uint32_t>(length);
    offset += length;
    part.series_.push_back(series);
  }
  if (!in.ok() || !directory.done() || part.series_.size() != count || count == 0 ||
      offset != part.data_.size()) {
    return fail(ErrorKind::kCorrupt, "tail part of {} bytes with {} series is not whole",
                bytes.size(), count);
  }
  return part;
}

Result<void> TailPart::read(std::size_t at, Columns& into) const {
  const Series& series = series_[at];
  std::string_view bytes = bytes_of(series);
  const std::size_t start = into.size();
  if (series.owner != at) {
    const Series& owner = series_[series.owner];
    if (owner.count != series.count || series.count > kChunkPoints) {
      return fail(ErrorKind::kCorrupt, "tail part: series {} shares {} points with one of {}",
                  series.number.value, series.count, owner.count);
    }
    std::string_view places = bytes_of(owner);
    TRY(decode_chunk_places(places, series.count, into));
    TRY(decode_chunk_values(bytes, std::span(into.values).subspan(start)));
  } else {
    for (std::size_t done = 0; done < series.count; done += kChunkPoints) {
      TRY(decode_chunk(bytes, std::min<std::size_t>(kChunkPoints, series.count - done), into));
    }
  }
  if (!bytes.empty() || !is_strictly_sorted(into.view().part(start, series.count))) {
    return fail(ErrorKind::kCorrupt, "tail part: the points of series {} are not in order",
                series.number.value);
  }
  return ok();
}

Result<void> TailPart::read_series(SeriesNumber series, Columns& into) const {
  const auto at = std::ranges::lower_bound(series_, series, {}, &Series::number);
  if (at == series_.end() || at->number != series) return ok();
  return read(static_cast<std::size_t>(at - series_.begin()), into);
}

std::string tail_prefix(std::uint64_t blob) {
  return Encoder().big(blob).take();
}

std::string tail_key(std::uint64_t blob, SeriesNumber first_series) {
  return Encoder().big(blob).big(first_series.value).take();
}

}  // namespace stepwell::store
