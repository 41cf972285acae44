// Commands without a writer, as MLflow's REST calls and the server itself send them: idempotent,
// except creations.

#include "engine/base/bytes.hpp"
#include "engine/tracking/apply.hpp"
#include "engine/tracking/row_keys.hpp"
#include "protocol/messages.hpp"
#include "protocol/text.hpp"

namespace stepwell::tracking {
namespace {

using protocol::Kind;

constexpr std::string_view kArtifactRootSetting = "artifact_root";
constexpr std::string_view kDefaultExperiment = "Default";
// No import may name one beyond, so that counting up from the greatest never ends.
constexpr std::uint64_t kExperimentIdMax = std::uint64_t{1} << 62;

Result<void> put_name(Step& step, const std::string& name, std::uint64_t id) {
  const std::string key = key_of_name(name);
  TRY(const auto list, step.rows.get(table::kExperimentNames, key));
  step.rows.put(table::kExperimentNames, key, add_name(list.value_or(""), name, id));
  return ok();
}

Result<Outcome> create_experiment_command(Step& step) {
  auto decoded = protocol::decode<wire::CreateExperimentT>(step.frame.payload());
  if (!decoded) return Outcome(refuse_invalid(decoded.error()));
  const wire::CreateExperimentT& command = decoded.value();
  if (auto checked = protocol::check_key("experiment", command.name); !checked) {
    return Outcome(refuse_invalid(checked.error()));
  }
  if (auto checked = check_texts("tag", command.tags); !checked) {
    return Outcome(refuse_invalid(checked.error()));
  }
  if (auto checked = protocol::check_value("artifact location", command.artifact_location);
      !checked) {
    return Outcome(refuse_invalid(checked.error()));
  }
  if (command.id > kExperimentIdMax) {
    return Outcome(refuse(VerdictCode::kInvalid, fmt::format("experiment id {}, at most {}",
                                                             command.id, kExperimentIdMax)));
  }
  TRY(const auto known, step.state.find_experiment(step.rows, command.name));
  if (known) {
    return Outcome(refuse(
        VerdictCode::kExists,
        fmt::format("experiment '{}' exists as {}", protocol::quoted(command.name), known->value)));
  }
  if (command.id != 0) {
    TRY(const auto taken, step.state.find_experiment(step.rows, ExperimentId{command.id}));
    if (taken) {
      return Outcome(refuse(VerdictCode::kExists, fmt::format("experiment {} exists", command.id)));
    }
  }
  TRY(const ExperimentId id, create_experiment(step, command.id, command.name,
                                               command.artifact_location, command.time_ms));
  for (const auto& tag : command.tags) {
    TRY(const KeyId key, step.state.intern_key(step.rows, tag->key));
    step.rows.put(table::kExperimentTags, key_of(RunNumber{id.value}, key), tag->value);
  }
  Applied applied;
  applied.first_step = static_cast<std::int64_t>(id.value);  // What was assigned.
  return Outcome(applied);
}

Result<Outcome> update_experiment(Step& step) {
  auto decoded = protocol::decode<wire::UpdateExperimentT>(step.frame.payload());
  if (!decoded) return Outcome(refuse_invalid(decoded.error()));
  const wire::UpdateExperimentT& command = decoded.value();
  TRY(auto row, step.state.find_experiment(step.rows, ExperimentId{command.id}));
  if (!row) return Outcome(no_experiment(step, command.id));
  if (is_hidden_from(step, *row)) return Outcome(deleted_experiment(step, command.id));
  if (auto checked = protocol::check_key("experiment", command.name); !checked) {
    return Outcome(refuse_invalid(checked.error()));
  }
  if (row->name == command.name) return Outcome(Applied{});
  TRY(const auto known, step.state.find_experiment(step.rows, command.name));
  if (known) {
    return Outcome(refuse(
        VerdictCode::kExists,
        fmt::format("experiment '{}' exists as {}", protocol::quoted(command.name), known->value)));
  }
  TRY(remove_experiment_name(step, row->name));
  TRY(put_name(step, command.name, command.id));
  row->name = command.name;
  row->updated_ms = command.time_ms;
  step.rows.put(table::kExperiments, key_of(command.id), row->encode());
  return Outcome(Applied{});
}

Result<Outcome> experiment_tag(Step& step) {
  auto decoded = protocol::decode<wire::ExperimentTagT>(step.frame.payload());
  if (!decoded) return Outcome(refuse_invalid(decoded.error()));
  const wire::ExperimentTagT& command = decoded.value();
  TRY(const auto row, step.state.find_experiment(step.rows, ExperimentId{command.id}));
  if (!row) return Outcome(no_experiment(step, command.id));
  if (is_hidden_from(step, *row)) return Outcome(deleted_experiment(step, command.id));
  if (auto checked = check_text("tag", protocol::TextView{command.tag->key, command.tag->value});
      !checked) {
    return Outcome(refuse_invalid(checked.error()));
  }
  TRY(const KeyId key, step.state.intern_key(step.rows, command.tag->key));
  step.rows.put(table::kExperimentTags, key_of(RunNumber{command.id}, key), command.tag->value);
  return Outcome(Applied{});
}

Result<void> check_new_run(const wire::CreateRunT& command) {
  TRY(protocol::check_name("run name", command.name));
  TRY(protocol::check_name("user", command.user));
  return check_texts("tag", command.tags);
}

Result<Outcome> create_run_command(Step& step) {
  auto decoded = protocol::decode<wire::CreateRunT>(step.frame.payload());
  if (!decoded) return Outcome(refuse_invalid(decoded.error()));
  const wire::CreateRunT& command = decoded.value();
  const RunId id = step.frame.header.run;
  if (id.is_zero()) return Outcome(refuse(VerdictCode::kInvalid, "the run id is zero"));
  if (step.run) {
    return Outcome(refuse(VerdictCode::kExists, fmt::format("run {} exists", id.hex())));
  }
  TRY(const auto experiment,
      step.state.find_experiment(step.rows, ExperimentId{command.experiment}));
  if (!experiment) return Outcome(no_experiment(step, command.experiment));
  if (experiment->stage.deleted) {
    return Outcome(deleted_experiment(step, command.experiment));
  }
  if (auto checked = check_new_run(command); !checked)
    return Outcome(refuse_invalid(checked.error()));
  TRY(step.run, create_run(step, {id, ExperimentId{command.experiment}, command.name, command.user,
                                  command.start_ms}));
  for (const auto& tag : command.tags) {
    TRY(set_tag(step, *step.run, tag->key, tag->value));
  }
  return Outcome(Applied{});
}

Result<Outcome> update_run(Step& step) {
  auto decoded = protocol::decode<wire::UpdateRunT>(step.frame.payload());
  if (!decoded) return Outcome(refuse_invalid(decoded.error()));
  const wire::UpdateRunT& command = decoded.value();
  if (command.status > static_cast<std::uint8_t>(RunStatus::kKilled)) {
    return Outcome(
        refuse(VerdictCode::kInvalid, fmt::format("status {} is not known", command.status)));
  }
  if (auto checked = protocol::check_name("run name", command.name); !checked) {
    return Outcome(refuse_invalid(checked.error()));
  }
  RunRow& run = step.run->row;
  if (command.status != 0) {
    // As given; all writers are closed, and their later ends change nothing.
    run.status = static_cast<RunStatus>(command.status);
    ++run.episode;
    run.open_writers = run.ended_finished = run.ended_failed = run.ended_killed = 0;
  }
  if (command.has_end) run.end_ms = command.end_ms;
  step.run->changed = true;
  if (!command.name.empty()) {
    TRY(set_tag(step, *step.run, "mlflow.runName", command.name));
  }
  return Outcome(Applied{});
}

// The first one also makes experiment 0, which every store has.
Result<Outcome> settings(Step& step) {
  auto decoded = protocol::decode<wire::SettingsT>(step.frame.payload());
  if (!decoded) return Outcome(refuse_invalid(decoded.error()));
  step.rows.put(table::kSettings, kArtifactRootSetting, decoded.value().artifact_root);
  TRY(const auto known, step.state.find_experiment(step.rows, ExperimentId{0}));
  TRY(const auto named, step.state.find_experiment(step.rows, kDefaultExperiment));
  if (!known && !named) {
    ExperimentRow row;
    row.name = kDefaultExperiment;
    const std::string& root = decoded.value().artifact_root;
    if (!root.empty()) row.artifact_location = fmt::format("{}/0", root);
    row.created_ms = row.updated_ms = step.record.envelope.arrival_ms;
    step.rows.put(table::kExperiments, key_of(0), row.encode());
    TRY(put_name(step, row.name, 0));
  }
  return Outcome(Applied{});
}

}  // namespace

Refusal no_experiment(const Step& step, std::uint64_t id) {
  return refuse(VerdictCode::kNotFound, is_rest(step)
                                            ? fmt::format("No Experiment with id={} exists", id)
                                            : fmt::format("experiment {} does not exist", id));
}

Refusal deleted_experiment(const Step& step, std::uint64_t id) {
  return refuse(VerdictCode::kInvalid,
                is_rest(step) ? fmt::format("The experiment {} must be in the 'active' state. "
                                            "Current state is deleted.",
                                            id)
                              : fmt::format("experiment {} is deleted", id));
}

Result<void> remove_experiment_name(Step& step, const std::string& name) {
  const std::string key = key_of_name(name);
  TRY(const auto list, step.rows.get(table::kExperimentNames, key));
  std::string rest = remove_name(list.value_or(""), name);
  if (rest.empty()) {
    step.rows.erase(table::kExperimentNames, key);
  } else {
    step.rows.put(table::kExperimentNames, key, std::move(rest));
  }
  return ok();
}

Result<ExperimentId> create_experiment(Step& step, std::uint64_t id, const std::string& name,
                                       const std::string& artifact_location, std::int64_t time_ms) {
  TRY(Counters * next, step.state.counters(step.rows));
  if (id == 0) {
    // 0 is Default's, unless it was renamed and this is another one.
    TRY(const auto first, step.state.find_experiment(step.rows, ExperimentId{0}));
    if (first || name != kDefaultExperiment) id = next->experiment;
  }
  next->experiment = std::max(next->experiment, id + 1);
  ExperimentRow row;
  row.name = name;
  row.artifact_location = artifact_location;
  if (artifact_location.empty()) {
    TRY(auto root, step.rows.get(table::kSettings, kArtifactRootSetting));
    if (root && !root->empty()) row.artifact_location = fmt::format("{}/{}", *root, id);
  }
  row.created_ms = row.updated_ms = time_ms;
  step.rows.put(table::kExperiments, key_of(id), row.encode());
  TRY(put_name(step, name, id));
  return ExperimentId{id};
}

Result<RunState*> create_run(Step& step, NewRun values) {
  TRY(Counters * next, step.state.counters(step.rows));
  const RunNumber number{next->run++};
  RunRow row;
  row.id = values.id;
  row.experiment = values.experiment;
  row.name = std::move(values.name);
  row.user = std::move(values.user);
  row.start_ms = values.start_ms;
  step.rows.put(table::kRunIds, key_of(row.id), key_of(number.value));
  step.rows.put(table::kExperimentRuns, key_of(row.experiment.value, number.value), "");
  return &step.state.add_run(number, std::move(row));
}

Result<Outcome> apply_command(Step& step) {
  switch (step.frame.header.kind) {
    case Kind::kCreateExperiment:
      return create_experiment_command(step);
    case Kind::kUpdateExperiment:
      return update_experiment(step);
    case Kind::kExperimentStage:
      return apply_experiment_stage(step);
    case Kind::kExperimentTag:
      return experiment_tag(step);
    case Kind::kDeleteExperimentTag:
      return apply_delete_experiment_tag(step);
    case Kind::kPurgeExperiment:
      return apply_purge_experiment(step);
    case Kind::kCreateRun:
      return create_run_command(step);
    case Kind::kUpdateRun:
      return update_run(step);
    case Kind::kRunStage:
      return apply_run_stage(step);
    case Kind::kDeleteTag:
      return apply_delete_tag(step);
    case Kind::kPurgeRun:
      return apply_purge_run(step);
    case Kind::kLogBatch:
      return apply_log_batch(step);
    case Kind::kSettings:
      return settings(step);
    default:
      return Outcome(refuse(VerdictCode::kUnsupported, "this command is not known"));
  }
}

}  // namespace stepwell::tracking
