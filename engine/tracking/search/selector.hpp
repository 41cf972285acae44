#pragma once

// Which rows of one table pass a filter. The clauses of an AND are asked in the order of how few
// rows they are likely to leave, each about what the ones before it left. Used while the table is
// held.

#include <cstdint>
#include <string>
#include <vector>

#include "engine/tracking/search/table.hpp"

namespace stepwell::tracking::search {

using Rows = std::vector<std::uint32_t>;  // Ascending.

// What a filter and an order are asked of.
struct Source {
  const View& view;
  const ExperimentRow& experiment;
  const Table& table;
};

class Selector {
 public:
  // `steps`: what the patterns of one search took so far, over all its tables.
  Selector(const Source& source, std::uint64_t& steps, std::uint64_t steps_max = kPatternStepsMax)
      : source_(source), steps_(steps), steps_max_(steps_max) {}
  // Those of `rows` that pass. kOverloaded: patterns take too long.
  Result<Rows> select(const Filter& filter, Rows rows) const;

 private:
  Result<Rows> select_all(const std::vector<Filter>& filters, Rows rows) const;
  Result<Rows> select_any(const std::vector<Filter>& filters, Rows rows) const;
  Result<Rows> compare(const Comparison& comparison, Rows rows) const;
  Result<Rows> compare_texts(const Comparison& comparison, const Column& column, Rows rows) const;
  // The share of all rows that will pass, about.
  double share(const Filter& filter) const;
  double share(const Comparison& comparison) const;

  const Source& source_;
  std::uint64_t& steps_;
  const std::uint64_t steps_max_;
};

}  // namespace stepwell::tracking::search
