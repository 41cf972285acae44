#include "engine/http/entities.hpp"

#include "engine/http/names.hpp"

namespace stepwell::http {
namespace {

using tracking::View;

std::string_view stage_name(bool deleted) {
  return deleted ? "deleted" : "active";
}

Result<void> write_texts(JsonWriter& json, std::string_view name, const View& view,
                         tracking::TableNumber table, std::uint64_t owner) {
  TRY(const auto texts, view.texts(table, owner));
  if (texts.empty()) return ok();
  json.key(name);
  json.begin_array();
  for (const auto& [key, value] : texts) {
    json.begin_object();
    json.field("key", key);
    json.field("value", value);
    json.end_object();
  }
  json.end_array();
  return ok();
}

Result<void> write_latest(JsonWriter& json, const View& view, RunNumber run) {
  TRY(const auto series, view.series_of(run));
  bool open = false;
  for (const tracking::SeriesName& name : series) {
    if (!name.context.empty()) continue;
    TRY(const auto summary, view.snapshot().summary(run, name.number));
    if (summary.count == 0) continue;
    if (!std::exchange(open, true)) {
      json.key("metrics");
      json.begin_array();
    }
    write_point(json, name.key, summary.latest);
  }
  if (open) json.end_array();
  return ok();
}

}  // namespace

void write_point(JsonWriter& json, std::string_view key, const Point& point,
                 std::string_view run_id) {
  json.begin_object();
  json.field("key", key);
  json.field("value", point.value);
  json.field("timestamp", point.timestamp_ms);
  json.field("step", point.step);
  if (!run_id.empty()) json.field("run_id", run_id);
  json.end_object();
}

Result<void> write_experiment(JsonWriter& json, const View& view, ExperimentId id,
                              const tracking::ExperimentRow& row) {
  TRY(const std::string location, tracking::artifact_location(view, id, row));
  json.begin_object();
  json.field("experiment_id", fmt::format("{}", id.value));
  json.field("name", row.name);
  json.field("artifact_location", location);
  json.field("lifecycle_stage", stage_name(row.stage.deleted));
  json.field("last_update_time", row.updated_ms);
  json.field("creation_time", row.created_ms);
  TRY(write_texts(json, "tags", view, tracking::table::kExperimentTags, id.value));
  json.end_object();
  return ok();
}

Result<void> write_run_info(JsonWriter& json, const View& view, const tracking::FoundRun& run) {
  const tracking::RunRow& row = run.row;
  const std::string id = row.id.hex();
  TRY(const std::string location,
      tracking::artifact_location(view, row.experiment, run.experiment));
  json.begin_object();
  json.field("run_id", id);
  json.field("run_uuid", id);
  json.field("run_name", row.name);
  json.field("experiment_id", fmt::format("{}", row.experiment.value));
  json.field("user_id", row.user);
  json.field("status", to_string(row.status));
  json.field("start_time", row.start_ms);
  if (is_end(row.status) && row.end_ms != 0) json.field("end_time", row.end_ms);
  json.field("artifact_uri", tracking::artifact_uri(location, row.id));
  json.field("lifecycle_stage", stage_name(is_deleted(row, run.experiment)));
  json.end_object();
  return ok();
}

Result<void> write_run(JsonWriter& json, const View& view, const tracking::FoundRun& run) {
  json.begin_object();
  json.key("info");
  TRY(write_run_info(json, view, run));
  json.key("data");
  json.begin_object();
  TRY(write_latest(json, view, run.number));
  TRY(write_texts(json, "params", view, tracking::table::kParams, run.number.value));
  TRY(write_texts(json, "tags", view, tracking::table::kTags, run.number.value));
  json.end_object();
  json.empty_object("inputs");
  json.empty_object("outputs");
  json.end_object();
  return ok();
}

}  // namespace stepwell::http
