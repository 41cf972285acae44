// Creating, updating, deleting and restoring runs.

#include "engine/http/entities.hpp"
#include "engine/http/handlers.hpp"
#include "engine/http/names.hpp"
#include "protocol/messages.hpp"

namespace stepwell::http {
namespace {

using protocol::Kind;

constexpr std::string_view kRunNameTag = "mlflow.runName";

// An answer about a run as it is now, read where snapshots are read.
Task<Result<Response>> answer_about(Context& context, RunId id, bool whole) {
  co_await resume_on(context.query);
  const auto work_out = [&]() -> Result<Response> {
    TRY(const auto view, context.shared.tracking.snapshot());
    TRY(const auto run, tracking::find_run(view, id));
    if (!run) return fail(ErrorKind::kNotFound, "Run with id={} not found", id.hex());
    JsonWriter json;
    json.begin_object();
    json.key(whole ? "run" : "run_info");
    TRY(whole ? write_run(json, view, *run) : write_run_info(json, view, *run));
    json.end_object();
    return json_response(json.take());
  };
  Result<Response> answer = work_out();
  co_await resume_on(context.home);
  co_return std::move(answer);
}

Result<void> read_tags(const Fields& fields, wire::CreateRunT& command) {
  TRY(const auto messages, fields.messages("tags"));
  for (const Fields& message : messages) {
    TRY(const auto key, message.need_text("key"));
    TRY(const auto value, message.text("value"));
    auto tag = std::make_unique<wire::TextT>();
    tag->key = key;
    tag->value = cut(value.value_or(""), kTagCharactersMax);
    command.tags.push_back(std::move(tag));
  }
  return ok();
}

// The name and its tag are one thing; a run without one gets a name that is made up.
Result<void> settle_name(Context& context, std::string_view given, wire::CreateRunT& command) {
  wire::TextT* tag = nullptr;
  for (const auto& one : command.tags) {
    if (one->key == kRunNameTag) tag = one.get();
  }
  if (tag && !given.empty() && !tag->value.empty() && tag->value != given) {
    return fail(ErrorKind::kInvalid,
                "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with "
                "different values (run_name='{}', mlflow.runName='{}').",
                given, tag->value);
  }
  command.name = !given.empty()               ? std::string(given)
                 : tag && !tag->value.empty() ? tag->value
                                              : made_up_run_name(context.shared.random.next_u64());
  if (!tag) {
    command.tags.push_back(std::make_unique<wire::TextT>());
    tag = command.tags.back().get();
    tag->key = kRunNameTag;
  }
  tag->value = command.name;
  return ok();
}

Result<wire::CreateRunT> read_create(Context& context, const Fields& fields) {
  wire::CreateRunT command;
  TRY(const auto experiment, fields.text("experiment_id"));
  TRY(command.experiment, parse_experiment_id(experiment.value_or("")));
  TRY(const auto name, fields.text("run_name"));
  TRY(const auto user, fields.text("user_id"));
  TRY(const auto start, fields.integer("start_time"));
  TRY(read_tags(fields, command));
  TRY(settle_name(context, name.value_or(""), command));
  command.user = user.value_or("");
  command.start_ms = start.value_or(0);
  return command;
}

// 0: none, or one that is not known, which counts as none.
Result<std::uint8_t> read_status(const Fields& fields) {
  const Value* value = fields.find("status");
  if (!value || value->is_null()) return std::uint8_t{0};
  if (const auto* text = value->text()) {
    for (std::uint8_t i = 1; i <= static_cast<std::uint8_t>(tracking::RunStatus::kKilled); ++i) {
      if (*text == to_string(static_cast<tracking::RunStatus>(i))) return i;
    }
    return std::uint8_t{0};
  }
  TRY(const auto number, fields.integer("status"));
  const bool known = number && *number >= 1 && *number <= 5;
  return known ? static_cast<std::uint8_t>(*number) : std::uint8_t{0};
}

Task<Result<Response>> change_stage(Context& context, const Call& call, bool deleted) {
  CO_TRY(const auto text, call.fields().need_text("run_id"));
  CO_TRY(const RunId id, parse_run_id(text));
  wire::RunStageT command;
  command.deleted = deleted;
  command.time_ms = context.shared.clock.now_ms();
  auto submitting = submit(context, protocol::make_frame_of(Kind::kRunStage, command, id));
  CO_TRY(co_await std::move(submitting));
  co_return json_response("{}");
}

}  // namespace

Task<Result<Response>> create_run(Context& context, const Call& call) {
  const Fields fields = call.fields();
  if (const Value* id = fields.find("experiment_id"); !id || id->is_null()) {
    co_return error_response(400, "BAD_REQUEST",
                             "Missing value for required parameter 'experiment_id'.");
  }
  CO_TRY(const auto command, read_create(context, fields));
  const auto id = context.shared.random.next_id<RunId>();
  auto submitting = submit(context, protocol::make_frame_of(Kind::kCreateRun, command, id));
  CO_TRY(co_await std::move(submitting));
  auto answering = answer_about(context, id, true);
  co_return co_await std::move(answering);
}

Task<Result<Response>> update_run(Context& context, const Call& call) {
  const Fields fields = call.fields();
  CO_TRY(const auto text, fields.need_run_id());
  CO_TRY(const RunId id, parse_run_id(text));
  wire::UpdateRunT command;
  CO_TRY(command.status, read_status(fields));
  CO_TRY(const auto end, fields.integer("end_time"));
  CO_TRY(const auto name, fields.text("run_name"));
  command.has_end = end.has_value();
  command.end_ms = end.value_or(0);
  command.name = name.value_or("");
  auto submitting = submit(context, protocol::make_frame_of(Kind::kUpdateRun, command, id));
  CO_TRY(co_await std::move(submitting));
  auto answering = answer_about(context, id, false);
  co_return co_await std::move(answering);
}

Task<Result<Response>> delete_run(Context& context, const Call& call) {
  return change_stage(context, call, true);
}

Task<Result<Response>> restore_run(Context& context, const Call& call) {
  return change_stage(context, call, false);
}

}  // namespace stepwell::http
