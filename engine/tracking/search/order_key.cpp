#include "engine/tracking/search/order_key.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace stepwell::tracking::search {
namespace {

std::weak_ordering weak(std::partial_ordering order) {
  if (order < 0) return std::weak_ordering::less;
  return order > 0 ? std::weak_ordering::greater : std::weak_ordering::equivalent;
}

constexpr std::uint64_t kSign = std::uint64_t{1} << 63;

std::uint64_t rough(double number) {
  const auto bits = std::bit_cast<std::uint64_t>(number + 0.0);  // Both zeros are one.
  return bits & kSign ? ~bits : bits | kSign;
}

std::uint64_t rough(std::string_view text) {
  std::uint64_t beginning = 0;
  std::memcpy(&beginning, text.data(), std::min(text.size(), sizeof beginning));
  return __builtin_bswap64(beginning);
}

}  // namespace

std::uint64_t rough_order(const Cell& cell, CellKind kind, bool descending) {
  constexpr std::uint64_t kMissing = std::numeric_limits<std::uint64_t>::max();
  if (cell.rank == Cell::Rank::kMissing) return kMissing;
  if (cell.rank == Cell::Rank::kNan) return kMissing - 1;
  const std::uint64_t value = kind == CellKind::kInteger
                                  ? static_cast<std::uint64_t>(cell.integer) ^ kSign
                              : kind == CellKind::kNumber ? rough(cell.number)
                                                          : rough(cell.text);
  return std::min(descending ? ~value : value, kMissing - 2);
}

Cell Cell::of(std::optional<std::int64_t> value) {
  if (!value) return {};
  return {Rank::kValue, *value, 0, {}};
}

Cell Cell::of(std::optional<double> value) {
  if (!value) return {};
  if (std::isnan(*value)) return {Rank::kNan, 0, 0, {}};
  return {Rank::kValue, 0, *value, {}};
}

Cell Cell::of(std::optional<std::string_view> value) {
  if (!value) return {};
  return {Rank::kValue, 0, 0, value->substr(0, kOrderedBytesMax)};
}

std::weak_ordering compare(const Cell& a, const Cell& b, bool descending) {
  if (const auto order = a.rank <=> b.rank; order != 0) return order;
  std::weak_ordering order = a.integer <=> b.integer;
  if (order == 0) order = weak(a.number <=> b.number);
  if (order == 0) order = a.text <=> b.text;
  if (!descending || order == 0) return order;
  return order < 0 ? std::weak_ordering::greater : std::weak_ordering::less;
}

std::weak_ordering compare(const OrderKey& a, const OrderKey& b,
                           const std::vector<OrderTerm>& order) {
  for (std::size_t i = 0; i < order.size(); ++i) {
    const auto of_term = compare(a[i].cell(), b[i].cell(), order[i].descending);
    if (of_term != 0) return of_term;
  }
  return std::weak_ordering::equivalent;
}

}  // namespace stepwell::tracking::search
