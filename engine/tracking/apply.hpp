#pragma once

// Inside the fold: one function a kind of record. Each gets a Step: the record, its decoded header
// and the state it may change. A function that refuses returns a Refusal and has changed nothing;
// what it returns as an Error is a failure to read the state.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/store/fold.hpp"
#include "engine/tracking/state.hpp"
#include "protocol/batch.hpp"
#include "protocol/batch_builder.hpp"
#include "protocol/frame.hpp"
#include "protocol/messages.hpp"

namespace stepwell::tracking {

struct Step {
  State& state;
  store::ApplyTransaction& rows;
  const wal::RecordView& record;
  const protocol::FrameView& frame;
  RunState* run = nullptr;        // Of the header, where the kind needs one.
  WriterState* writer = nullptr;  // Likewise; null for commands.
};

struct Applied {
  std::optional<std::int64_t> first_step;
  std::uint64_t points = 0;
};

using Outcome = std::variant<Applied, Refusal>;

inline Refusal refuse(VerdictCode code, std::string text) {
  return {code, std::move(text)};
}
inline Refusal refuse_invalid(const Error& error) {
  return {VerdictCode::kInvalid, error.text};
}

// A writer's stream (stream_apply.cpp, batch_apply.cpp).
Result<Outcome> apply_open(Step& step);  // Finds or creates the run and adds the writer.
Result<Outcome> apply_batch(Step& step);
Result<Outcome> apply_log_batch(Step& step);  // Of the REST door (log_batch_apply.cpp).
Result<Outcome> apply_params(Step& step);
Result<Outcome> apply_tags(Step& step);
Result<Outcome> apply_end(Step& step);

// Commands without a writer (command_apply.cpp). Those about a run have it.
Result<Outcome> apply_command(Step& step);

// Deletion, for a while and for good (deletion_apply.cpp). Those about a run need step.run; after
// its purge it is gone.
Result<Outcome> apply_delete_tag(Step& step);
Result<Outcome> apply_delete_experiment_tag(Step& step);
Result<Outcome> apply_run_stage(Step& step);
Result<Outcome> apply_experiment_stage(Step& step);
Result<Outcome> apply_purge_run(Step& step);
Result<Outcome> apply_purge_experiment(Step& step);

// A metric batch in two halves, so that what comes with it can be refused first: everything that
// may refuse it, then what it does.
struct PlannedBatch {
  protocol::BatchView batch;
  std::optional<std::int64_t> first_step;  // That the server assigned.
  std::int64_t greatest_step = 0;
};
Result<std::variant<PlannedBatch, Refusal>> plan_batch(Step& step, protocol::BatchView batch);
Result<Applied> apply_planned(Step& step, const PlannedBatch& planned);

// Shared by several.
struct NewRun {
  RunId id;
  ExperimentId experiment;
  std::string name;
  std::string user;
  std::int64_t start_ms = 0;
};
Result<RunState*> create_run(Step& step, NewRun values);
Result<ExperimentId> create_experiment(Step& step, std::uint64_t id, const std::string& name,
                                       const std::string& artifact_location, std::int64_t time_ms);
Result<void> remove_experiment_name(Step& step, const std::string& name);
// The REST door's refusals are told in MLflow's words: its clients look for them.
inline bool is_rest(const Step& step) {
  return step.record.envelope.door == wal::Door::kRest;
}
Refusal no_experiment(const Step& step, std::uint64_t id);
Refusal deleted_experiment(const Step& step, std::uint64_t id);
// The REST door changes nothing in a deleted experiment but its stage.
inline bool is_hidden_from(const Step& step, const ExperimentRow& experiment) {
  return is_rest(step) && experiment.stage.deleted;
}
// kInvalid names the entry that breaks a rule. `what` is "param" or "tag".
Result<void> check_texts(std::string_view what,
                         const std::vector<std::unique_ptr<wire::TextT>>& texts);
Result<void> check_text(std::string_view what, const protocol::TextView& text);
Result<void> set_tag(Step& step, RunState& run, std::string_view key, std::string_view value);

}  // namespace stepwell::tracking
