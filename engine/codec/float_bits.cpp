#include "engine/codec/float_bits.hpp"

#include <algorithm>
#include <bit>

#include "engine/codec/lanes.hpp"

namespace stepwell::codec {
namespace {

// All bits of a negative number are flipped, but for where the sign stands after the shift. So -0.0
// comes just below +0.0, and greater magnitudes below that.
constexpr std::uint64_t flips(unsigned shift) {
  return ~(std::uint64_t{1} << (63 - shift));
}
constexpr std::uint64_t if_negative(std::uint64_t bits, std::uint64_t flips) {
  return static_cast<std::int64_t>(bits) < 0 ? flips : 0;
}

constexpr std::uint64_t ordered(std::uint64_t bits, unsigned shift) {
  return bits >> shift ^ if_negative(bits, flips(shift));
}

// The same for one and for four at once.
struct ToOrdered {
  unsigned shift;
  void operator()(std::uint64_t& bits) const { bits = ordered(bits, shift); }
  void operator()(Lanes<std::uint64_t>::Vector& bits) const {
    const Lanes<std::uint64_t>::Vector negative = 0 - (bits >> 63);
    bits = (bits >> shift) ^ (negative & flips(shift));
  }
};

}  // namespace

unsigned common_shift(std::span<const double> values) {
  std::uint64_t all = 0;
  for (const double value : values) all |= std::bit_cast<std::uint64_t>(value);
  return std::min(static_cast<unsigned>(std::countr_zero(all)), kShiftMax);
}

void to_ordered(std::span<const double> values, unsigned shift, std::int64_t* out) {
  for (std::size_t i = 0; i < values.size(); ++i)
    out[i] = static_cast<std::int64_t>(ordered(std::bit_cast<std::uint64_t>(values[i]), shift));
}

std::optional<std::uint64_t> to_narrow_ordered(std::span<const double> values, unsigned shift,
                                               std::int32_t* out) {
  const std::uint64_t origin = ordered(std::bit_cast<std::uint64_t>(values[0]), shift);
  if (!narrow_items(values.data(), values.size(), origin, ToOrdered{shift}, out))
    return std::nullopt;
  return origin;
}

void from_ordered(const std::int64_t* ordered, unsigned shift, std::span<double> out) {
  const std::uint64_t mask = flips(shift);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto bits = static_cast<std::uint64_t>(ordered[i]);
    out[i] = std::bit_cast<double>((bits ^ if_negative(bits, mask)) << shift);
  }
}

}  // namespace stepwell::codec
