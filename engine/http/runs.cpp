// Reading runs.

#include "engine/http/entities.hpp"
#include "engine/http/handlers.hpp"
#include "engine/http/names.hpp"
#include "engine/http/search_fields.hpp"

namespace stepwell::http {
namespace {

Result<tracking::FoundRun> need_run(const tracking::View& view, std::string_view text) {
  TRY(const RunId id, parse_run_id(text));
  TRY(auto run, tracking::find_run(view, id));
  if (!run) return fail(ErrorKind::kNotFound, "Run with id={} not found", text);
  return std::move(*run);
}

bool leaves_root(std::string_view path) {
  if (path.starts_with('/')) return true;
  while (!path.empty()) {
    const std::string_view part = path.substr(0, path.find('/'));
    if (part == "..") return true;
    path.remove_prefix(std::min(path.size(), part.size() + 1));
  }
  return false;
}

}  // namespace

Result<Response> get_run(Context& context, const Call& call) {
  TRY(const auto id, call.fields().need_run_id());
  TRY(const auto view, context.shared.tracking.snapshot());
  TRY(const auto run, need_run(view, id));
  JsonWriter json;
  json.begin_object();
  json.key("run");
  TRY(write_run(json, view, run));
  json.end_object();
  return json_response(json.take());
}

Result<Response> search_runs(Context& context, const Call& call) {
  const Fields fields = call.fields();
  tracking::RunQuestion question;
  TRY(read_search(fields, "run_view_type", question));
  TRY(const auto ids, fields.texts("experiment_ids"));
  for (const std::string_view id : ids) {
    TRY(const std::uint64_t number, parse_experiment_id(id));
    question.experiments.push_back(ExperimentId{number});
  }
  TRY(const auto view, context.shared.tracking.snapshot());
  TRY(auto page, tracking::search_runs(view, context.shared.searches, question));
  const auto write = [](JsonWriter& json, const tracking::View& now,
                        const RunId& id) -> Result<void> {
    TRY(const auto run, tracking::find_run(now, id));
    return run ? write_run(json, now, *run) : ok();
  };
  return source_response(
      std::make_unique<FoundSource<RunId>>(context.shared.tracking, "runs", std::move(page.runs),
                                           std::move(page.next_page_token), write));
}

// What lies there is not known to this server yet.
Result<Response> list_artifacts(Context& context, const Call& call) {
  const Fields fields = call.fields();
  TRY(const auto id, fields.need_run_id());
  TRY(const auto path, fields.text("path"));
  if (leaves_root(path.value_or(""))) return fail(ErrorKind::kInvalid, "Invalid path");
  TRY(const auto view, context.shared.tracking.snapshot());
  TRY(const auto run, need_run(view, id));
  TRY(const auto location, tracking::artifact_location(view, run.row.experiment, run.experiment));
  JsonWriter json;
  json.begin_object();
  json.field("root_uri", tracking::artifact_uri(location, run.row.id));
  json.end_object();
  return json_response(json.take());
}

}  // namespace stepwell::http
