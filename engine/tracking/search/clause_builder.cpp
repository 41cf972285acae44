#include "engine/tracking/search/clause_builder.hpp"

#include <algorithm>
#include <utility>

namespace stepwell::tracking::search {
namespace {

template <typename Kind>
Tree<Clause> joined(Kind kind, std::vector<Tree<Clause>> children) {
  if (children.size() == 1) return std::move(children.front());
  return {kind, std::move(children), {}};
}

// The word at an offset: what is quoted, a run of letters, or one character.
std::string_view word_at(std::string_view text, std::size_t at) {
  constexpr std::size_t kShownMax = 60;
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || (static_cast<unsigned char>(c) & 0x80) != 0;
  };
  const std::string_view rest = text.substr(at);
  std::size_t end = quoted_length(rest, rest[0]);
  if (rest[0] != '\'' && rest[0] != '"' && rest[0] != '`') end = 0;
  while (end == 0 && is_letter(rest[0])) {
    end = 1;
    while (end < rest.size() && is_letter(rest[end])) ++end;
  }
  end = std::clamp<std::size_t>(end, 1, kShownMax);
  // Never half a character.
  while (end < rest.size() && (static_cast<unsigned char>(rest[end]) & 0xC0) == 0x80) ++end;
  return rest.substr(0, end);
}

}  // namespace

std::size_t quoted_length(std::string_view text, char quote) {
  if (text.empty() || text[0] != quote) return 0;
  std::size_t last_choice = 0;
  for (std::size_t i = 1; i < text.size(); ++i) {
    const bool doubled = text[i] == quote && i + 1 < text.size() && text[i + 1] == quote;
    const bool escaped =
        quote != '`' && text[i] == '\\' && i + 1 < text.size() && text[i + 1] == quote;
    if (doubled || escaped) {
      last_choice = doubled ? i + 1 : i + 2;
      ++i;
    } else if (text[i] == quote) {
      return i + 1;
    }
  }
  return last_choice;
}

std::string pointed_at(std::string_view text, std::size_t at) {
  const auto before = text.substr(0, at);
  const auto position = 1 + std::count_if(before.begin(), before.end(), [](char c) {
                          return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
                        });
  if (at >= text.size()) return fmt::format("at position {}", position);
  return fmt::format("'{}' at position {}", word_at(text, at), position);
}

void ClauseBuilder::end_clause() {
  if (++clauses_ > kClausesMax) throw Fault{clause.name.at, "at most 1000 clauses"};
  add({Kind::kLeaf, {}, std::exchange(clause, {})});
}

void ClauseBuilder::open(const char* at) {
  if (groups_.size() > kDepthMax) throw Fault{offset(at), "at most 64 open parentheses"};
  groups_.emplace_back();
}

void ClauseBuilder::close(const char* at) {
  Tree<Clause> inner = take(at);
  groups_.pop_back();
  add(std::move(inner));
}

Tree<Clause> ClauseBuilder::finish(const char* at) {
  const Group& group = groups_.back();
  // Nothing, or nothing but ANDs, is everything.
  if (group.any.empty() && group.all.empty()) return {};
  return take(at);
}

void ClauseBuilder::add(Tree<Clause> tree) {
  Group& group = groups_.back();
  if (std::exchange(group.negated, false)) {
    Tree<Clause> inverse{Kind::kNot, {}, {}};
    inverse.children.push_back(std::move(tree));
    tree = std::move(inverse);
  }
  group.all.push_back(std::move(tree));
}

void ClauseBuilder::end_alternative(const char* at) {
  Group& group = groups_.back();
  if (group.all.empty()) throw Fault{offset(at), "a comparison before it"};
  group.any.push_back(joined(Kind::kAnd, std::exchange(group.all, {})));
}

Tree<Clause> ClauseBuilder::take(const char* at) {
  end_alternative(at);
  return joined(Kind::kOr, std::exchange(groups_.back().any, {}));
}

}  // namespace stepwell::tracking::search
