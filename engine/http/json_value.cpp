#include "engine/http/json_value.hpp"

#include "engine/http/json_writer.hpp"
#include "protocol/text.hpp"

namespace stepwell::http {
namespace {

void write(JsonWriter& json, const Value& value, std::size_t bytes_max) {
  if (json.size() > bytes_max) return json.text("...");
  if (const auto* flag = std::get_if<bool>(&value.held)) {
    json.flag(*flag);
  } else if (const auto* whole = std::get_if<std::int64_t>(&value.held)) {
    json.integer(*whole);
  } else if (const auto* large = std::get_if<std::uint64_t>(&value.held)) {
    json.number(static_cast<double>(*large));
  } else if (const auto* number = std::get_if<double>(&value.held)) {
    json.number(*number);
  } else if (const auto* text = value.text()) {
    std::size_t end = std::min(text->size(), bytes_max);
    while (end < text->size() && end > 0 && ((*text)[end] & 0xC0) == 0x80) --end;
    json.text(text->substr(0, end));
  } else if (const auto* list = value.list()) {
    json.begin_array();
    for (const Value& each : *list) {
      write(json, each, bytes_max);
      if (json.size() > bytes_max) break;
    }
    json.end_array();
  } else if (const auto* members = value.object()) {
    json.begin_object();
    for (const auto& [name, each] : *members) {
      json.key(name.substr(0, bytes_max));
      write(json, each, bytes_max);
      if (json.size() > bytes_max) break;
    }
    json.end_object();
  }
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Adds to a name's values: the second one makes a list of them.
void add(Members& members, std::string_view name, std::string_view text) {
  for (auto& [known, value] : members) {
    if (known != name) continue;
    if (const auto* first = value.text()) value.held = List{Value{*first}};
    std::get<List>(value.held).push_back(Value{text});
    return;
  }
  members.push_back({name, Value(text)});
}

}  // namespace

Value::Value() = default;
Value::Value(Held value) : held(std::move(value)) {}
Value::Value(const Value&) = default;
Value::Value(Value&&) noexcept = default;
Value& Value::operator=(const Value&) = default;
Value& Value::operator=(Value&&) noexcept = default;
Value::~Value() = default;

std::string shown_as_json(const Value& value, std::size_t bytes_max) {
  if (value.is_null()) return "null";
  JsonWriter json;
  write(json, value, bytes_max);
  return json.take();
}

std::string_view python_type(const Value& value) {
  constexpr std::string_view kNames[] = {"NoneType", "bool", "int",  "int",
                                         "float",    "str",  "list", "dict"};
  return kNames[value.held.index()];
}

std::optional<std::string> percent_decoded(std::string_view text, PlusIs plus) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus == PlusIs::kBlank) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0) return std::nullopt;
      out += static_cast<char>(high << 4 | low);
      i += 2;
    }
  }
  if (!protocol::is_utf8(out)) return std::nullopt;
  return out;
}

Result<Document> parse_query(std::string_view query, const Options& options) {
  // Names are looked for one by one, so they are few.
  constexpr std::size_t kArgumentsMax = 1000;
  auto texts = std::make_shared<std::vector<std::string>>();
  std::vector<std::pair<std::size_t, std::size_t>> pairs;
  while (!query.empty()) {
    const std::string_view part = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), part.size() + 1));
    if (part.empty()) continue;
    if (pairs.size() == std::min(kArgumentsMax, options.json_values_max)) {
      return fail(ErrorKind::kInvalid, "The query has more than {} arguments", pairs.size());
    }
    const std::size_t equals = part.find('=');
    auto name = percent_decoded(part.substr(0, equals), PlusIs::kBlank);
    auto value = equals == std::string_view::npos
                     ? std::string()
                     : percent_decoded(part.substr(equals + 1), PlusIs::kBlank);
    if (!name || !value) {
      return fail(ErrorKind::kInvalid, "The query's argument '{}' is not percent-encoded UTF-8",
                  protocol::quoted(part));
    }
    pairs.emplace_back(texts->size(), texts->size() + 1);
    texts->push_back(std::move(*name));
    texts->push_back(std::move(*value));
  }
  Members members;
  for (const auto& [name, value] : pairs) add(members, (*texts)[name], (*texts)[value]);
  return Document{Value{std::move(members)}, std::move(texts)};
}

}  // namespace stepwell::http
