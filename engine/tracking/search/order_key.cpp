#include "engine/tracking/search/order_key.hpp"

#include <cmath>

namespace stepwell::tracking::search {
namespace {

std::weak_ordering weak(std::partial_ordering order) {
  if (order < 0) return std::weak_ordering::less;
  return order > 0 ? std::weak_ordering::greater : std::weak_ordering::equivalent;
}

}  // namespace

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
