#pragma once

// What a row is sorted by: one cell a term. MLflow's order: numbers, then NaN, then what is
// missing, whether ascending or descending; text byte by byte.

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/tracking/search/filter.hpp"

namespace stepwell::tracking::search {

// Text is compared by its beginning only, so that keys and page tokens stay small. Longer than what
// MLflow can store.
inline constexpr std::size_t kOrderedBytesMax = 32'768;

// One of integer, number and text is used; the others are equal in all cells of a term. Texts are
// somebody else's.
struct Cell {
  enum class Rank : std::uint8_t { kValue, kNan, kMissing };
  Rank rank = Rank::kMissing;
  std::int64_t integer = 0;
  double number = 0;  // Never NaN.
  std::string_view text = {};

  static Cell of(std::optional<std::int64_t> value);
  static Cell of(std::optional<double> value);
  static Cell of(std::optional<std::string_view> value);
};

// A cell with a text of its own.
struct OwnedCell {
  Cell::Rank rank = Cell::Rank::kMissing;
  std::int64_t integer = 0;
  double number = 0;
  std::string text = {};

  explicit OwnedCell(const Cell& cell)
      : rank(cell.rank), integer(cell.integer), number(cell.number), text(cell.text) {}
  Cell cell() const { return {rank, integer, number, text}; }
};
using OrderKey = std::vector<OwnedCell>;

// What of a cell is used.
enum class CellKind { kInteger, kNumber, kText };
// The order of one term's cells in 64 bits, as far as they tell: the cell with the lesser one comes
// first; nothing is said of two that are equal.
std::uint64_t rough_order(const Cell& cell, CellKind kind, bool descending);

// Less: `a` comes first.
std::weak_ordering compare(const Cell& a, const Cell& b, bool descending);
std::weak_ordering compare(const OrderKey& a, const OrderKey& b,
                           const std::vector<OrderTerm>& order);

}  // namespace stepwell::tracking::search
