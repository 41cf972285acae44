#include "engine/store/chunk.hpp"

#include "engine/base/bytes.hpp"

namespace stepwell::store {
namespace {

constexpr std::uint8_t kPlainColumns = 1;

// Signed integers as unsigned ones of the same order.
std::uint64_t biased(std::int64_t value) {
  return static_cast<std::uint64_t>(value) ^ (std::uint64_t{1} << 63);
}

void put_point(Encoder& out, const Point& point) {
  out.put(point.step).put(point.timestamp_ms).put(point.bits());
}

Point get_point(Decoder& in) {
  Point point;
  point.step = in.get<std::int64_t>();
  point.timestamp_ms = in.get<std::int64_t>();
  point.value = std::bit_cast<double>(in.get<std::uint64_t>());
  return point;
}

}  // namespace

std::string encode_chunk(std::span<const Point> points) {
  Encoder out;
  out.put(kPlainColumns).put(static_cast<std::uint32_t>(points.size()));
  for (const Point& point : points) out.put(point.step);
  for (const Point& point : points) out.put(point.timestamp_ms);
  for (const Point& point : points) out.put(point.bits());
  return out.take();
}

Result<void> decode_chunk(std::string_view chunk, std::vector<Point>& into) {
  Decoder in(chunk);
  const auto form = in.get<std::uint8_t>();
  const std::size_t count = in.get<std::uint32_t>();
  const std::string_view columns = in.rest();
  if (!in.ok() || form != kPlainColumns || columns.size() != count * 24) {
    return fail(ErrorKind::kCorrupt, "chunk of {} bytes has form {} and {} points", chunk.size(),
                form, count);
  }
  const std::size_t start = into.size();
  into.resize(start + count);
  for (std::size_t i = 0; i < count; ++i) {
    Point& point = into[start + i];
    point.step = load_le<std::int64_t>(columns.data() + 8 * i);
    point.timestamp_ms = load_le<std::int64_t>(columns.data() + 8 * (count + i));
    point.value = load_le<double>(columns.data() + 8 * (2 * count + i));
    if (i > 0 && !(into[start + i - 1] < point)) {
      return fail(ErrorKind::kCorrupt, "chunk's point {} of {} is not in order", i, count);
    }
  }
  return ok();
}

std::string directory_prefix(SeriesNumber series) {
  return Encoder().big(series.value).take();
}

std::string directory_key(SeriesNumber series, const Point& first) {
  Encoder key;
  key.big(series.value).big(biased(first.step)).big(biased(first.timestamp_ms));
  key.big(biased(value_rank(first.value))).big(first.bits());
  return key.take();
}

std::string encode_entry(const DirectoryEntry& entry) {
  Encoder out;
  out.put(entry.chunk).put(entry.count);
  put_point(out, entry.first);
  put_point(out, entry.last);
  return out.take();
}

Result<DirectoryEntry> decode_entry(std::string_view value) {
  Decoder in(value);
  DirectoryEntry entry;
  entry.chunk = in.get<std::uint64_t>();
  entry.count = in.get<std::uint32_t>();
  entry.first = get_point(in);
  entry.last = get_point(in);
  if (!in.done() || entry.count == 0)
    return fail(ErrorKind::kCorrupt, "directory entry has {} bytes", value.size());
  return entry;
}

std::string chunk_key(std::uint64_t chunk) {
  return Encoder().big(chunk).take();
}

}  // namespace stepwell::store
