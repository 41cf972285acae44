#pragma once

// Doubles as integers of the same order. A double that came from a float32 has at least 29 zero
// bits at its end, one from a bfloat16 at least 45; what all of a column share is stripped, so that
// such columns are as narrow as their own kind. NaN payloads, infinities and -0.0 are kept.

#include <cstdint>
#include <optional>
#include <span>

namespace stepwell::codec {

inline constexpr unsigned kShiftMax = 63;

// How many low bits are zero in all of them; kShiftMax if all are +0.0 or -0.0.
unsigned common_shift(std::span<const double> values);

void to_ordered(std::span<const double> values, unsigned shift, std::int64_t* out);
// The same less the first one's, which is returned, in 32 bits; nothing if one is too far from it.
std::optional<std::uint64_t> to_narrow_ordered(std::span<const double> values, unsigned shift,
                                               std::int32_t* out);
// `shift` as above; the doubles' bits for any integers.
void from_ordered(const std::int64_t* ordered, unsigned shift, std::span<double> out);

}  // namespace stepwell::codec
