#pragma once

// A point, the one order that everybody reads points in, and columns of points as views over bytes
// that somebody else keeps alive (a frame in the log, a spool, a chunk).

#include <bit>
#include <cmath>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace stepwell {

// value is bit-exact: NaN payloads, infinities and -0.0 come back as they were sent.
struct Point {
  std::int64_t step = 0;
  std::int64_t timestamp_ms = 0;  // Since the epoch, UTC.
  double value = 0;

  std::uint64_t bits() const { return std::bit_cast<std::uint64_t>(value); }
};

// Maps doubles to integers of the same order, -0.0 and 0.0 equal, NaN as 0.
inline std::int64_t value_rank(double value) {
  if (std::isnan(value) || value == 0) return 0;
  const auto bits = std::bit_cast<std::int64_t>(value);
  return bits >= 0 ? bits : std::numeric_limits<std::int64_t>::min() - bits;
}

// The total order: step, timestamp, value, then the value's bits. Equal means bit-equal.
inline std::strong_ordering operator<=>(const Point& a, const Point& b) {
  if (const auto order = a.step <=> b.step; order != 0) return order;
  if (const auto order = a.timestamp_ms <=> b.timestamp_ms; order != 0) return order;
  if (const auto order = value_rank(a.value) <=> value_rank(b.value); order != 0) return order;
  return a.bits() <=> b.bits();
}
inline bool operator==(const Point& a, const Point& b) {
  return (a <=> b) == 0;
}

// Step i = base + i * stride, or column[i].
struct StepColumn {
  const std::int64_t* column = nullptr;
  std::int64_t base = 0;
  std::int64_t stride = 0;
  std::int64_t operator[](std::size_t i) const {
    return column ? column[i] : base + static_cast<std::int64_t>(i) * stride;
  }
};

// Timestamp i = base (+ deltas[i]), or column[i].
struct TimeColumn {
  const std::int64_t* column = nullptr;
  const std::uint32_t* deltas = nullptr;
  std::int64_t base = 0;
  std::int64_t operator[](std::size_t i) const {
    if (column) return column[i];
    return deltas ? base + static_cast<std::int64_t>(deltas[i]) : base;
  }
};

struct ValueColumn {
  const double* f64 = nullptr;
  const float* f32 = nullptr;
  double operator[](std::size_t i) const { return f64 ? f64[i] : static_cast<double>(f32[i]); }
  ValueColumn from(std::size_t first) const {
    return {f64 ? f64 + first : nullptr, f32 ? f32 + first : nullptr};
  }
};

}  // namespace stepwell
