#include "engine/http/fields.hpp"

#include <charconv>
#include <cmath>
#include <limits>

#include "engine/http/request.hpp"

namespace stepwell::http {
namespace {

template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) {
    return std::nullopt;
  }
  return value;
}

std::optional<std::int64_t> whole(double value) {
  constexpr double kLimit = 9223372036854775808.0;  // 2^63; the least int64 is its negative.
  if (!(value >= -kLimit && value < kLimit) || std::trunc(value) != value) return std::nullopt;
  return static_cast<std::int64_t>(value);
}

std::optional<double> special_number(std::string_view text) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (same_ignoring_case(text, "nan")) return std::numeric_limits<double>::quiet_NaN();
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (same_ignoring_case(text, "infinity") || same_ignoring_case(text, "inf")) {
    return negative ? -kInfinity : kInfinity;
  }
  return std::nullopt;
}

std::optional<std::int64_t> to_integer(const Value& value) {
  if (const auto* held = std::get_if<std::int64_t>(&value.held)) return *held;
  if (const auto* held = std::get_if<double>(&value.held)) return whole(*held);
  if (const auto* text = value.text()) return parse_number<std::int64_t>(*text);
  return std::nullopt;
}

std::optional<double> to_number(const Value& value) {
  if (const auto* held = std::get_if<double>(&value.held)) return *held;
  if (const auto* held = std::get_if<std::int64_t>(&value.held)) return static_cast<double>(*held);
  if (const auto* held = std::get_if<std::uint64_t>(&value.held)) return static_cast<double>(*held);
  if (const auto* held = std::get_if<bool>(&value.held)) return *held ? 1.0 : 0.0;
  if (const auto* text = value.text()) {
    if (const auto special = special_number(*text)) return special;
    return parse_number<double>(*text);
  }
  return std::nullopt;
}

bool is_missing(const Value* value) {
  return !value || value->is_null() || (value->text() && value->text()->empty());
}

}  // namespace

Fields::Fields(const Value& object, std::string path)
    : members_(object.object()), path_(std::move(path)) {}

const Value* Fields::find(std::string_view name) const {
  if (!members_) return nullptr;
  // The last one of a name counts.
  for (auto at = members_->rbegin(); at != members_->rend(); ++at) {
    if (at->name == name) return &at->value;
  }
  return nullptr;
}

std::string Fields::path_of(std::string_view name) const {
  return path_.empty() ? std::string(name) : fmt::format("{}.{}", path_, name);
}

Error Fields::wrong_type(std::string_view name, const Value& value) const {
  return fail(
      ErrorKind::kInvalid,
      "Invalid value {} for parameter '{}' supplied:  Hint: Value was of type '{}'. See the "
      "API docs for more information about request parameters.",
      shown_as_json(value), path_of(name), python_type(value));
}

Error Fields::missing(std::string_view name) const {
  return fail(ErrorKind::kInvalid,
              "Missing value for required parameter '{}'. See the API docs for more information "
              "about request parameters.",
              path_of(name));
}

Result<std::optional<std::string_view>> Fields::text(std::string_view name) const {
  const Value* value = find(name);
  if (!value || value->is_null()) return std::optional<std::string_view>();
  if (const auto* text = value->text()) return std::optional(*text);
  return wrong_type(name, *value);
}

Result<std::optional<std::int64_t>> Fields::integer(std::string_view name) const {
  const Value* value = find(name);
  if (!value || value->is_null()) return std::optional<std::int64_t>();
  const auto number = to_integer(*value);
  if (!number) return wrong_type(name, *value);
  return number;
}

Result<std::optional<double>> Fields::number(std::string_view name) const {
  const Value* value = find(name);
  if (!value || value->is_null()) return std::optional<double>();
  const auto number = to_number(*value);
  if (!number) return wrong_type(name, *value);
  return number;
}

Result<std::string_view> Fields::need_text(std::string_view name) const {
  if (is_missing(find(name))) return missing(name);
  TRY(const auto value, text(name));
  return *value;
}

Result<std::int64_t> Fields::need_integer(std::string_view name) const {
  if (is_missing(find(name))) return missing(name);
  TRY(const auto value, integer(name));
  return *value;
}

Result<double> Fields::need_number(std::string_view name) const {
  if (is_missing(find(name))) return missing(name);
  TRY(const auto value, number(name));
  return *value;
}

Result<std::vector<std::string_view>> Fields::texts(std::string_view name) const {
  std::vector<std::string_view> texts;
  const Value* value = find(name);
  if (!value || value->is_null()) return texts;
  if (const auto* one = value->text()) {
    texts.push_back(*one);
    return texts;
  }
  const List* list = value->list();
  if (!list) return wrong_type(name, *value);
  for (const Value& each : *list) {
    if (!each.text()) return wrong_type(fmt::format("{}[{}]", name, texts.size()), each);
    texts.push_back(*each.text());
  }
  return texts;
}

Result<std::vector<Fields>> Fields::messages(std::string_view name) const {
  std::vector<Fields> messages;
  const Value* value = find(name);
  if (!value || value->is_null()) return messages;
  const List* list = value->list();
  if (!list) return wrong_type(name, *value);
  for (const Value& each : *list) {
    const std::string place = fmt::format("{}[{}]", path_of(name), messages.size());
    if (!each.object()) return wrong_type(fmt::format("{}[{}]", name, messages.size()), each);
    messages.emplace_back(each, place);
  }
  return messages;
}

Result<std::string_view> Fields::need_run_id() const {
  if (is_missing(find("run_id")) && !is_missing(find("run_uuid"))) return need_text("run_uuid");
  return need_text("run_id");
}

}  // namespace stepwell::http
