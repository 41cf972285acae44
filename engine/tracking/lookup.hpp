#pragma once

// Single rows of a snapshot by what clients call them: what a REST call asks for at every turn.

#include <optional>
#include <string>
#include <string_view>

#include "engine/tracking/view.hpp"

namespace stepwell::tracking {

Result<std::optional<ExperimentId>> find_experiment(const View& view, std::string_view name);
// Where its artifacts belong: its own location, or below the root for one that has none.
Result<std::string> artifact_location(const View& view, ExperimentId id, const ExperimentRow& row);

// Of a run of an experiment whose artifacts are there: below its path, before its query.
std::string artifact_uri(std::string_view location, const RunId& run);

struct FoundRun {
  RunNumber number;
  RunRow row;
  ExperimentRow experiment;
};
Result<std::optional<FoundRun>> find_run(const View& view, const RunId& id);
// A run's series of this key and the empty context.
Result<std::optional<SeriesNumber>> find_series(const View& view, RunNumber run,
                                                std::string_view key);

}  // namespace stepwell::tracking
