#include "engine/base/assert.hpp"
#include "engine/codec/codec.hpp"
#include "engine/codec/plan.hpp"
#include "engine/codec/stream.hpp"

namespace stepwell::codec {

std::size_t encode_integers(std::span<const std::int64_t> column, MutableBytes out) {
  const std::size_t count = column.size();
  STEPWELL_ASSERT(count >= 1 && count <= kBlockPointsMax);
  STEPWELL_ASSERT(out.size() >= encoded_bytes_max(count));
  Levels levels;
  const Plan plan = make_plan(column, levels);
  if (plan.bytes >= encoded_bytes_max(count)) {
    out[0] = tag(Meaning::kPlain, Form::kRaw);
    std::memcpy(out.data() + 1, column.data(), 8 * count);
    return encoded_bytes_max(count);
  }
  out[0] = tag(Meaning::kPlain, plan.form);
  const std::byte* const end = write_stream(plan, levels, out.data() + 1);
  STEPWELL_ASSERT(end == out.data() + plan.bytes);
  return plan.bytes;
}

Result<std::size_t> decode_integers(Bytes in, std::span<std::int64_t> out) {
  STEPWELL_ASSERT(!out.empty() && out.size() <= kBlockPointsMax);
  Reader reader(in);
  TRY(const unsigned first, reader.byte("column tag"));
  if (first > kFormMax)
    return fail(ErrorKind::kCorrupt, "integer column: expected a tag of at most {}, found {}",
                kFormMax, first);
  TRY(read_stream(static_cast<Form>(first), reader, out));
  return reader.position();
}

}  // namespace stepwell::codec
