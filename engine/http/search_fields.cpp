#include "engine/http/search_fields.hpp"

namespace stepwell::http {

Result<std::int64_t> read_max_results(const Fields& fields, std::int64_t fallback,
                                      std::int64_t most) {
  TRY(const auto given, fields.integer("max_results"));
  if (!given) return fallback;
  if (*given < 1) {
    return fail(ErrorKind::kInvalid,
                "Invalid value {} for parameter 'max_results' supplied. It must be a positive "
                "integer.",
                *given);
  }
  if (*given > most) {
    return fail(ErrorKind::kInvalid,
                "Invalid value {} for parameter 'max_results' supplied. It must be at most {}, but "
                "got value {}.",
                *given, most, *given);
  }
  return *given;
}

Result<tracking::ViewType> read_view_type(const Fields& fields, std::string_view name) {
  using tracking::ViewType;
  const Value* value = fields.find(name);
  if (!value || value->is_null()) return ViewType::kActive;
  if (const auto* text = value->text()) {
    if (*text == "DELETED_ONLY" || *text == "2") return ViewType::kDeleted;
    if (*text == "ALL" || *text == "3") return ViewType::kAll;
    return ViewType::kActive;
  }
  TRY(const auto number, fields.integer(name));
  return number == 2 ? ViewType::kDeleted : number == 3 ? ViewType::kAll : ViewType::kActive;
}

}  // namespace stepwell::http
