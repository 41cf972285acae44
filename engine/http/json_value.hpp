#pragma once

// Arguments of a request, from a JSON body or from a query: a tree of values. Texts are views into
// what the document keeps.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/http/options.hpp"

namespace stepwell::http {

struct Value;
struct Member;
using List = std::vector<Value>;
using Members = std::vector<Member>;

struct Value {
  // Nothing (null or absent), or what JSON knows; whole numbers that no int64 holds are unsigned.
  using Held = std::variant<std::monostate, bool, std::int64_t, std::uint64_t, double,
                            std::string_view, List, Members>;
  Value();
  explicit Value(Held value);
  // Not inline: a Value holds Values, which are complete only behind it.
  Value(const Value&);
  Value(Value&&) noexcept;
  Value& operator=(const Value&);
  Value& operator=(Value&&) noexcept;
  ~Value();

  bool is_null() const { return std::holds_alternative<std::monostate>(held); }
  const Members* object() const { return std::get_if<Members>(&held); }
  const List* list() const { return std::get_if<List>(&held); }
  const std::string_view* text() const { return std::get_if<std::string_view>(&held); }

  Held held;
};

struct Member {
  std::string_view name;
  Value value;
};

// As JSON, cut to about `bytes_max` bytes, for messages.
std::string shown_as_json(const Value& value, std::size_t bytes_max = 200);
// What Python calls its type: MLflow's messages say so.
std::string_view python_type(const Value& value);

struct Document {
  Value root;  // An object, or nothing where the body is empty or is no JSON.
  std::shared_ptr<const void> memory;
};

// kInvalid: it is too deep or too large, a number fits in no 64 bits, or it is JSON but no object.
// An object within a JSON text is taken as such: very old clients send that.
Result<Document> parse_body(std::string_view body, const Options& options);
// `a=1&b=2&a=3`: names with a text, or with a list of texts where one comes again. kInvalid: too
// many.
Result<Document> parse_query(std::string_view query, const Options& options);

// "%41+b" -> "A b"; + is a blank in a query only. Nothing where an escape is cut or is not UTF-8.
enum class PlusIs { kPlus, kBlank };
std::optional<std::string> percent_decoded(std::string_view text, PlusIs plus);

}  // namespace stepwell::http
