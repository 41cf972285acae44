#include <algorithm>
#include <array>
#include <bit>

#include "engine/base/assert.hpp"
#include "engine/codec/bit_packing.hpp"
#include "engine/codec/codec.hpp"
#include "engine/codec/decimal.hpp"
#include "engine/codec/float_bits.hpp"
#include "engine/codec/plan.hpp"
#include "engine/codec/stream.hpp"

namespace stepwell::codec {
namespace {

constexpr unsigned kSingleShift = 29;  // Bits of a double's mantissa that a float32 lacks.

// Doubles as integers, and how those are laid out.
struct Candidate {
  Meaning meaning = Meaning::kBits;
  unsigned parameter = 0;  // The shift or the exponent.
  std::size_t exceptions = 0;
  std::size_t bytes = 0;
  Plan plan;
  Levels levels;
  std::array<std::int64_t, kBlockPointsMax> items;
  std::array<std::uint32_t, kBlockPointsMax> positions;
};

bool is_constant(std::span<const double> column) {
  const auto first = std::bit_cast<std::uint64_t>(column[0]);
  for (const double value : column)
    if (std::bit_cast<std::uint64_t>(value) != first) return false;
  return true;
}

void plan_bits(std::span<const double> column, Candidate& to) {
  to.parameter = common_shift(column);
  Levels& levels = to.levels;
  levels.count = column.size();
  const auto origin = to_narrow_ordered(column, to.parameter, levels.narrow_levels[0]);
  levels.narrow = origin.has_value();
  levels.origin = origin.value_or(0);
  if (!levels.narrow) {
    to_ordered(column, to.parameter, to.items.data());
    levels.wide_items = {to.items.data(), column.size()};
  }
  to.plan = make_plan(levels);
  to.bytes = to.plan.bytes + 1;
}

// False if the column is not decimal. `bits`: what there is already.
bool plan_decimal(std::span<const double> column, const Candidate& bits, Candidate& to) {
  const std::size_t count = column.size();
  Decimal decimal;
  decimal.single = bits.parameter >= kSingleShift;
  const auto bits_max = static_cast<unsigned>(8 * bits.bytes / count);
  const auto exponent = sampled_exponent(column, decimal.single, bits_max);
  if (!exponent) return false;
  decimal.exponent = to.parameter = *exponent;
  to.meaning = decimal.single ? Meaning::kDecimal32 : Meaning::kDecimal;
  to.exceptions = to_digits(column, decimal, to.items.data(), to.positions.data());
  to.plan = make_plan({to.items.data(), count}, to.levels);
  to.bytes = to.plan.bytes + 1 + varint_bytes(to.exceptions) +
             packed_bytes(to.exceptions, position_width(count)) + 8 * to.exceptions;
  return true;
}

std::size_t write(const Candidate& from, std::span<const double> column, std::byte* const out) {
  std::byte* to = out;
  *to++ = tag(from.meaning, from.plan.form);
  *to++ = static_cast<std::byte>(from.parameter);
  if (from.meaning != Meaning::kBits) {
    to = put_varint(to, from.exceptions);
    to = write_positions(from.positions.data(), from.exceptions, column.size(), to);
    for (std::size_t i = 0; i < from.exceptions; ++i, to += 8)
      store_le(to, column[from.positions[i]]);
  }
  to = write_stream(from.plan, from.levels, to);
  STEPWELL_ASSERT(to == out + from.bytes);
  return from.bytes;
}

Result<void> read_bits(Form form, Reader& in, std::span<double> out) {
  TRY(const unsigned shift, in.byte("shift"));
  if (shift > kShiftMax)
    return fail(ErrorKind::kCorrupt, "value column: expected a shift of at most {}, found {}",
                kShiftMax, shift);
  std::int64_t items[kBlockPointsMax];
  TRY(read_stream(form, in, {items, out.size()}));
  from_ordered(items, shift, out);
  return ok();
}

Result<void> read_decimal(Form form, bool single, Reader& in, std::span<double> out) {
  Decimal decimal;
  decimal.single = single;
  TRY(decimal.exponent, in.byte("exponent"));
  if (decimal.exponent > kExponentMax)
    return fail(ErrorKind::kCorrupt, "value column: expected an exponent of at most {}, found {}",
                kExponentMax, decimal.exponent);
  TRY(const std::uint64_t exceptions, in.varint("number of exceptions"));
  if (exceptions > out.size())
    return fail(ErrorKind::kCorrupt, "value column: expected at most {} exceptions, found {}",
                out.size(), exceptions);
  std::uint32_t positions[kBlockPointsMax];
  TRY(read_positions(in, exceptions, out.size(), positions));
  TRY(const std::byte* const values, in.take(8 * exceptions, "exceptions"));
  std::int64_t items[kBlockPointsMax];
  TRY(read_stream(form, in, {items, out.size()}));
  if (form == Form::kConstant) {
    from_digits(items, decimal, out.first(1));
    std::fill(out.begin() + 1, out.end(), out[0]);
  } else {
    from_digits(items, decimal, out);
  }
  for (std::size_t i = 0; i < exceptions; ++i) std::memcpy(&out[positions[i]], values + 8 * i, 8);
  return ok();
}

}  // namespace

std::size_t encode_values(std::span<const double> column, MutableBytes out) {
  const std::size_t count = column.size();
  STEPWELL_ASSERT(count >= 1 && count <= kBlockPointsMax);
  STEPWELL_ASSERT(out.size() >= encoded_bytes_max(count));
  // A constant form is the same for any count.
  const std::span<const double> planned = is_constant(column) ? column.first(1) : column;
  Candidate bits, decimal;
  plan_bits(planned, bits);
  const bool is_decimal = plan_decimal(planned, bits, decimal) && decimal.bytes < bits.bytes;
  const Candidate& best = is_decimal ? decimal : bits;
  if (best.bytes >= encoded_bytes_max(count)) {
    out[0] = tag(Meaning::kPlain, Form::kRaw);
    std::memcpy(out.data() + 1, column.data(), 8 * count);
    return encoded_bytes_max(count);
  }
  return write(best, column, out.data());
}

Result<std::size_t> decode_values(Bytes in, std::span<double> out) {
  STEPWELL_ASSERT(!out.empty() && out.size() <= kBlockPointsMax);
  Reader reader(in);
  TRY(const unsigned first, reader.byte("column tag"));
  const unsigned meaning = first >> 4;
  const auto form = static_cast<Form>(first & 15);
  const bool raw = form == Form::kRaw;
  if ((first & 15) > kFormMax || meaning > kMeaningMax || raw != (meaning == 0))
    return fail(ErrorKind::kCorrupt, "value column: expected a known tag, found {:#04x}", first);
  if (raw) {
    TRY(const std::byte* const bytes, reader.take(8 * out.size(), "raw values"));
    std::memcpy(out.data(), bytes, 8 * out.size());
  } else if (static_cast<Meaning>(meaning) == Meaning::kBits) {
    TRY(read_bits(form, reader, out));
  } else {
    TRY(read_decimal(form, static_cast<Meaning>(meaning) == Meaning::kDecimal32, reader, out));
  }
  return reader.position();
}

}  // namespace stepwell::codec
