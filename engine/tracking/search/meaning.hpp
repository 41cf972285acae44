#pragma once

// What the words of a filter or an order_by mean: MLflow's entities, keys, comparators and values,
// with its errors for what it refuses. docs/SEARCH.md tells what is accepted beyond MLflow.

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/tracking/search/filter.hpp"

namespace stepwell::tracking::search {

// What is searched: they differ in entities, attributes and defaults.
enum class Kind { kRuns, kExperiments };

// kInvalid: MLflow's text, or what stands where and what was expected.
Result<Filter> read_filter(Kind kind, std::string_view text);

// The terms in their order, MLflow's default and tie-breaks at the end, so that no two rows are
// equal: start time descending and run id; creation time descending and experiment id, or, behind
// terms that were given, experiment id descending. What was named before is left out.
Result<std::vector<OrderTerm>> read_order(Kind kind, const std::vector<std::string>& terms);

}  // namespace stepwell::tracking::search
