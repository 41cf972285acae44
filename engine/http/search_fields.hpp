#pragma once

// What the two searches have in common: their paging, their stage, and how their answers are told.

#include <functional>
#include <string>
#include <vector>

#include "engine/http/fields.hpp"
#include "engine/http/handler.hpp"
#include "engine/http/json_writer.hpp"
#include "engine/http/response.hpp"
#include "engine/tracking/search/search.hpp"

namespace stepwell::http {

inline constexpr std::int64_t kSearchResultsMax = 50'000;
inline constexpr std::int64_t kSearchResultsDefault = 1000;

// Fills filter, order, stage and page of a search's question. `view` names the stage's field.
template <typename Question>
Result<void> read_search(const Fields& fields, std::string_view view, Question& question);

// 1 to `most`, `fallback` where there is none; kInvalid in MLflow's words.
Result<std::int64_t> read_max_results(const Fields& fields, std::int64_t fallback,
                                      std::int64_t most);
// A name or a number of MLflow's. An unknown name counts as absent, as everywhere.
Result<tracking::ViewType> read_view_type(const Fields& fields, std::string_view name);

template <typename Question>
Result<void> read_search(const Fields& fields, std::string_view view, Question& question) {
  TRY(const auto filter, fields.text("filter"));
  TRY(const auto order_by, fields.texts("order_by"));
  TRY(const auto token, fields.text("page_token"));
  TRY(const auto most, read_max_results(fields, kSearchResultsDefault, kSearchResultsMax));
  TRY(question.view, read_view_type(fields, view));
  question.filter = filter.value_or("");
  question.order_by.assign(order_by.begin(), order_by.end());
  question.page_token = token.value_or("");
  question.max_results = static_cast<std::uint32_t>(most);
  return ok();
}

// What a search has found, each as it is when its piece is worked out.
template <typename Id>
class FoundSource final : public Source {
 public:
  // Writes one of them; nothing if it was purged meanwhile.
  using Write = std::function<Result<void>(JsonWriter&, const tracking::View&, const Id&)>;
  FoundSource(tracking::Tracking& tracking, std::string_view name, std::vector<Id> found,
              std::string next_page_token, Write write)
      : tracking_(tracking),
        name_(name),
        found_(std::move(found)),
        next_page_token_(std::move(next_page_token)),
        write_(std::move(write)) {}

  Result<Piece> next() override {
    constexpr std::size_t kPieceBytes = 256 << 10;
    TRY(const auto view, tracking_.snapshot());
    if (at_ == 0) begin();
    for (; at_ < found_.size() && json_.size() < kPieceBytes; ++at_) {
      TRY(write_(json_, view, found_[at_]));
    }
    const bool last = at_ == found_.size();
    if (last) end();
    return Piece{json_.take(), last};
  }

 private:
  // An empty list is left out.
  void begin() {
    json_.begin_object();
    if (found_.empty()) return;
    json_.key(name_);
    json_.begin_array();
  }
  void end() {
    if (!found_.empty()) json_.end_array();
    if (!next_page_token_.empty()) json_.field("next_page_token", next_page_token_);
    json_.end_object();
  }

  tracking::Tracking& tracking_;
  const std::string name_;
  const std::vector<Id> found_;
  const std::string next_page_token_;
  const Write write_;
  std::size_t at_ = 0;
  JsonWriter json_;
};

}  // namespace stepwell::http
