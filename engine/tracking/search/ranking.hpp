#pragma once

// Sorts rows of one table by an order's terms, as far as a page needs it. Used while the table is
// held.

#include <deque>
#include <optional>
#include <unordered_map>
#include <vector>

#include "engine/tracking/search/order_key.hpp"
#include "engine/tracking/search/selector.hpp"

namespace stepwell::tracking::search {

class Ranking {
 public:
  // kOverloaded: what must be sorted takes too much memory.
  static Result<Ranking> prepare(const Source& source, const std::vector<OrderTerm>& order,
                                 const Rows& rows);

  // The first `count` of the rows that were prepared, in order; only those behind `after`.
  Rows first(Rows rows, std::size_t count, const OrderKey* after) const;
  OrderKey key_of(std::uint32_t row) const;

 private:
  struct Term {
    const OrderTerm* term;
    const Column* column = nullptr;
    // Values that no column has, by row.
    std::unordered_map<std::uint32_t, std::string> made = {};
    bool is_made = false;
  };

  Ranking(const Source& source) : source_(source) {}
  Result<void> make(Term& term, const Rows& rows);
  Cell cell(const Term& term, std::uint32_t row) const;
  bool before(std::uint32_t a, std::uint32_t b) const;
  bool is_behind(std::uint32_t row, const OrderKey& key) const;

  const Source& source_;
  std::vector<Term> terms_;
  std::uint64_t made_bytes_ = 0;
};

}  // namespace stepwell::tracking::search
