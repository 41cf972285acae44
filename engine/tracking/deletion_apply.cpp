// Deleting and restoring, which only says what is shown, and purging, which removes for good what
// is deleted. A purge takes the same time whatever a run holds: its rows by number become garbage,
// which the store frees later, and its id stays as a tombstone.

#include "engine/base/bytes.hpp"
#include "engine/tracking/apply.hpp"
#include "engine/tracking/row_keys.hpp"
#include "protocol/messages.hpp"
#include "protocol/text.hpp"

namespace stepwell::tracking {
namespace {

constexpr std::uint64_t kFirstExperiment = 0;  // Every store's own.

Stage stage_of_command(const Step& step, bool deleted, std::int64_t time_ms) {
  const wal::RecordView& record = step.record;
  return {deleted, record.lsn, time_ms != 0 ? time_ms : record.envelope.arrival_ms};
}

Result<bool> has_runs(const Step& step, std::uint64_t experiment) {
  bool found = false;
  TRY(step.rows.scan(table::kExperimentRuns, key_of(experiment), {}, [&](auto, auto) {
    found = true;
    return false;
  }));
  return found;
}

Result<void> erase_experiment_tags(Step& step, std::uint64_t experiment) {
  std::vector<std::string> keys;
  TRY(step.rows.scan(table::kExperimentTags, key_of(experiment), {}, [&](auto key, auto) {
    keys.emplace_back(key);
    return true;
  }));
  for (const std::string& key : keys) step.rows.erase(table::kExperimentTags, key);
  return ok();
}

// Whoever purges by age has looked before: it may have been restored and deleted again since.
std::optional<Refusal> refuse_purge(std::string_view what, const Stage& stage,
                                    std::int64_t deleted_until_ms) {
  if (!stage.deleted) {
    return refuse(VerdictCode::kInvalid,
                  fmt::format("{} is not deleted: only deleted ones are purged", what));
  }
  if (deleted_until_ms != 0 && stage.since_ms > deleted_until_ms) {
    return refuse(
        VerdictCode::kInvalid,
        fmt::format("{} was deleted at {} ms: only what was deleted up to {} ms is purged", what,
                    stage.since_ms, deleted_until_ms));
  }
  return std::nullopt;
}

// False: there was none. `owner` is a run's number or an experiment's id.
Result<bool> erase_text(Step& step, TableNumber table, RunNumber owner, std::string_view name) {
  TRY(const auto key, step.state.find_key(step.rows, name));
  if (!key) return false;
  const std::string row_key = key_of(owner, *key);
  TRY(const auto row, step.rows.get(table, row_key));
  if (row) step.rows.erase(table, row_key);
  return row.has_value();
}

}  // namespace

Result<Outcome> apply_delete_tag(Step& step) {
  auto decoded = protocol::decode<wire::DeleteTagT>(step.frame.payload());
  if (!decoded) return Outcome(refuse_invalid(decoded.error()));
  const std::string& name = decoded.value().key;
  if (auto checked = protocol::check_key("tag", name); !checked) {
    return Outcome(refuse_invalid(checked.error()));
  }
  TRY(const bool erased, erase_text(step, table::kTags, step.run->number, name));
  if (erased) return Outcome(Applied{});
  return Outcome(
      refuse(VerdictCode::kNotFound,
             fmt::format("No tag with name: {} in run with id {}", name, step.run->row.id.hex())));
}

Result<Outcome> apply_delete_experiment_tag(Step& step) {
  auto decoded = protocol::decode<wire::DeleteExperimentTagT>(step.frame.payload());
  if (!decoded) return Outcome(refuse_invalid(decoded.error()));
  const wire::DeleteExperimentTagT& command = decoded.value();
  TRY(const auto row, step.state.find_experiment(step.rows, ExperimentId{command.id}));
  if (!row) return Outcome(no_experiment(step, command.id));
  if (is_hidden_from(step, *row)) return Outcome(deleted_experiment(step, command.id));
  if (auto checked = protocol::check_key("tag", command.key); !checked) {
    return Outcome(refuse_invalid(checked.error()));
  }
  TRY(const bool erased,
      erase_text(step, table::kExperimentTags, RunNumber{command.id}, command.key));
  if (erased) return Outcome(Applied{});
  return Outcome(refuse(
      VerdictCode::kNotFound,
      fmt::format("No tag with name: {} in experiment with id {}", command.key, command.id)));
}

Result<Outcome> apply_run_stage(Step& step) {
  auto decoded = protocol::decode<wire::RunStageT>(step.frame.payload());
  if (!decoded) return Outcome(refuse_invalid(decoded.error()));
  const wire::RunStageT& command = decoded.value();
  step.run->row.stage = stage_of_command(step, command.deleted, command.time_ms);
  step.run->changed = true;
  return Outcome(Applied{});
}

Result<Outcome> apply_experiment_stage(Step& step) {
  auto decoded = protocol::decode<wire::ExperimentStageT>(step.frame.payload());
  if (!decoded) return Outcome(refuse_invalid(decoded.error()));
  const wire::ExperimentStageT& command = decoded.value();
  TRY(auto row, step.state.find_experiment(step.rows, ExperimentId{command.id}));
  if (!row) return Outcome(no_experiment(step, command.id));
  // A call that is repeated must not hide, or bring back, what was restored or deleted since.
  if (is_rest(step) && row->stage.deleted == command.deleted) return Outcome(Applied{});
  row->stage = stage_of_command(step, command.deleted, command.time_ms);
  row->updated_ms = row->stage.since_ms;
  step.rows.put(table::kExperiments, key_of(command.id), row->encode());
  return Outcome(Applied{});
}

Result<Outcome> apply_purge_run(Step& step) {
  auto decoded = protocol::decode<wire::PurgeRunT>(step.frame.payload());
  if (!decoded) return Outcome(refuse_invalid(decoded.error()));
  const RunRow& run = step.run->row;
  const RunNumber number = step.run->number;
  TRY(const auto experiment, step.state.find_experiment(step.rows, run.experiment));
  const Stage& stage = experiment ? stage_of(run, *experiment) : run.stage;
  if (auto refused = refuse_purge(fmt::format("run {}", run.id.hex()), stage,
                                  decoded.value().deleted_until_ms)) {
    return Outcome(std::move(*refused));
  }
  step.rows.erase(table::kRuns, key_of(number.value));
  step.rows.erase(table::kRunIds, key_of(run.id));
  step.rows.erase(table::kExperimentRuns, key_of(run.experiment.value, number.value));
  step.rows.put(table::kTombstones, key_of(run.id), {});
  step.rows.retire(number);
  step.state.drop_run(*std::exchange(step.run, nullptr));
  return Outcome(Applied{});
}

Result<Outcome> apply_purge_experiment(Step& step) {
  auto decoded = protocol::decode<wire::PurgeExperimentT>(step.frame.payload());
  if (!decoded) return Outcome(refuse_invalid(decoded.error()));
  const std::uint64_t id = decoded.value().id;
  TRY(const auto row, step.state.find_experiment(step.rows, ExperimentId{id}));
  if (!row) return Outcome(no_experiment(step, id));
  if (id == kFirstExperiment) {
    return Outcome(refuse(VerdictCode::kInvalid,
                          fmt::format("experiment {} is the store's own: it is not purged", id)));
  }
  if (auto refused = refuse_purge(fmt::format("experiment {}", id), row->stage,
                                  decoded.value().deleted_until_ms)) {
    return Outcome(std::move(*refused));
  }
  TRY(const bool in_use, has_runs(step, id));
  if (in_use) {
    return Outcome(
        refuse(VerdictCode::kInvalid, fmt::format("experiment {} has runs: purge them first", id)));
  }
  TRY(remove_experiment_name(step, row->name));
  TRY(erase_experiment_tags(step, id));
  step.rows.erase(table::kExperiments, key_of(id));
  return Outcome(Applied{});
}

}  // namespace stepwell::tracking
