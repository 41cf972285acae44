#pragma once

// Collects clauses into a tree while the grammar walks a text, and points at words in it. Lives as
// long as the parse.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/tracking/search/grammar.hpp"

namespace stepwell::tracking::search {

// Thrown inside the parser, caught where it is entered: what was expected at an offset.
struct Fault {
  std::size_t at;
  std::string_view expected;
};

// The length of what is quoted at the beginning of `text`; 0 if it never ends. As MLflow's lexer: a
// doubled quote, or for ' and " one behind a backslash, goes on, unless nothing ends it then.
std::size_t quoted_length(std::string_view text, char quote);

class ClauseBuilder {
 public:
  explicit ClauseBuilder(std::string_view text) : text_(text) {}

  Clause clause;  // The one that is being read.

  Word word(const char* begin, const char* end) const {
    return {std::string(begin, end), offset(begin)};
  }
  // The next clause or group is meant the other way round.
  void negate() { groups_.back().negated = !groups_.back().negated; }
  void end_clause();
  // Parentheses.
  void open(const char* at);
  void close(const char* at);
  // At an OR.
  void next_alternative(const char* at) { end_alternative(at); }
  Tree<Clause> finish(const char* at);

 private:
  using Kind = Tree<Clause>::Kind;
  // What one pair of parentheses holds.
  struct Group {
    std::vector<Tree<Clause>> any;  // Alternatives that are complete.
    std::vector<Tree<Clause>> all;  // Of the current one.
    bool negated = false;           // The next one to come.
  };

  std::size_t offset(const char* at) const { return static_cast<std::size_t>(at - text_.data()); }
  void add(Tree<Clause> tree);
  void end_alternative(const char* at);
  Tree<Clause> take(const char* at);

  std::string_view text_;
  std::vector<Group> groups_{1};
  std::size_t clauses_ = 0;
};

}  // namespace stepwell::tracking::search
