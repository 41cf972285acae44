#include "engine/store/directory.hpp"

#include <algorithm>
#include <array>

#include "engine/base/bytes.hpp"
#include "engine/store/chunk.hpp"

namespace stepwell::store {
namespace {

constexpr std::size_t kEntryBytes = 112;
constexpr std::uint16_t kTimesRise = 1;

// Signed integers as unsigned ones of the same order.
std::uint64_t biased(std::int64_t value) {
  return static_cast<std::uint64_t>(value) ^ (std::uint64_t{1} << 63);
}

void put_entry(Encoder& out, const ChunkEntry& entry) {
  const PointStats& stats = entry.stats;
  out.put(entry.value).put(entry.offset).put(entry.bytes);
  out.put(static_cast<std::uint16_t>(stats.count)).put(static_cast<std::uint16_t>(stats.nan_count));
  out.put(static_cast<std::uint32_t>(stats.times_rise ? kTimesRise : 0));
  out.put(stats.first.step).put(stats.last.step);
  out.put(stats.first.timestamp_ms).put(stats.last.timestamp_ms);
  out.put(stats.time_min).put(stats.time_max);
  out.put(stats.first.bits()).put(stats.last.bits());
  out.put(stats.value_min).put(stats.value_max).put(stats.sum);
}

ChunkEntry get_entry(Decoder& in) {
  ChunkEntry entry;
  PointStats& stats = entry.stats;
  entry.value = in.get<std::uint64_t>();
  entry.offset = in.get<std::uint32_t>();
  entry.bytes = in.get<std::uint32_t>();
  stats.count = in.get<std::uint16_t>();
  stats.nan_count = in.get<std::uint16_t>();
  stats.times_rise = (in.get<std::uint32_t>() & kTimesRise) != 0;
  stats.first.step = in.get<std::int64_t>();
  stats.last.step = in.get<std::int64_t>();
  stats.first.timestamp_ms = in.get<std::int64_t>();
  stats.last.timestamp_ms = in.get<std::int64_t>();
  stats.time_min = in.get<std::int64_t>();
  stats.time_max = in.get<std::int64_t>();
  stats.first.value = in.get<double>();
  stats.last.value = in.get<double>();
  stats.value_min = in.get<double>();
  stats.value_max = in.get<double>();
  stats.sum = in.get<double>();
  return entry;
}

}  // namespace

PointStats PointStats::of(const ColumnsView& points) {
  PointStats stats;
  stats.count = points.size();
  if (points.empty()) return stats;
  stats.first = points.front();
  stats.last = points.back();
  // Lanes of their own let the compiler use vectors, and give every machine the same sum.
  constexpr std::size_t kLanes = 8;
  std::array<double, kLanes> least, most, sum{};
  least.fill(stats.value_min);
  most.fill(stats.value_max);
  std::array<std::uint64_t, kLanes> nans{};
  const auto look_at = [&](std::size_t lane, double value) {
    const bool is_nan = value != value;
    const double number = is_nan ? 0 : value;
    nans[lane] += is_nan ? 1 : 0;
    sum[lane] += number;
    least[lane] = value < least[lane] ? value : least[lane];
    most[lane] = value > most[lane] ? value : most[lane];
  };
  const std::size_t whole = points.size() / kLanes * kLanes;
  for (std::size_t i = 0; i < whole; i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) look_at(lane, points.values[i + lane]);
  }
  for (std::size_t i = whole; i < points.size(); ++i) look_at(i - whole, points.values[i]);
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    stats.nan_count += nans[lane];
    stats.sum += sum[lane];
    stats.value_min = std::min(stats.value_min, least[lane]);
    stats.value_max = std::max(stats.value_max, most[lane]);
  }
  stats.value_min += 0.0;
  stats.value_max += 0.0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    stats.time_min = std::min(stats.time_min, points.times[i]);
    stats.time_max = std::max(stats.time_max, points.times[i]);
  }
  for (std::size_t i = 1; i < points.size(); ++i) {
    stats.times_rise &= points.times[i - 1] <= points.times[i];
  }
  return stats;
}

void PointStats::add(const PointStats& other) {
  if (other.count == 0) return;
  if (count == 0) {
    *this = other;
    return;
  }
  const bool behind = last < other.first && last.timestamp_ms <= other.first.timestamp_ms;
  times_rise = times_rise && other.times_rise && behind;
  count += other.count;
  nan_count += other.nan_count;
  first = std::min(first, other.first);
  last = std::max(last, other.last);
  time_min = std::min(time_min, other.time_min);
  time_max = std::max(time_max, other.time_max);
  value_min = std::min(value_min, other.value_min);
  value_max = std::max(value_max, other.value_max);
  sum += other.sum;
}

bool PointStats::same_as(const PointStats& other) const {
  Encoder a, b;
  put_entry(a, {0, 0, 0, *this});
  put_entry(b, {0, 0, 0, other});
  return a.view() == b.view();
}

std::string directory_prefix(const SeriesKey& series) {
  return Encoder().big(series.run.value).big(series.series.value).take();
}

std::string directory_key(const SeriesKey& series, const Point& first) {
  Encoder key;
  key.big(series.run.value).big(series.series.value);
  key.big(biased(first.step)).big(biased(first.timestamp_ms));
  key.big(biased(value_rank(first.value))).big(first.bits());
  return key.take();
}

std::optional<SeriesKey> series_of_key(std::string_view key) {
  Decoder in(key);
  SeriesKey series;
  series.run.value = in.big<std::uint64_t>();
  series.series.value = in.big<std::uint64_t>();
  if (!in.ok() || in.rest().size() != 32) return std::nullopt;
  return series;
}

std::string encode_row(std::span<const ChunkEntry> entries) {
  Encoder out;
  for (const ChunkEntry& entry : entries) put_entry(out, entry);
  return out.take();
}

Result<std::vector<ChunkEntry>> decode_row(std::string_view row) {
  const std::size_t count = row.size() / kEntryBytes;
  if (row.size() % kEntryBytes != 0 || count == 0 || count > kRowEntries) {
    return fail(ErrorKind::kCorrupt, "directory row of {} bytes: expected 1 to {} times {}",
                row.size(), kRowEntries, kEntryBytes);
  }
  std::vector<ChunkEntry> entries;
  entries.reserve(count);
  for (Decoder in(row); !in.done();) entries.push_back(get_entry(in));
  for (std::size_t i = 1; i < count; ++i) {
    if (!(entries[i - 1].stats.last < entries[i].stats.first)) {
      return fail(ErrorKind::kCorrupt, "directory row: entries {} and {} are not in order", i - 1,
                  i);
    }
  }
  return entries;
}

Result<void> visit_rows(const index::ReadTransaction& transaction, const Layout& layout,
                        const SeriesKey& series, const Point& first, const Point& last,
                        const std::function<bool(DirectoryRow)>& visit) {
  const std::string prefix = directory_prefix(series);
  const std::string from = directory_key(series, first);
  TRY(auto cursor, transaction.cursor(layout.directory));
  TRY(auto row, cursor.seek_before(from));
  if (!row || !row->key.starts_with(prefix)) {
    TRY(row, cursor.seek(from));
  }
  while (row && row->key.starts_with(prefix)) {
    TRY(auto entries, decode_row(row->value));
    if (last < entries.front().stats.first) return ok();
    if (!visit({std::string(row->key), std::move(entries)})) return ok();
    TRY(row, cursor.next());
  }
  return ok();
}

Result<void> ChunkReader::read(const ChunkEntry& entry, Columns& into) {
  if (entry.value != number_) {
    TRY(const auto value, transaction_.get(layout_.chunks, chunk_key(entry.value)));
    if (!value) return fail(ErrorKind::kCorrupt, "index: chunk value {} is missing", entry.value);
    number_ = entry.value;
    value_ = *value;
  }
  const std::size_t start = into.size();
  const std::uint64_t end = std::uint64_t{entry.offset} + entry.bytes;
  if (end > value_.size()) {
    return fail(ErrorKind::kCorrupt, "index: chunk value {} has {} bytes, a chunk ends at {}",
                entry.value, value_.size(), end);
  }
  std::string_view bytes = value_.substr(entry.offset, entry.bytes);
  if (auto decoded = decode_chunk(bytes, entry.stats.count, into); !decoded) {
    return in_context(fmt::format("index: chunk value {} offset {}", entry.value, entry.offset),
                      decoded.error());
  }
  const ColumnsView chunk = into.view().part(start, entry.stats.count);
  if (!bytes.empty() || chunk.front() != entry.stats.first || chunk.back() != entry.stats.last) {
    return fail(ErrorKind::kCorrupt,
                "index: chunk value {} offset {} does not hold what its directory entry says",
                entry.value, entry.offset);
  }
  return ok();
}

std::string chunk_key(std::uint64_t value) {
  return Encoder().big(value).take();
}

}  // namespace stepwell::store
