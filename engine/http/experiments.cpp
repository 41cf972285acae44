// Reading experiments.

#include "engine/http/entities.hpp"
#include "engine/http/handlers.hpp"
#include "engine/http/names.hpp"
#include "engine/http/search_fields.hpp"
#include "protocol/text.hpp"

namespace stepwell::http {
namespace {

Result<Response> answer_with(const tracking::View& view, ExperimentId id) {
  TRY(const auto row, view.experiment(id));
  if (!row) return fail(ErrorKind::kNotFound, "No Experiment with id={} exists", id.value);
  JsonWriter json;
  json.begin_object();
  json.key("experiment");
  TRY(write_experiment(json, view, id, *row));
  json.end_object();
  return json_response(json.take());
}

}  // namespace

Result<Response> get_experiment(Context& context, const Call& call) {
  TRY(const auto text, call.fields().need_text("experiment_id"));
  TRY(const std::uint64_t id, parse_experiment_id(text));
  TRY(const auto view, context.shared.tracking.snapshot());
  return answer_with(view, ExperimentId{id});
}

Result<Response> get_experiment_by_name(Context& context, const Call& call) {
  TRY(const auto name, call.fields().need_text("experiment_name"));
  TRY(const auto view, context.shared.tracking.snapshot());
  TRY(const auto id, tracking::find_experiment(view, name));
  if (!id) {
    return fail(ErrorKind::kNotFound, "Could not find experiment with name '{}'",
                cut(name, kExperimentNameCharactersMax));
  }
  return answer_with(view, *id);
}

Result<Response> search_experiments(Context& context, const Call& call) {
  tracking::ExperimentQuestion question;
  TRY(read_search(call.fields(), "view_type", question));
  TRY(const auto view, context.shared.tracking.snapshot());
  TRY(auto page, tracking::search_experiments(view, question));
  const auto write = [](JsonWriter& json, const tracking::View& now,
                        const ExperimentId& id) -> Result<void> {
    TRY(const auto row, now.experiment(id));
    return row ? write_experiment(json, now, id, *row) : ok();
  };
  return source_response(std::make_unique<FoundSource<ExperimentId>>(
      context.shared.tracking, "experiments", std::move(page.experiments),
      std::move(page.next_page_token), write));
}

}  // namespace stepwell::http
