// Requests, however the network cuts them, and what arguments are made of.

#include "engine/http/fields.hpp"
#include "engine/http/guard.hpp"
#include "engine/http/json_writer.hpp"
#include "engine/http/names.hpp"
#include "engine/http/parser.hpp"
#include "engine/http/routes.hpp"
#include "protocol/text.hpp"
#include "tests/fuzz/targets.hpp"

namespace stepwell::fuzz {
namespace {

using http::Options;

Options options() {
  Options small;
  small.header_bytes_max = 2048;
  small.body_bytes_max = 8192;
  small.headers_max = 16;
  small.json_depth_max = 16;
  small.json_values_max = 1000;
  return small;
}

struct Outcome {
  bool done = false;
  http::Request request;
  std::size_t taken = 0;
};

// As a session reads: `piece` bytes come at a time, and what is not taken stays.
Outcome read(std::string_view bytes, std::size_t piece) {
  const Options limits = options();
  http::Parser parser(limits);
  Outcome outcome;
  std::string inbox;
  while (!parser.done() && !parser.refusal()) {
    const std::size_t taken = parser.put(inbox);
    STEPWELL_ASSERT(taken <= inbox.size());
    inbox.erase(0, taken);
    outcome.taken += taken;
    if (parser.done() || parser.refusal() || bytes.empty()) break;
    const std::string_view next = bytes.substr(0, piece);
    inbox += next;
    bytes.remove_prefix(next.size());
  }
  if (parser.refusal()) STEPWELL_ASSERT(parser.refusal()->status >= 400);
  outcome.done = parser.done() && !parser.refusal();
  STEPWELL_ASSERT(parser.body_bytes() <= limits.body_bytes_max);
  if (outcome.done) outcome.request = parser.take();
  return outcome;
}

bool same(const http::Request& a, const http::Request& b) {
  const auto equal = [](const http::Header& x, const http::Header& y) {
    return x.name == y.name && x.value == y.value;
  };
  return a.method_name == b.method_name && a.path == b.path && a.query == b.query &&
         a.body == b.body && a.keep_alive == b.keep_alive &&
         std::ranges::equal(a.headers, b.headers, equal);
}

void read_value(const http::Value& value) {
  STEPWELL_ASSERT(http::shown_as_json(value, 50).size() < 1000);
  if (const auto* text = value.text()) {
    STEPWELL_ASSERT(http::characters_of(http::cut(*text, 3)) <= 3);
    if (http::check_key(*text, "key", "key")) STEPWELL_ASSERT(protocol::check_key("key", *text));
    http::JsonWriter json;
    json.text(*text);
    const std::string list = "{\"a\":" + json.take() + "}";
    const auto again = http::parse_body(list, Options{});
    STEPWELL_ASSERT(again && http::Fields(again.value().root).text("a").value() == *text);
  }
  if (!value.object()) return;
  const http::Fields fields(value);
  for (const auto& [name, member] : *value.object()) {
    static_cast<void>(fields.integer(name).has_value());
    static_cast<void>(fields.number(name).has_value());
    static_cast<void>(fields.texts(name).has_value());
    static_cast<void>(fields.messages(name).has_value());
    read_value(member);
  }
}

}  // namespace

void http(Bytes input) {
  const std::string_view bytes = as_text(input);
  const Outcome whole = read(bytes, std::max<std::size_t>(1, bytes.size()));
  for (const std::size_t piece : {1, 7, 300}) {
    const Outcome cut = read(bytes, piece);
    STEPWELL_ASSERT(cut.done == whole.done);
    if (whole.done) STEPWELL_ASSERT(same(cut.request, whole.request) && cut.taken == whole.taken);
  }
  const Options limits = options();
  for (const std::string_view text : {bytes, std::string_view(whole.request.body)}) {
    if (const auto document = http::parse_body(text, limits)) read_value(document.value().root);
  }
  for (const std::string_view text : {bytes, std::string_view(whole.request.query)}) {
    if (const auto document = http::parse_query(text, limits)) read_value(document.value().root);
  }
  if (!whole.done) return;
  static_cast<void>(http::find_route(whole.request.method, whole.request.path));
  static_cast<void>(http::refuse_foreign(whole.request, limits).has_value());
}

}  // namespace stepwell::fuzz
