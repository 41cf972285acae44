#pragma once

// Experiments, runs and points as MLflow's JSON shows them.

#include "engine/http/json_writer.hpp"
#include "engine/tracking/lookup.hpp"

namespace stepwell::http {

Result<void> write_experiment(JsonWriter& json, const tracking::View& view, ExperimentId id,
                              const tracking::ExperimentRow& row);

Result<void> write_run_info(JsonWriter& json, const tracking::View& view,
                            const tracking::FoundRun& run);
// With params, tags and the latest values of what has the empty context.
Result<void> write_run(JsonWriter& json, const tracking::View& view, const tracking::FoundRun& run);

// `run_id` where the answer is about several runs.
void write_point(JsonWriter& json, std::string_view key, const Point& point,
                 std::string_view run_id = {});

}  // namespace stepwell::http
