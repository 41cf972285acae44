#include "engine/codec/decimal.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

namespace stepwell::codec {
namespace {

// Exact in a double.
constexpr std::array<double, kExponentMax + 1> kPowers = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,
                                                          1e7,  1e8,  1e9,  1e10, 1e11, 1e12, 1e13,
                                                          1e14, 1e15, 1e16, 1e17, 1e18};

constexpr double kDigitsEnd = 0x1p51;  // Digits are below this, so that all of them are exact.
// Added to a double below kDigitsEnd it rounds to an integer, which its low bits then hold.
constexpr double kRounder = 0x1.8p52;
constexpr auto kRounderBits = std::bit_cast<std::uint64_t>(kRounder);

template <bool kSingle>
double quotient(double digits, double power) {
  const double result = digits / power;
  return kSingle ? static_cast<double>(static_cast<float>(result)) : result;
}

struct Attempt {
  std::int64_t digits;
  std::uint64_t exact;  // 0 or 1: counted without a branch.
};

template <bool kSingle>
Attempt attempt(double value, double power) {
  const double shifted = value * power + kRounder;
  const double back = quotient<kSingle>(shifted - kRounder, power);
  const std::uint64_t in_range = std::abs(value * power) < kDigitsEnd ? 1 : 0;
  const std::uint64_t same =
      std::bit_cast<std::uint64_t>(back) == std::bit_cast<std::uint64_t>(value) ? 1 : 0;
  return {static_cast<std::int64_t>(std::bit_cast<std::uint64_t>(shifted) - kRounderBits),
          in_range & same};
}

constexpr std::size_t kSamples = 32;

struct Spread {
  double least = HUGE_VAL;
  double greatest = -HUGE_VAL;
  double size() const { return greatest - least; }
};

// Of those that could have digits.
Spread spread_of(std::span<const double> sample) {
  Spread spread;
  for (const double value : sample) {
    if (!(std::abs(value) < kDigitsEnd)) continue;
    spread.least = std::min(spread.least, value);
    spread.greatest = std::max(spread.greatest, value);
  }
  return spread;
}

// The greatest exponent with digits in range and a spread below 2^bits_max.
std::optional<unsigned> greatest_exponent(const Spread& spread, unsigned bits_max) {
  if (spread.least > spread.greatest) return std::nullopt;
  const double magnitude = std::max(std::abs(spread.least), std::abs(spread.greatest));
  const double size_max = std::ldexp(1.0, static_cast<int>(bits_max));
  unsigned exponent = 0;
  while (exponent <= kExponentMax && magnitude * kPowers[exponent] < kDigitsEnd &&
         spread.size() * kPowers[exponent] < size_max)
    ++exponent;
  if (exponent == 0) return std::nullopt;
  return exponent - 1;
}

struct Sampled {
  unsigned exponent = 0;
  std::size_t failed = 0;
};

template <bool kSingle>
std::optional<Sampled> least_exponent(std::span<const double> sample, unsigned greatest) {
  // What comes back at some exponent does so at every greater one.
  std::array<double, kSamples> exact;
  Sampled sampled;
  std::size_t n = 0;
  for (const double value : sample) {
    if (attempt<kSingle>(value, kPowers[greatest]).exact != 0) {
      exact[n++] = value;
    } else if (++sampled.failed * 4 > sample.size()) {
      return std::nullopt;
    }
  }
  unsigned& exponent = sampled.exponent;
  for (std::size_t i = 0; i < n; ++i)
    while (exponent < greatest && attempt<kSingle>(exact[i], kPowers[exponent]).exact == 0)
      ++exponent;
  return sampled;
}

template <bool kSingle>
std::size_t digits_of(std::span<const double> values, double power, std::int64_t* digits,
                      std::uint32_t* exceptions) {
  std::uint64_t exact = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Attempt one = attempt<kSingle>(values[i], power);
    digits[i] = one.digits;
    exact += one.exact;
  }
  if (exact == values.size()) return 0;
  std::size_t n = 0;
  std::optional<std::int64_t> first;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (attempt<kSingle>(values[i], power).exact == 0) {
      exceptions[n++] = static_cast<std::uint32_t>(i);
      digits[i] = first && i > 0 ? digits[i - 1] : 0;
    } else if (!first) {
      first = digits[i];
      std::fill(digits, digits + i, *first);
    }
  }
  return n;
}

template <bool kSingle>
void values_of(const std::int64_t* digits, unsigned exponent, std::span<double> out) {
  const double power = kPowers[exponent];
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto bits = static_cast<std::uint64_t>(digits[i]) + kRounderBits;
    const double whole = std::bit_cast<double>(bits) - kRounder;
    out[i] = quotient<kSingle>(whole, power);
  }
}

}  // namespace

std::optional<unsigned> sampled_exponent(std::span<const double> values, bool single,
                                         unsigned bits_max) {
  std::array<double, kSamples> room;
  const std::size_t n = std::min(values.size(), kSamples);
  const std::size_t apart = values.size() / n;
  for (std::size_t i = 0; i < n; ++i) room[i] = values[i * apart];
  const std::span<const double> sample(room.data(), n);
  const Spread spread = spread_of(sample);
  const auto greatest = greatest_exponent(spread, bits_max);
  if (!greatest) return std::nullopt;
  const auto found =
      single ? least_exponent<true>(sample, *greatest) : least_exponent<false>(sample, *greatest);
  if (!found) return std::nullopt;
  // With its exceptions it would take more than there is already.
  constexpr std::size_t kExceptionBits = 64 + 10;
  const auto digits = static_cast<std::uint64_t>(spread.size() * kPowers[found->exponent]);
  auto width = static_cast<std::size_t>(std::bit_width(digits));
  if (width > 0 && n < values.size()) ++width;  // All of a column spread wider than a sample.
  if (found->failed * kExceptionBits + n * width > n * bits_max) return std::nullopt;
  return found->exponent;
}

std::size_t to_digits(std::span<const double> values, Decimal decimal, std::int64_t* digits,
                      std::uint32_t* exceptions) {
  const double power = kPowers[decimal.exponent];
  return decimal.single ? digits_of<true>(values, power, digits, exceptions)
                        : digits_of<false>(values, power, digits, exceptions);
}

void from_digits(const std::int64_t* digits, Decimal decimal, std::span<double> out) {
  if (decimal.single) {
    values_of<true>(digits, decimal.exponent, out);
  } else {
    values_of<false>(digits, decimal.exponent, out);
  }
}

}  // namespace stepwell::codec
