// What is logged to a run: each call is one record, all or nothing. What is wrong with a request is
// found before the append; conflicts with what is there are the fold's to decide.

#include "engine/http/handlers.hpp"
#include "engine/http/log_batch_frame.hpp"
#include "engine/http/names.hpp"
#include "protocol/messages.hpp"
#include "protocol/text.hpp"

namespace stepwell::http {
namespace {

constexpr std::size_t kBatchMetricsMax = 1000;
constexpr std::size_t kBatchTextsMax = 100;
constexpr std::size_t kBatchEntitiesMax = 1000;

// The paths by which a batch's entries are named in errors, and those of a call for one.
struct Place {
  std::string key_path;
  std::string long_key_path;
};

Result<void> add_metric(const Fields& fields, const Place& place, LogBatchFrame& batch) {
  TRY(const auto key, fields.need_text("key"));
  TRY(const double value, fields.need_number("value"));
  TRY(const std::int64_t timestamp, fields.need_integer("timestamp"));
  TRY(const auto step, fields.integer("step"));
  TRY(check_key(key, place.key_path, place.long_key_path));
  if (timestamp < 0) {
    return fail(
        ErrorKind::kInvalid,
        "Invalid value {} for parameter '{}' supplied: Timestamp must be a nonnegative long "
        "(64-bit integer)",
        timestamp, fields.path_of("timestamp"));
  }
  TRY(const auto dataset, fields.text("dataset_name"));
  TRY(const auto digest, fields.text("dataset_digest"));
  if (dataset.value_or("").empty() != digest.value_or("").empty()) {
    return fail(ErrorKind::kInvalid,
                "Both dataset_name and dataset_digest must be provided if one is provided");
  }
  return batch.add_metric(key, {step.value_or(0), timestamp, stored_value(value)});
}

Result<void> add_param(const Fields& fields, const Place& place, LogBatchFrame& batch) {
  TRY(const auto key, fields.need_text("key"));
  TRY(const auto value, fields.text("value"));
  TRY(check_key(key, place.key_path, place.long_key_path));
  batch.add_param(key, cut(value.value_or(""), kParamCharactersMax));
  return ok();
}

Result<void> add_tag(const Fields& fields, const Place& place, LogBatchFrame& batch) {
  TRY(const auto key, fields.need_text("key"));
  TRY(const auto value, fields.text("value"));
  TRY(check_key(key, place.key_path, place.long_key_path));
  batch.add_tag(key, cut(value.value_or(""), kTagCharactersMax));
  return ok();
}

// A call that logs one value.
template <typename Add>
Task<Result<Response>> log_one(Context& context, const Call& call, Add add, Place place) {
  const Fields fields = call.fields();
  CO_TRY(const auto text, fields.need_run_id());
  LogBatchFrame batch;
  CO_TRY(add(fields, place, batch));
  CO_TRY(const RunId run, parse_run_id(text));
  auto submitting = submit(context, batch.finish(run, true));
  CO_TRY(co_await std::move(submitting));
  co_return json_response("{}");
}

Result<void> check_count(std::string_view what, std::size_t count, std::size_t most) {
  if (count <= most) return ok();
  return fail(ErrorKind::kInvalid,
              "A batch logging request can contain at most {} {}. Got {} {}. Please split up {} "
              "across multiple requests and try again.",
              most, what, count, what, what);
}

// A run's id as log-batch insists on it, before it is looked for.
Result<void> check_run_id(std::string_view id) {
  const auto is_word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  bool sound = !id.empty() && id.size() <= 256 && is_word(id.front());
  for (const char c : id) sound = sound && (is_word(c) || c == '_' || c == '-');
  if (sound) return ok();
  return fail(ErrorKind::kInvalid, "Invalid run ID: '{}'", protocol::quoted(id));
}

Result<void> read_batch(const Fields& fields, LogBatchFrame& batch) {
  TRY(const auto metrics, fields.messages("metrics"));
  TRY(const auto params, fields.messages("params"));
  TRY(const auto tags, fields.messages("tags"));
  TRY(check_count("metrics", metrics.size(), kBatchMetricsMax));
  TRY(check_count("params", params.size(), kBatchTextsMax));
  TRY(check_count("tags", tags.size(), kBatchTextsMax));
  TRY(check_count("metrics, params, and tags", metrics.size() + params.size() + tags.size(),
                  kBatchEntitiesMax));
  for (const Fields& metric : metrics) {
    TRY(add_metric(metric, {metric.path_of("name"), "Metric name"}, batch));
  }
  for (const Fields& param : params) {
    TRY(add_param(param, {param.path_of("key"), "Param key"}, batch));
  }
  for (const Fields& tag : tags) {
    TRY(add_tag(tag, {tag.path_of("key"), tag.path_of("key")}, batch));
  }
  return ok();
}

}  // namespace

Task<Result<Response>> log_metric(Context& context, const Call& call) {
  return log_one(context, call, add_metric, {"name", "Metric name"});
}

Task<Result<Response>> log_parameter(Context& context, const Call& call) {
  return log_one(context, call, add_param, {"key", "Param key"});
}

Task<Result<Response>> set_tag(Context& context, const Call& call) {
  return log_one(context, call, add_tag, {"key", "key"});
}

Task<Result<Response>> delete_tag(Context& context, const Call& call) {
  const Fields fields = call.fields();
  CO_TRY(const auto text, fields.need_text("run_id"));
  CO_TRY(const auto key, fields.need_text("key"));
  CO_TRY(const RunId run, parse_run_id(text));
  wire::DeleteTagT command;
  command.key = key;
  auto submitting =
      submit(context, protocol::make_frame_of(protocol::Kind::kDeleteTag, command, run));
  CO_TRY(co_await std::move(submitting));
  co_return json_response("{}");
}

Task<Result<Response>> log_batch(Context& context, const Call& call) {
  const Fields fields = call.fields();
  CO_TRY(const auto text, fields.need_text("run_id"));
  CO_TRY(check_run_id(text));
  LogBatchFrame batch;
  CO_TRY(read_batch(fields, batch));
  CO_TRY(const RunId run, parse_run_id(text));
  auto submitting = submit(context, batch.finish(run, false));
  CO_TRY(co_await std::move(submitting));
  co_return json_response("{}");
}

}  // namespace stepwell::http
