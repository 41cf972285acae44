#pragma once

// Doubles as digits / 10^exponent, both exact in a double, so that one correctly rounded division
// gives the double that a decimal literal means. A double that does not come back bit for bit (more
// digits, -0.0, NaN, infinities) is an exception and kept apart. The idea is ALP's (SIGMOD 2024,
// 10.1145/3626717), with a division instead of two multiplications: it has no exceptions of its
// own.

#include <cstdint>
#include <optional>
#include <span>

namespace stepwell::codec {

inline constexpr unsigned kExponentMax = 18;

struct Decimal {
  unsigned exponent = 0;
  bool single = false;  // The quotient is rounded to float32: decimals that passed through one.
};

// The exponent that most of a sample needs, or nothing if many have none, or if digits and
// exceptions would take more than `bits_max` bits a value.
std::optional<unsigned> sampled_exponent(std::span<const double> values, bool single,
                                         unsigned bits_max);

// Writes digits and the positions of exceptions, and returns their number. An exception's digits
// are its predecessor's.
std::size_t to_digits(std::span<const double> values, Decimal decimal, std::int64_t* digits,
                      std::uint32_t* exceptions);
void from_digits(const std::int64_t* digits, Decimal decimal, std::span<double> out);

}  // namespace stepwell::codec
