#pragma once

// What the two searches have in common: their paging and their stage.

#include "engine/http/fields.hpp"
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

}  // namespace stepwell::http
