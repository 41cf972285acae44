#pragma once

// A stand-in for the query engine of engine/tracking/search, with its interface: the default order,
// pages by offset, and no filters. To be replaced by it, whole; only search_fields knows this
// header.

#include <string>
#include <vector>

#include "engine/tracking/view.hpp"

namespace stepwell::http::plain {

enum class ViewType { kActive = 1, kDeleted = 2, kAll = 3 };  // MLflow's numbers.

struct RunQuestion {
  std::vector<ExperimentId> experiments;
  std::string filter;
  std::vector<std::string> order_by;
  ViewType view = ViewType::kActive;
  std::uint32_t max_results = 1000;
  std::string page_token;
};
struct RunPage {
  std::vector<RunId> runs;
  std::string next_page_token;  // Empty: this is the last.
};
// kInvalid: a filter or an order that is not supported, or a token that is none.
Result<RunPage> search_runs(const tracking::View& view, const RunQuestion& question);

struct ExperimentQuestion {
  std::string filter;
  std::vector<std::string> order_by;
  ViewType view = ViewType::kActive;
  std::uint32_t max_results = 1000;
  std::string page_token;
};
struct ExperimentPage {
  std::vector<ExperimentId> experiments;
  std::string next_page_token;
};
Result<ExperimentPage> search_experiments(const tracking::View& view,
                                          const ExperimentQuestion& question);

}  // namespace stepwell::http::plain
