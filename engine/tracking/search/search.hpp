#pragma once

// Search for runs and experiments in MLflow's language and beyond it: docs/SEARCH.md. Any thread.

#include <cstdint>
#include <string>
#include <vector>

#include "engine/tracking/search/cache.hpp"
#include "engine/tracking/view.hpp"

namespace stepwell::tracking {

enum class ViewType { kActive = 1, kDeleted = 2, kAll = 3 };  // MLflow's numbers.

struct RunQuestion {
  std::vector<ExperimentId> experiments;  // Unknown ones have no runs.
  std::string filter;
  std::vector<std::string> order_by;
  ViewType view = ViewType::kActive;
  std::uint32_t max_results = 1000;  // 1 to 50,000.
  std::string page_token;            // Empty: the first page.
};

struct RunPage {
  std::vector<RunId> runs;
  std::string next_page_token;  // Empty: this is the last page.
};

// As of the view's snapshot. kInvalid: the question is wrong, in MLflow's words where it has some,
// else pointing at the word. kOverloaded: it takes more memory than a search may.
Result<RunPage> search_runs(const View& view, SearchCache& cache, const RunQuestion& question);

struct ExperimentQuestion {
  std::string filter;
  std::vector<std::string> order_by;
  ViewType view = ViewType::kActive;
  std::uint32_t max_results = 1000;  // 1 to 50,000.
  std::string page_token;
};

struct ExperimentPage {
  std::vector<ExperimentId> experiments;
  std::string next_page_token;
};

Result<ExperimentPage> search_experiments(const View& view, const ExperimentQuestion& question);

}  // namespace stepwell::tracking
