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

// Experiments that a search has found, each as it is when its piece is worked out.
class ExperimentsSource final : public Source {
 public:
  ExperimentsSource(tracking::Tracking& tracking, search::ExperimentPage page)
      : tracking_(tracking), page_(std::move(page)) {}

  Result<Piece> next() override {
    constexpr std::size_t kPieceBytes = 256 << 10;
    TRY(const auto view, tracking_.snapshot());
    if (at_ == 0) {
      json_.begin_object();
      if (!page_.experiments.empty()) {
        json_.key("experiments");
        json_.begin_array();
      }
    }
    for (; at_ < page_.experiments.size() && json_.size() < kPieceBytes; ++at_) {
      const ExperimentId id = page_.experiments[at_];
      TRY(const auto row, view.experiment(id));
      if (!row) continue;  // It was purged meanwhile.
      TRY(write_experiment(json_, view, id, *row));
    }
    const bool last = at_ == page_.experiments.size();
    if (last) {
      if (!page_.experiments.empty()) json_.end_array();
      if (!page_.next_page_token.empty()) json_.field("next_page_token", page_.next_page_token);
      json_.end_object();
    }
    return Piece{json_.take(), last};
  }

 private:
  tracking::Tracking& tracking_;
  const search::ExperimentPage page_;
  std::size_t at_ = 0;
  JsonWriter json_;
};

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
  search::ExperimentQuestion question;
  TRY(read_search(call.fields(), "view_type", question));
  TRY(const auto view, context.shared.tracking.snapshot());
  TRY(auto page, find_experiments(context, view, question));
  return source_response(
      std::make_unique<ExperimentsSource>(context.shared.tracking, std::move(page)));
}

}  // namespace stepwell::http
