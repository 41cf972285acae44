#include "engine/tracking/search/matcher.hpp"

#include <algorithm>
#include <cmath>
#include <compare>

namespace stepwell::tracking::search {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool continues(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

// The index behind the character that begins at `at`.
std::size_t behind(std::string_view text, std::size_t at) {
  do ++at;
  while (at < text.size() && continues(text[at]));
  return at;
}

bool passes(Test test, std::partial_ordering order) {
  switch (test) {
    case Test::kEqual:
      return order == 0;
    case Test::kNotEqual:
      return order != 0;
    case Test::kLess:
      return order < 0;
    case Test::kLessOrEqual:
      return order <= 0;
    case Test::kGreater:
      return order > 0;
    case Test::kGreaterOrEqual:
      return order >= 0;
    default:
      return false;
  }
}

// Exact, although not every int64 is a double.
std::partial_ordering compare(std::int64_t value, const Number& number) {
  if (number.exact) return value <=> *number.exact;
  if (number.value >= 0x1p63) return std::partial_ordering::less;
  if (number.value < -0x1p63) return std::partial_ordering::greater;
  const double whole = std::trunc(number.value);
  const auto order = value <=> static_cast<std::int64_t>(whole);
  if (order != 0) return order;
  return whole <=> number.value;
}

// The presence that a test asks for, if it asks for nothing else.
std::optional<bool> passes_null(Test test, bool is_missing) {
  if (test == Test::kIsNull) return is_missing;
  if (test == Test::kIsNotNull) return !is_missing;
  if (is_missing) return false;
  return std::nullopt;
}

bool like_counted(std::string_view text, std::string_view pattern, bool fold,
                  std::uint64_t& steps) {
  std::size_t t = 0, p = 0;
  // Behind the last %, and where what it stands for ends as far as was tried.
  std::optional<std::size_t> retry_pattern;
  std::size_t retry_text = 0;
  for (; t < text.size(); ++steps) {
    if (p < pattern.size() && pattern[p] == '%') {
      while (p < pattern.size() && pattern[p] == '%') ++p;
      retry_pattern = p;
      retry_text = t;
    } else if (p < pattern.size() && pattern[p] == '_') {
      t = behind(text, t);
      ++p;
    } else if (p < pattern.size() &&
               (pattern[p] == text[t] || (fold && lower(pattern[p]) == lower(text[t])))) {
      ++t;
      ++p;
    } else if (retry_pattern) {
      retry_text = behind(text, retry_text);
      t = retry_text;
      p = *retry_pattern;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '%') ++p;
  return p == pattern.size();
}

}  // namespace

bool like(std::string_view text, std::string_view pattern, bool fold, std::uint64_t* steps) {
  std::uint64_t taken = 0;
  const bool passed = like_counted(text, pattern, fold, taken);
  if (steps) *steps += taken;
  return passed;
}

bool matches(const Comparison& comparison, std::optional<std::string_view> value,
             std::uint64_t* steps) {
  if (const auto decided = passes_null(comparison.test, !value)) return *decided;
  switch (comparison.test) {
    case Test::kLike:
    case Test::kIlike:
      return like(*value, comparison.text, comparison.test == Test::kIlike, steps);
    case Test::kIn:
      return std::binary_search(comparison.list.begin(), comparison.list.end(), *value);
    case Test::kNotIn:
      return !std::binary_search(comparison.list.begin(), comparison.list.end(), *value);
    default:
      return passes(comparison.test, *value <=> std::string_view(comparison.text));
  }
}

bool matches(const Comparison& comparison, std::optional<double> value) {
  if (const auto decided = passes_null(comparison.test, !value)) return *decided;
  // A NaN is unordered: it passes != and nothing else.
  return passes(comparison.test, *value <=> comparison.number.value);
}

bool matches(const Comparison& comparison, std::optional<std::int64_t> value) {
  if (const auto decided = passes_null(comparison.test, !value)) return *decided;
  return passes(comparison.test, compare(*value, comparison.number));
}

}  // namespace stepwell::tracking::search
