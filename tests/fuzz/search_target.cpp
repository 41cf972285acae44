#include <algorithm>
#include <optional>

#include "engine/tracking/search/matcher.hpp"
#include "engine/tracking/search/meaning.hpp"
#include "engine/tracking/search/page_token.hpp"
#include "tests/fuzz/targets.hpp"

namespace stepwell::fuzz {
namespace {

using namespace stepwell::tracking::search;

void expect_named(const Error& error) {
  STEPWELL_ASSERT(error.kind == ErrorKind::kInvalid && !error.text.empty());
}

std::size_t clauses_in(const Filter& filter, std::size_t depth) {
  STEPWELL_ASSERT(depth <= 4 * kDepthMax);
  if (filter.kind == Filter::Kind::kLeaf) {
    const Comparison& leaf = filter.leaf;
    STEPWELL_ASSERT(std::is_sorted(leaf.list.begin(), leaf.list.end()));
    // A value passes a test or its opposite, and one that is missing neither.
    for (const std::string_view text : {std::string_view("a"), std::string_view(leaf.text)}) {
      Comparison other = leaf;
      if (leaf.test == Test::kEqual) other.test = Test::kNotEqual;
      if (leaf.test == Test::kIn) other.test = Test::kNotIn;
      if (leaf.test == Test::kIsNull) other.test = Test::kIsNotNull;
      if (other.test == leaf.test) continue;
      const std::optional<std::string_view> value(text);
      STEPWELL_ASSERT(matches(leaf, value) != matches(other, value));
    }
    return 1;
  }
  std::size_t clauses = 0;
  for (const Filter& child : filter.children) clauses += clauses_in(child, depth + 1);
  STEPWELL_ASSERT(filter.kind != Filter::Kind::kNot || filter.children.size() == 1);
  return clauses;
}

void filter_of(Kind kind, std::string_view text) {
  const auto filter = read_filter(kind, text);
  if (!filter) return expect_named(filter.error());
  STEPWELL_ASSERT(clauses_in(filter.value(), 0) <= kClausesMax);
}

void order_of(const std::string& text) {
  for (const Kind kind : {Kind::kRuns, Kind::kExperiments}) {
    const auto order = read_order(kind, {text});
    if (!order) {
      expect_named(order.error());
      continue;
    }
    STEPWELL_ASSERT(!order.value().empty() && order.value().size() <= 3);
  }
}

// What is read is written again as it was: base64's unused bits aside.
void token_of(std::string_view text) {
  for (std::size_t terms = 0; terms < 5; ++terms) {
    const auto key = read_token(text, 7, terms);
    if (!key) {
      expect_named(key.error());
      continue;
    }
    STEPWELL_ASSERT(key.value().size() == terms);
    const auto again = read_token(write_token(7, key.value()), 7, terms);
    STEPWELL_ASSERT(again.has_value());
    const std::vector<OrderTerm> order(terms);
    STEPWELL_ASSERT(compare(key.value(), again.value(), order) == 0);
  }
}

// Pattern, a line's end, text.
void like_of(std::string_view input) {
  const std::size_t end = std::min(input.find('\n'), input.size());
  const std::string_view pattern = input.substr(0, std::min<std::size_t>(end, 200));
  const std::string_view text = input.substr(std::min(end + 1, input.size())).substr(0, 200);
  if (like(text, pattern, false)) STEPWELL_ASSERT(like(text, pattern, true));
  if (pattern.find_first_of("%_") == std::string_view::npos) {
    STEPWELL_ASSERT(like(text, pattern, false) == (text == pattern));
  }
  STEPWELL_ASSERT(like(text, "%", false));
}

}  // namespace

// {what: runs' filter, experiments' filter, order, token, like; its text}
void search(Bytes input) {
  if (input.empty()) return;
  // Of its own, so that a byte behind the end is noticed.
  const std::string text(as_text(input.subspan(1)));
  switch (as_text(input).front()) {
    case 'r':
      return filter_of(Kind::kRuns, text);
    case 'e':
      return filter_of(Kind::kExperiments, text);
    case 'o':
      return order_of(text);
    case 't':
      return token_of(text);
    default:
      return like_of(text);
  }
}

}  // namespace stepwell::fuzz
