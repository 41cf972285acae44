#pragma once

// The grammar of filters and of order_by terms: text to what stands in it, word by word. What the
// words mean is meaning.hpp's. Errors are kInvalid and point at the word that was not expected.

#include <string>
#include <string_view>

#include "engine/base/result.hpp"
#include "engine/tracking/search/filter.hpp"

namespace stepwell::tracking::search {

// A word as it is written, and where it begins: a byte offset.
struct Word {
  std::string text;
  std::size_t at = 0;
};

enum class LiteralKind { kNumber, kSingleQuoted, kDoubleQuoted, kList, kBare };

struct Literal {
  LiteralKind kind = LiteralKind::kBare;
  Word word;                   // With its quotes.
  std::vector<Literal> items;  // Of a list.
};

struct Clause {
  Word function;    // As in min(metrics.loss); empty if there is none.
  Word name;        // `entity.key` or a bare key, with all quotes.
  Word comparator;  // In upper case, with single spaces: `>=`, `NOT IN`, `IS NULL`.
  Literal value;    // Not with IS NULL and IS NOT NULL.
};

struct OrderWords {
  Word function;
  Word name;
  Word direction;  // Whatever word follows; empty if there is none.
};

Result<Tree<Clause>> parse_filter(std::string_view text);
Result<OrderWords> parse_order(std::string_view text);

// "'word' at position 12": for errors. Counts characters from 1.
std::string pointed_at(std::string_view text, std::size_t at);

}  // namespace stepwell::tracking::search
