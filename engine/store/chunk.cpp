#include "engine/store/chunk.hpp"

#include "engine/base/assert.hpp"

namespace stepwell::store {
namespace {

template <typename Encode>
void append_column(std::size_t count, std::string& into, const Encode& encode) {
  const std::size_t before = into.size();
  into.resize(before + codec::encoded_bytes_max(count));
  auto* out = reinterpret_cast<std::byte*>(into.data()) + before;
  const std::size_t bytes = encode(MutableBytes(out, codec::encoded_bytes_max(count)));
  into.resize(before + bytes);
}

template <typename Decode>
Result<void> read_column(std::string_view& in, const Decode& decode) {
  TRY(const std::size_t bytes, decode(as_bytes(in)));
  in.remove_prefix(bytes);
  return ok();
}

}  // namespace

void encode_chunk_values(const ColumnsView& points, std::string& into) {
  STEPWELL_ASSERT(!points.empty() && points.size() <= kChunkPoints);
  append_column(points.size(), into,
                [&](MutableBytes out) { return codec::encode_values(points.values, out); });
}

void encode_chunk(const ColumnsView& points, std::string& into) {
  STEPWELL_ASSERT(!points.empty() && points.size() <= kChunkPoints);
  append_column(points.size(), into,
                [&](MutableBytes out) { return codec::encode_integers(points.steps, out); });
  append_column(points.size(), into,
                [&](MutableBytes out) { return codec::encode_integers(points.times, out); });
  encode_chunk_values(points, into);
}

Result<void> decode_chunk(std::string_view& in, std::size_t count, Columns& into) {
  const std::size_t start = into.size();
  TRY(decode_chunk_places(in, count, into));
  return decode_chunk_values(in, std::span(into.values).subspan(start));
}

Result<void> decode_chunk_places(std::string_view& in, std::size_t count, Columns& into) {
  if (count == 0 || count > kChunkPoints) {
    return fail(ErrorKind::kCorrupt, "a chunk of {} points, expected 1 to {}", count, kChunkPoints);
  }
  const std::size_t start = into.size();
  into.resize(start + count);
  const auto behind = [&](auto& column) { return std::span(column).subspan(start); };
  TRY(read_column(in, [&](Bytes b) { return codec::decode_integers(b, behind(into.steps)); }));
  return read_column(in, [&](Bytes b) { return codec::decode_integers(b, behind(into.times)); });
}

Result<void> decode_chunk_values(std::string_view& in, std::span<double> values) {
  return read_column(in, [&](Bytes b) { return codec::decode_values(b, values); });
}

}  // namespace stepwell::store
