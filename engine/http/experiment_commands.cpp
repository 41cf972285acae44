// Changing experiments. Texts in arguments outlive the calls.

#include <filesystem>

#include "engine/http/handlers.hpp"
#include "engine/http/json_writer.hpp"
#include "engine/http/names.hpp"
#include "protocol/messages.hpp"

namespace stepwell::http {
namespace {

using protocol::Kind;

Result<std::uint64_t> need_experiment_id(const Fields& fields) {
  TRY(const auto text, fields.need_text("experiment_id"));
  return parse_experiment_id(text);
}

Result<void> check_experiment_name(std::string_view name) {
  return check_length(name, kExperimentNameCharactersMax, "name");
}

// A local path is where the server's own directory says.
std::string absolute_location(std::string_view location, const Options& options) {
  if (location.empty() || location.starts_with('/') ||
      location.find(':') != std::string_view::npos) {
    return std::string(location);
  }
  return (std::filesystem::path(options.working_directory) / location).lexically_normal();
}

Result<std::vector<std::unique_ptr<wire::TextT>>> read_tags(const Fields& fields) {
  std::vector<std::unique_ptr<wire::TextT>> tags;
  TRY(const auto messages, fields.messages("tags"));
  for (const Fields& message : messages) {
    TRY(const auto key, message.need_text("key"));
    TRY(const auto value, message.text("value"));
    tags.push_back(std::make_unique<wire::TextT>());
    tags.back()->key = key;
    tags.back()->value = value.value_or("");
  }
  return tags;
}

Result<wire::CreateExperimentT> read_create(const Context& context, const Fields& fields) {
  wire::CreateExperimentT command;
  TRY(const auto name, fields.need_text("name"));
  TRY(check_experiment_name(name));
  TRY(const auto location, fields.text("artifact_location"));
  TRY(check_artifact_location(location.value_or("")));
  TRY(command.tags, read_tags(fields));
  command.name = name;
  command.artifact_location = absolute_location(location.value_or(""), context.shared.options);
  command.time_ms = context.shared.clock.now_ms();
  return command;
}

Task<Result<Response>> change_stage(Context& context, const Call& call, bool deleted) {
  wire::ExperimentStageT command;
  CO_TRY(command.id, need_experiment_id(call.fields()));
  command.deleted = deleted;
  command.time_ms = context.shared.clock.now_ms();
  auto submitting = submit(context, protocol::make_frame_of(Kind::kExperimentStage, command));
  CO_TRY(co_await std::move(submitting));
  co_return json_response("{}");
}

}  // namespace

Task<Result<Response>> create_experiment(Context& context, const Call& call) {
  CO_TRY(const auto command, read_create(context, call.fields()));
  auto submitting = submit(context, protocol::make_frame_of(Kind::kCreateExperiment, command));
  const auto created = co_await std::move(submitting);
  if (!created) {
    if (created.error().kind != ErrorKind::kExists) co_return created.error();
    co_return fail(ErrorKind::kExists,
                   "Experiment(name={}) already exists. Names are unique, also among deleted "
                   "experiments.",
                   command.name);
  }
  JsonWriter json;
  json.begin_object();
  json.field("experiment_id", fmt::format("{}", created.value().first_step.value_or(0)));
  json.end_object();
  co_return json_response(json.take());
}

Task<Result<Response>> update_experiment(Context& context, const Call& call) {
  const Fields fields = call.fields();
  wire::UpdateExperimentT command;
  CO_TRY(command.id, need_experiment_id(fields));
  CO_TRY(const auto name, fields.need_text("new_name"));
  CO_TRY(check_experiment_name(name));
  command.name = name;
  command.time_ms = context.shared.clock.now_ms();
  auto submitting = submit(context, protocol::make_frame_of(Kind::kUpdateExperiment, command));
  CO_TRY(co_await std::move(submitting));
  co_return json_response("{}");
}

Task<Result<Response>> delete_experiment(Context& context, const Call& call) {
  return change_stage(context, call, true);
}

Task<Result<Response>> restore_experiment(Context& context, const Call& call) {
  return change_stage(context, call, false);
}

Task<Result<Response>> set_experiment_tag(Context& context, const Call& call) {
  const Fields fields = call.fields();
  wire::ExperimentTagT command;
  CO_TRY(command.id, need_experiment_id(fields));
  CO_TRY(const auto key, fields.need_text("key"));
  CO_TRY(const auto value, fields.text("value"));
  CO_TRY(check_key(key, "key", "key"));
  CO_TRY(check_length(value.value_or(""), kExperimentTagCharactersMax, "value"));
  command.tag = std::make_unique<wire::TextT>();
  command.tag->key = key;
  command.tag->value = value.value_or("");
  auto submitting = submit(context, protocol::make_frame_of(Kind::kExperimentTag, command));
  CO_TRY(co_await std::move(submitting));
  co_return json_response("{}");
}

Task<Result<Response>> delete_experiment_tag(Context& context, const Call& call) {
  const Fields fields = call.fields();
  wire::DeleteExperimentTagT command;
  CO_TRY(command.id, need_experiment_id(fields));
  CO_TRY(const auto key, fields.need_text("key"));
  CO_TRY(check_key(key, "key", "key"));
  command.key = key;
  auto submitting = submit(context, protocol::make_frame_of(Kind::kDeleteExperimentTag, command));
  CO_TRY(co_await std::move(submitting));
  co_return json_response("{}");
}

}  // namespace stepwell::http
