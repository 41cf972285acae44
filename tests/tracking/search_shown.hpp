#pragma once

// What filters mean, as text that a table can hold.

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "engine/tracking/search/meaning.hpp"

namespace stepwell::tracking::search {

inline std::string show(const Subject& subject) {
  static constexpr const char* kFields[] = {"metric", "param",    "tag",    "dataset", "run_id",
                                            "name",   "user",     "status", "start",   "end",
                                            "uri",    "exp_name", "exp_id", "created", "updated"};
  static constexpr const char* kAggregates[] = {"", "min:", "max:", "first:", "count:"};
  std::string text = kAggregates[static_cast<int>(subject.aggregate)];
  text += kFields[static_cast<int>(subject.field)];
  return subject.key.empty() ? text : text + "[" + subject.key + "]";
}

inline std::string show(const Filter& filter) {
  static constexpr const char* kTests[] = {
      "=", "!=", "<", "<=", ">", ">=", "like", "ilike", "in", "not in", "null", "!null"};
  switch (filter.kind) {
    case Filter::Kind::kAll:
      return "all";
    case Filter::Kind::kNot:
      return "not " + show(filter.children[0]);
    case Filter::Kind::kAnd:
    case Filter::Kind::kOr: {
      std::string text;
      for (const Filter& child : filter.children) {
        if (!text.empty()) text += filter.kind == Filter::Kind::kAnd ? " & " : " | ";
        text += show(child);
      }
      return "(" + text + ")";
    }
    case Filter::Kind::kLeaf:
      break;
  }
  const Comparison& leaf = filter.leaf;
  std::string text = show(leaf.subject) + " " + kTests[static_cast<int>(leaf.test)];
  if (leaf.test >= Test::kIsNull) return text;
  if (leaf.subject.field == Field::kMetric || is_time(leaf.subject.field)) {
    return text + fmt::format(" {}{}", leaf.number.value, leaf.number.exact ? "i" : "");
  }
  for (const std::string& item : leaf.list) text += " <" + item + ">";
  return leaf.list.empty() ? text + " <" + leaf.text + ">" : text;
}

inline std::string read(Kind kind, std::string_view text) {
  const auto filter = read_filter(kind, text);
  return filter ? show(filter.value()) : "! " + filter.error().text;
}

struct Row {
  std::string_view text;
  std::string_view meaning;
};

}  // namespace stepwell::tracking::search
