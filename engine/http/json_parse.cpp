// JSON bodies, by simdjson.

#include <simdjson.h>

#include "engine/http/json_value.hpp"

namespace stepwell::http {
namespace {

namespace dom = simdjson::dom;

// A parser's buffers grow with the largest body that it has seen; beyond this they are let go.
constexpr std::size_t kParserBytesKept = 1 << 20;

dom::parser& parser_of_thread(std::size_t depth_max) {
  thread_local std::unique_ptr<dom::parser> parser;
  if (!parser || parser->capacity() > kParserBytesKept || parser->max_depth() != depth_max) {
    parser = std::make_unique<dom::parser>();
    const auto failed = parser->allocate(16 << 10, depth_max);
    static_cast<void>(failed);  // It shows at the first parse.
  }
  return *parser;
}

class Converter {
 public:
  explicit Converter(std::size_t values_max) : values_left_(values_max) {}

  // False: there are too many values.
  bool convert(dom::element from, Value& into) {
    if (values_left_-- == 0) return false;
    switch (from.type()) {
      case dom::element_type::OBJECT:
        return convert_object(from.get_object().value_unsafe(), into);
      case dom::element_type::ARRAY: {
        const dom::array array = from.get_array().value_unsafe();
        List list;
        for (const dom::element each : array) {
          if (!convert(each, list.emplace_back())) return false;
        }
        into.held = std::move(list);
        return true;
      }
      case dom::element_type::INT64:
        into.held = from.get_int64().value_unsafe();
        return true;
      case dom::element_type::UINT64:
        into.held = from.get_uint64().value_unsafe();
        return true;
      case dom::element_type::DOUBLE:
        into.held = from.get_double().value_unsafe();
        return true;
      case dom::element_type::STRING:
        into.held = from.get_string().value_unsafe();
        return true;
      case dom::element_type::BOOL:
        into.held = from.get_bool().value_unsafe();
        return true;
      case dom::element_type::NULL_VALUE:
        return true;
    }
    return true;
  }

 private:
  bool convert_object(dom::object from, Value& into) {
    Members members;
    for (const dom::key_value_pair each : from) {
      members.push_back({each.key, Value()});
      if (!convert(each.value, members.back().value)) return false;
    }
    into.held = std::move(members);
    return true;
  }

  std::size_t values_left_;
};

Result<Document> parse_once(std::string_view body, const Options& options) {
  if (body.empty()) return Document{};  // As below; and there may be no memory to copy from.
  auto document = std::make_shared<dom::document>();
  dom::parser& parser = parser_of_thread(options.json_depth_max);
  const auto parsed = parser.parse_into_document(*document, body.data(), body.size());
  switch (parsed.error()) {
    case simdjson::SUCCESS:
      break;
    case simdjson::DEPTH_ERROR:
      return fail(ErrorKind::kInvalid, "The request's JSON is nested deeper than {}",
                  options.json_depth_max);
    case simdjson::NUMBER_ERROR:
      return fail(ErrorKind::kInvalid,
                  "The request's JSON has a number that is not well-formed, or "
                  "that does not fit in 64 bits");
    case simdjson::MEMALLOC:
    case simdjson::CAPACITY:
      return fail(ErrorKind::kOverloaded, "There is no memory for the request's JSON");
    default:
      return Document{};  // Counts as no arguments at all, as with MLflow.
  }
  Document result;
  if (!Converter(options.json_values_max).convert(parsed.value_unsafe(), result.root)) {
    return fail(ErrorKind::kInvalid, "The request's JSON has more than {} values",
                options.json_values_max);
  }
  result.memory = std::move(document);
  return result;
}

}  // namespace

Result<Document> parse_body(std::string_view body, const Options& options) {
  TRY(auto document, parse_once(body, options));
  if (const auto* text = document.root.text()) {
    const std::string inner(*text);
    TRY(document, parse_once(inner, options));
  }
  if (!document.root.is_null() && !document.root.object()) {
    return fail(ErrorKind::kInvalid, "The request's body is {}, expected a JSON object",
                shown_as_json(document.root));
  }
  return document;
}

}  // namespace stepwell::http
