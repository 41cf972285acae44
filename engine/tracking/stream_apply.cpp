// Open, params, tags and end: the rest of a writer's stream.

#include <algorithm>
#include <map>

#include "engine/base/bytes.hpp"
#include "engine/tracking/apply.hpp"
#include "engine/tracking/row_keys.hpp"
#include "protocol/limits.hpp"
#include "protocol/messages.hpp"
#include "protocol/text.hpp"

namespace stepwell::tracking {
namespace {

constexpr std::string_view kParentTag = "mlflow.parentRunId";
constexpr std::string_view kRunNameTag = "mlflow.runName";

Result<void> check_open(const wire::OpenT& open) {
  TRY(protocol::check_key("experiment", open.experiment));
  TRY(protocol::check_name("run name", open.run_name));
  TRY(protocol::check_name("user", open.user));
  TRY(protocol::check_name("slot", open.slot));
  if (!open.parent_run.empty() && !RunId::parse(open.parent_run)) {
    return fail(ErrorKind::kInvalid, "parent run is '{}', expected 32 hex digits",
                protocol::quoted(open.parent_run));
  }
  return check_texts("tag", open.tags);
}

// An earlier open writer of the slot counts as ended without status: so does what its end said.
Result<void> take_slot(Step& step, RunState& run, const std::string& slot) {
  const std::string key = key_of_slot(run.number, slot);
  TRY(const auto holder, step.rows.get(table::kSlots, key));
  if (holder && holder->size() == 16) {
    WriterId earlier;
    std::memcpy(earlier.bytes.data(), holder->data(), 16);
    TRY(WriterState * writer, step.state.find_writer(step.rows, run, earlier));
    if (writer && writer->row.episode == run.row.episode) {
      if (writer->row.open) {
        --run.row.open_writers;
      } else if (writer->row.status == RunStatus::kFinished) {
        --run.row.ended_finished;
      } else if (writer->row.status == RunStatus::kFailed) {
        --run.row.ended_failed;
      } else if (writer->row.status == RunStatus::kKilled) {
        --run.row.ended_killed;
      }
      writer->row.open = false;
      writer->row.status = RunStatus::kRunning;
      writer->changed = true;
    }
  }
  const auto& id = step.frame.header.writer.bytes;
  step.rows.put(table::kSlots, key, std::string(as_text(std::as_bytes(std::span(id)))));
  return ok();
}

RunStatus worst_end(const RunRow& run) {
  if (run.ended_failed > 0) return RunStatus::kFailed;
  if (run.ended_killed > 0) return RunStatus::kKilled;
  return RunStatus::kFinished;
}

}  // namespace

Result<void> check_texts(std::string_view what,
                         const std::vector<std::unique_ptr<wire::TextT>>& texts) {
  if (texts.size() > protocol::kEntriesMax) {
    return fail(ErrorKind::kInvalid, "{} {}s in a frame, at most {}", texts.size(), what,
                protocol::kEntriesMax);
  }
  for (const auto& text : texts) {
    TRY(check_text(what, protocol::TextView{text->key, text->value}));
  }
  return ok();
}

Result<void> check_text(std::string_view what, const protocol::TextView& text) {
  TRY(protocol::check_key(what, text.key));
  return protocol::check_value(fmt::format("{} '{}'", what, protocol::quoted(text.key)),
                               text.value);
}

Result<void> set_tag(Step& step, RunState& run, std::string_view key, std::string_view value) {
  TRY(const KeyId id, step.state.intern_key(step.rows, key));
  step.rows.put(table::kTags, key_of(run.number, id), std::string(value));
  if (key == kRunNameTag && run.row.name != value) {
    run.row.name = value;
    run.changed = true;
  }
  return ok();
}

Result<Outcome> apply_open(Step& step) {
  auto decoded = protocol::decode<wire::OpenT>(step.frame.payload());
  if (!decoded) return Outcome(refuse_invalid(decoded.error()));
  const wire::OpenT& open = decoded.value();
  if (step.writer) return Outcome(refuse(VerdictCode::kInvalid, "open comes once, as sequence 1"));
  if (step.frame.header.writer.is_zero()) {
    return Outcome(refuse(VerdictCode::kInvalid, "open needs a writer"));
  }
  if (step.frame.header.run.is_zero())
    return Outcome(refuse(VerdictCode::kInvalid, "the run id is zero"));
  if (auto checked = check_open(open); !checked) return Outcome(refuse_invalid(checked.error()));
  if (step.run && step.run->row.writers >= protocol::kWritersMax) {
    return Outcome(
        refuse(VerdictCode::kLimit,
               fmt::format("the run has {} writers, the most it can", protocol::kWritersMax)));
  }

  if (!step.run) {
    TRY(auto experiment, step.state.find_experiment(step.rows, open.experiment));
    if (!experiment) {
      TRY(experiment, create_experiment(step, 0, open.experiment, "", open.start_ms));
    }
    TRY(step.run, create_run(step, {step.frame.header.run, *experiment, "", "", open.start_ms}));
  }
  RunState& run = *step.run;
  // What earlier writers' ends said still counts, so that the outcome does not depend on who came
  // when; a resume that is to replace an earlier attempt names its slot.
  if (is_end(run.row.status)) run.row.status = RunStatus::kRunning;
  run.row.start_ms = std::min(run.row.start_ms, open.start_ms);
  if (!open.slot.empty()) {
    TRY(take_slot(step, run, open.slot));
  }
  ++run.row.writers;
  ++run.row.open_writers;
  run.changed = true;
  WriterRow row;
  row.slot = open.slot;
  row.episode = run.row.episode;
  row.open = true;
  step.writer = &step.state.add_writer(run, step.frame.header.writer, std::move(row));
  // The first that says something: ranks may leave it to one of them, whichever comes first.
  if (run.row.user.empty()) run.row.user = open.user;
  if (run.row.name.empty() && !open.run_name.empty()) {
    TRY(set_tag(step, run, kRunNameTag, open.run_name));
  }
  if (!open.parent_run.empty()) {
    TRY(set_tag(step, run, kParentTag, open.parent_run));
  }
  for (const auto& tag : open.tags) {
    TRY(set_tag(step, run, tag->key, tag->value));
  }
  return Outcome(Applied{});
}

Result<Outcome> apply_params(Step& step) {
  auto decoded = protocol::decode<wire::ParamsT>(step.frame.payload());
  if (!decoded) return Outcome(refuse_invalid(decoded.error()));
  const auto& params = decoded.value().params;
  if (auto checked = check_texts("param", params); !checked)
    return Outcome(refuse_invalid(checked.error()));

  // First everything is compared, so that a conflict leaves nothing behind.
  std::map<std::string_view, std::string_view> wanted;
  std::vector<const wire::TextT*> fresh;
  for (const auto& param : params) {
    const auto [known, added] = wanted.emplace(param->key, param->value);
    std::string stored(known->second);
    if (added) {
      TRY(const auto id, step.state.find_key(step.rows, param->key));
      std::optional<std::string> row;
      if (id) {
        TRY(row, step.rows.get(table::kParams, key_of(step.run->number, *id)));
      }
      if (row) {
        stored = std::move(*row);
      } else {
        fresh.push_back(param.get());
      }
    }
    if (stored != param->value) {
      return Outcome(refuse(VerdictCode::kConflict,
                            fmt::format("param '{}' has the value '{}' and cannot become '{}'",
                                        protocol::quoted(param->key), protocol::quoted(stored),
                                        protocol::quoted(param->value))));
    }
  }
  for (const wire::TextT* param : fresh) {
    TRY(const KeyId id, step.state.intern_key(step.rows, param->key));
    step.rows.put(table::kParams, key_of(step.run->number, id), param->value);
  }
  return Outcome(Applied{});
}

Result<Outcome> apply_tags(Step& step) {
  auto decoded = protocol::decode<wire::TagsT>(step.frame.payload());
  if (!decoded) return Outcome(refuse_invalid(decoded.error()));
  if (auto checked = check_texts("tag", decoded.value().tags); !checked) {
    return Outcome(refuse_invalid(checked.error()));
  }
  for (const auto& tag : decoded.value().tags) {
    TRY(set_tag(step, *step.run, tag->key, tag->value));
  }
  return Outcome(Applied{});
}

Result<Outcome> apply_end(Step& step) {
  auto decoded = protocol::decode<wire::EndT>(step.frame.payload());
  if (!decoded) return Outcome(refuse_invalid(decoded.error()));
  const auto status = static_cast<RunStatus>(decoded.value().status);
  if (!is_end(status) || status > RunStatus::kKilled) {
    return Outcome(
        refuse(VerdictCode::kInvalid, fmt::format("end has status {}, expected finished, "
                                                  "failed or killed",
                                                  static_cast<int>(status))));
  }
  if (!step.writer) return Outcome(refuse(VerdictCode::kInvalid, "end needs a writer"));
  RunRow& run = step.run->row;
  WriterRow& writer = step.writer->row;
  // Superseded, ended before, or closed by a status set from outside: the end changes nothing.
  if (!writer.is_open_in(run)) return Outcome(Applied{});
  writer.open = false;
  writer.status = status;
  step.writer->changed = step.run->changed = true;
  --run.open_writers;
  (status == RunStatus::kFinished ? run.ended_finished
   : status == RunStatus::kFailed ? run.ended_failed
                                  : run.ended_killed)++;
  run.end_ms = std::max(run.end_ms, decoded.value().end_ms);
  if (run.open_writers == 0) run.status = worst_end(run);
  return Outcome(Applied{});
}

}  // namespace stepwell::tracking
