#include "engine/tracking/lookup.hpp"

#include <algorithm>

#include "engine/base/bytes.hpp"
#include "engine/tracking/row_keys.hpp"

namespace stepwell::tracking {
namespace {

constexpr std::string_view kArtifactRootSetting = "artifact_root";

Result<std::optional<std::uint64_t>> find_named(const View& view, TableNumber table,
                                                std::string_view name) {
  TRY(const auto list, view.rows().get(table, key_of_name(name)));
  return list ? find_name(*list, name) : std::nullopt;
}

}  // namespace

Result<std::optional<ExperimentId>> find_experiment(const View& view, std::string_view name) {
  TRY(const auto id, find_named(view, table::kExperimentNames, name));
  return id ? std::optional(ExperimentId{*id}) : std::nullopt;
}

Result<std::string> artifact_location(const View& view, ExperimentId id, const ExperimentRow& row) {
  if (!row.artifact_location.empty()) return row.artifact_location;
  TRY(const auto root, view.rows().get(table::kSettings, kArtifactRootSetting));
  return fmt::format("{}/{}", root.value_or(""), id.value);
}

std::string artifact_uri(std::string_view location, const RunId& run) {
  const std::string_view query = location.substr(std::min(location.size(), location.find('?')));
  const std::string_view path = location.substr(0, location.size() - query.size());
  return fmt::format("{}{}{}/artifacts{}", path, path.ends_with('/') ? "" : "/", run.hex(), query);
}

Result<std::optional<FoundRun>> find_run(const View& view, const RunId& id) {
  TRY(const auto number, view.find_run(id));
  if (!number) return std::optional<FoundRun>();
  TRY(const auto row, view.rows().get(table::kRuns, key_of(number->value)));
  if (!row) return fail(ErrorKind::kCorrupt, "index: run {} has an id but no row", id.hex());
  FoundRun run;
  run.number = *number;
  TRY(run.row, RunRow::decode(*row));
  TRY(auto experiment, view.experiment(run.row.experiment));
  if (!experiment) return fail(ErrorKind::kCorrupt, "index: run {} has no experiment", id.hex());
  run.experiment = std::move(*experiment);
  return std::optional(std::move(run));
}

Result<std::optional<SeriesNumber>> find_series(const View& view, RunNumber run,
                                                std::string_view key) {
  TRY(const auto id, find_named(view, table::kKeys, key));
  if (!id) return std::optional<SeriesNumber>();
  const KeyId key_id{static_cast<std::uint32_t>(*id)};
  TRY(const auto row, view.rows().get(table::kSeries, key_of(run, key_id, ContextId{0})));
  if (!row) return std::optional<SeriesNumber>();
  return std::optional(SeriesNumber{Decoder(*row).get<std::uint64_t>()});
}

}  // namespace stepwell::tracking
