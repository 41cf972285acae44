#pragma once

// A deliberately naive search: runs as plain maps, filters as closures over one run, a full sort.
// Written from MLflow's rules and sharing nothing with the engine.

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace stepwell::tracking::model {

struct ModelRun {
  std::uint64_t number = 0;
  std::string id;  // 32 hex digits.
  std::string user;
  std::string status = "RUNNING";
  std::int64_t start = 0;
  std::optional<std::int64_t> end;
  bool deleted = false;
  std::map<std::string, std::string> params, tags;
  std::map<std::string, std::vector<double>> metrics;  // By step.
};

using Text = std::optional<std::string>;
using Number = std::optional<double>;
using TextOf = std::function<Text(const ModelRun&)>;
using NumberOf = std::function<Number(const ModelRun&)>;
using Predicate = std::function<bool(const ModelRun&)>;

inline double stored(double value) {
  if (value == std::numeric_limits<double>::infinity()) return std::numeric_limits<double>::max();
  if (value == -std::numeric_limits<double>::infinity())
    return std::numeric_limits<double>::lowest();
  return value;
}

inline Text text_in(const std::map<std::string, std::string>& texts, const std::string& key) {
  const auto found = texts.find(key);
  return found == texts.end() ? Text() : Text(found->second);
}

// min, max, first, count, or the latest.
inline Number number_of(const ModelRun& run, const std::string& function, const std::string& key) {
  const auto found = run.metrics.find(key);
  if (found == run.metrics.end()) return {};
  const std::vector<double>& values = found->second;
  if (function == "count") return double(values.size());
  if (function == "first") return stored(values.front());
  if (function.empty()) return stored(values.back());
  Number best;
  for (const double value : values) {
    if (std::isnan(value)) continue;
    if (!best || (function == "min" ? value < *best : value > *best)) best = value;
  }
  return best ? stored(*best) : std::numeric_limits<double>::quiet_NaN();
}

template <typename T>
bool compares(const T& a, const std::string& op, const T& b) {
  return op == "="    ? a == b
         : op == "!=" ? a != b
         : op == "<"  ? a < b
         : op == "<=" ? a <= b
         : op == ">"  ? a > b
                      : a >= b;
}

inline std::vector<std::string> characters(const std::string& text) {
  std::vector<std::string> all;
  for (const char c : text) {
    if ((static_cast<unsigned char>(c) & 0xC0) == 0x80 && !all.empty()) {
      all.back() += c;
    } else {
      all.emplace_back(1, c);
    }
  }
  return all;
}

inline bool like_from(const std::vector<std::string>& text, std::size_t t,
                      const std::vector<std::string>& pattern, std::size_t p) {
  if (p == pattern.size()) return t == text.size();
  if (pattern[p] == "%") {
    for (std::size_t at = t; at <= text.size(); ++at) {
      if (like_from(text, at, pattern, p + 1)) return true;
    }
    return false;
  }
  return t < text.size() && (pattern[p] == "_" || pattern[p] == text[t]) &&
         like_from(text, t + 1, pattern, p + 1);
}

inline std::string lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return text;
}

inline bool like(const std::string& text, const std::string& pattern, bool fold) {
  return like_from(characters(fold ? lower(text) : text), 0,
                   characters(fold ? lower(pattern) : pattern), 0);
}

// Sorts by one term after another, the last first: each a stable sort.
struct Term {
  TextOf text;
  NumberOf number;  // Where there is no text.
  bool descending = false;
};

inline void sort(std::vector<const ModelRun*>& runs, const std::vector<Term>& terms) {
  std::sort(runs.begin(), runs.end(), [](auto* a, auto* b) { return a->id < b->id; });
  std::stable_sort(runs.begin(), runs.end(), [](auto* a, auto* b) { return a->start > b->start; });
  for (auto term = terms.rbegin(); term != terms.rend(); ++term) {
    std::stable_sort(runs.begin(), runs.end(), [&](auto* a, auto* b) {
      if (term->text) {
        const Text x = term->text(*a), y = term->text(*b);
        if (!x || !y) return x.has_value() > y.has_value();
        return term->descending ? *x > *y : *x < *y;
      }
      const Number x = term->number(*a), y = term->number(*b);
      const auto rank = [](const Number& n) { return !n ? 2 : std::isnan(*n) ? 1 : 0; };
      if (rank(x) != rank(y)) return rank(x) < rank(y);
      if (rank(x) > 0) return false;
      return term->descending ? *x > *y : *x < *y;
    });
  }
}

}  // namespace stepwell::tracking::model
