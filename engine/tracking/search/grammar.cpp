#include "engine/tracking/search/grammar.hpp"

#include <optional>
#include <tao/pegtl.hpp>

#include "engine/tracking/search/clause_builder.hpp"

namespace stepwell::tracking::search {
namespace {

namespace rules {
using namespace tao::pegtl;

template <char kQuote>
struct quoted {
  using rule_t = quoted;
  using subs_t = empty_list;
  template <typename Input>
  static bool match(Input& in) {
    const std::size_t length = quoted_length({in.current(), in.size(0)}, kQuote);
    if (length > 0) in.bump(length);
    return length > 0;
  }
};

struct blank : star<one<' ', '\t', '\n', '\r', '\v', '\f'>> {};
struct gap : plus<one<' ', '\t', '\n', '\r', '\v', '\f'>> {};
// Every byte of a character beyond ASCII counts as a letter.
struct word_char : sor<identifier_other, one<'$', '#'>, not_range<'\x00', '\x7f'>> {};
struct plain_word : plus<word_char> {};
template <typename Text>
struct keyword : seq<Text, not_at<word_char>> {};

struct kw_and : keyword<istring<'a', 'n', 'd'>> {};
struct kw_or : keyword<istring<'o', 'r'>> {};
struct kw_not : keyword<istring<'n', 'o', 't'>> {};
struct kw_is : keyword<istring<'i', 's'>> {};
struct kw_in : keyword<istring<'i', 'n'>> {};
struct kw_null : keyword<istring<'n', 'u', 'l', 'l'>> {};
struct kw_like
    : sor<keyword<istring<'l', 'i', 'k', 'e'>>, keyword<istring<'i', 'l', 'i', 'k', 'e'>>,
          keyword<istring<'r', 'l', 'i', 'k', 'e'>>> {};

struct first_part : sor<quoted<'`'>, quoted<'"'>, plain_word> {};
struct name_text : seq<first_part, star<one<'.'>, sor<first_part, quoted<'\''>>>> {};
struct name : name_text {};
struct bare_value : name_text {};
struct function : plus<alpha> {};
struct call : if_must<seq<at<function, blank, one<'('>>, function>, blank, one<'('>, blank, name,
                      blank, one<')'>> {};
struct reserved : seq<sor<kw_and, kw_or, kw_not>, not_at<one<'.'>>> {};
struct operand : seq<not_at<reserved>, sor<call, name>> {};

struct digits : plus<digit> {};
struct exponent : seq<one<'e', 'E'>, opt<one<'-'>>, digits> {};
struct fraction : sor<seq<digits, one<'.'>, digits, exponent>, seq<digits, exponent>,
                      seq<digits, one<'.'>, star<digit>>, seq<one<'.'>, digits>, digits> {};
struct number : seq<opt<one<'-'>>, fraction, not_at<word_char>> {};
struct single_quoted : quoted<'\''> {};
struct double_quoted : quoted<'"'> {};
struct item : sor<number, single_quoted, double_quoted, bare_value> {};
struct list_begin : one<'('> {};
struct list_end : one<')'> {};
// A comma may hang over, as in Python.
struct items : seq<item, blank, star<one<','>, blank, item, blank>, opt<one<','>, blank>> {};
struct list : if_must<list_begin, blank, opt<items>, list_end> {};
struct value : sor<list, item> {};

struct null_test : seq<opt<kw_not, blank>, kw_null> {};
struct is_null : if_must<kw_is, blank, null_test> {};
struct in_word : seq<opt<kw_not, blank>, kw_in> {};
struct in_list : if_must<in_word, blank, value> {};
struct symbols : plus<one<'<', '>', '=', '~', '!'>> {};
struct like_word : seq<opt<kw_not, gap>, kw_like> {};
struct comparator : sor<symbols, like_word> {};
struct comparison : if_must<comparator, blank, value> {};
struct test : sor<is_null, in_list, comparison> {};
struct clause : if_must<operand, blank, test> {};

struct any_of;
struct open : one<'('> {};
struct close : one<')'> {};
struct group : if_must<open, blank, any_of, close> {};
struct negation : seq<kw_not, not_at<one<'.'>>> {};
struct primary : sor<group, clause> {};
struct term : sor<if_must<plus<negation, blank>, primary>, primary> {};
// As MLflow: AND may be left out, doubled, and hang over at either end.
struct all_of : plus<sor<seq<kw_and, not_at<one<'.'>>>, term>, blank> {};
struct or_word : seq<kw_or, not_at<one<'.'>>> {};
struct any_of : seq<must<all_of>, star<if_must<or_word, blank, all_of>>> {};
struct filter : must<blank, opt<not_at<eof>, any_of>, eof> {};

struct direction : plain_word {};
struct order_end : eof {};
struct order : must<blank, operand, blank, opt<direction, blank>, order_end> {};

template <typename Rule>
struct action : nothing<Rule> {};
template <>
struct action<name> {
  template <typename Input>
  static void apply(const Input& in, ClauseBuilder& builder) {
    builder.clause.name = builder.word(in.begin(), in.end());
  }
};
template <>
struct action<function> {
  template <typename Input>
  static void apply(const Input& in, ClauseBuilder& builder) {
    builder.clause.function = builder.word(in.begin(), in.end());
  }
};

// Upper case, and one space for every gap.
struct set_comparator {
  template <typename Input>
  static void apply(const Input& in, ClauseBuilder& builder) {
    Word& word = builder.clause.comparator;
    const bool after_is = word.text == "IS";
    const std::size_t at = word.at;
    word = builder.word(in.begin(), in.end());
    std::string tidy;
    for (const char c : word.text) {
      const bool space = c == ' ' || (c >= '\t' && c <= '\r');
      if (space && tidy.ends_with(' ')) continue;
      tidy += space ? ' ' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
    word.text = after_is ? "IS " + tidy : tidy;
    if (after_is) word.at = at;
  }
};
template <>
struct action<kw_is> : set_comparator {};
template <>
struct action<null_test> : set_comparator {};
template <>
struct action<in_word> : set_comparator {};
template <>
struct action<comparator> : set_comparator {};

template <LiteralKind kKind>
struct set_literal {
  template <typename Input>
  static void apply(const Input& in, ClauseBuilder& builder) {
    Literal& value = builder.clause.value;
    Literal literal{kKind, builder.word(in.begin(), in.end()), {}};
    if (value.kind != LiteralKind::kList) {
      value = std::move(literal);
      return;
    }
    if (value.items.size() == kListMax) throw Fault{literal.word.at, "at most 20000 items"};
    value.items.push_back(std::move(literal));
  }
};
template <>
struct action<number> : set_literal<LiteralKind::kNumber> {};
template <>
struct action<bare_value> : set_literal<LiteralKind::kBare> {};
template <>
struct action<list_begin> : set_literal<LiteralKind::kList> {};
template <>
struct action<single_quoted> : set_literal<LiteralKind::kSingleQuoted> {};
template <>
struct action<double_quoted> : set_literal<LiteralKind::kDoubleQuoted> {};
template <>
struct action<clause> {
  static void apply0(ClauseBuilder& builder) { builder.end_clause(); }
};
template <>
struct action<negation> {
  static void apply0(ClauseBuilder& builder) { builder.negate(); }
};
template <>
struct action<open> {
  template <typename Input>
  static void apply(const Input& in, ClauseBuilder& builder) {
    builder.open(in.begin());
  }
};
template <>
struct action<close> {
  template <typename Input>
  static void apply(const Input& in, ClauseBuilder& builder) {
    builder.close(in.begin());
  }
};
template <>
struct action<or_word> {
  template <typename Input>
  static void apply(const Input& in, ClauseBuilder& builder) {
    builder.next_alternative(in.begin());
  }
};
template <>
struct action<direction> {
  template <typename Input>
  static void apply(const Input& in, ClauseBuilder& builder) {
    builder.clause.comparator = builder.word(in.begin(), in.end());
  }
};

template <typename Rule>
inline constexpr std::string_view expected = "a comparison, such as metrics.loss < 0.1";
template <>
inline constexpr std::string_view expected<test> = "a comparator, such as =, LIKE, IN or IS NULL";
template <>
inline constexpr std::string_view expected<value> = "a number or a quoted string";
template <>
inline constexpr std::string_view expected<list_end> = "',' or ')'";
template <>
inline constexpr std::string_view expected<close> = "AND, OR or ')'";
template <>
inline constexpr std::string_view expected<one<')'>> = "')'";
template <>
inline constexpr std::string_view expected<name> = "a name, such as metrics.loss";
template <>
inline constexpr std::string_view expected<operand> = "a name, such as metrics.loss";
template <>
inline constexpr std::string_view expected<null_test> = "NULL or NOT NULL";
template <>
inline constexpr std::string_view expected<eof> = "AND, OR or the end";
template <>
inline constexpr std::string_view expected<order_end> = "the end";

template <typename Rule>
struct control : normal<Rule> {
  template <typename Input>
  [[noreturn]] static void raise(const Input& in, ClauseBuilder& builder) {
    throw Fault{builder.word(in.current(), in.current()).at, expected<Rule>};
  }
};

// kInvalid: the fault's own words.
template <typename Grammar>
std::optional<Fault> run(std::string_view text, ClauseBuilder& builder) {
  memory_input<tracking_mode::lazy> in(text.data(), text.size(), "");
  try {
    parse<Grammar, action, control>(in, builder);
  } catch (const Fault& fault) {
    return fault;
  }
  return std::nullopt;
}

}  // namespace rules

Error invalid_clause(std::string_view text, const Fault& fault) {
  if (fault.at >= text.size()) {
    return fail(ErrorKind::kInvalid, "Invalid clause(s) in filter string: the end {}, expected {}",
                pointed_at(text, fault.at), fault.expected);
  }
  // Two statements, in MLflow's grammar.
  if (text[fault.at] == ';' &&
      text.find_first_not_of("; \t\r\n", fault.at) != std::string_view::npos) {
    return fail(ErrorKind::kInvalid,
                "Search filter contained multiple expression '{}'. Provide AND-ed expression list.",
                text);
  }
  return fail(ErrorKind::kInvalid, "Invalid clause(s) in filter string: {}, expected {}",
              pointed_at(text, fault.at), fault.expected);
}

}  // namespace

Result<Tree<Clause>> parse_filter(std::string_view text) {
  if (text.size() > kFilterBytesMax) {
    return fail(ErrorKind::kInvalid, "Invalid filter string: {} bytes, at most {}", text.size(),
                kFilterBytesMax);
  }
  ClauseBuilder builder(text);
  if (const auto fault = rules::run<rules::filter>(text, builder)) {
    return invalid_clause(text, *fault);
  }
  try {
    return builder.finish(text.data() + text.size());
  } catch (const Fault& fault) {
    return invalid_clause(text, fault);
  }
}

Result<OrderWords> parse_order(std::string_view text) {
  if (text.size() > kOrderBytesMax) {
    return fail(ErrorKind::kInvalid, "Invalid order_by clause: {} bytes, at most {}", text.size(),
                kOrderBytesMax);
  }
  ClauseBuilder builder(text);
  if (const auto fault = rules::run<rules::order>(text, builder)) {
    return fail(ErrorKind::kInvalid,
                "Invalid order_by clause '{}'. Could not be parsed. Found {}, expected {}", text,
                pointed_at(text, fault->at), fault->expected);
  }
  Clause& clause = builder.clause;
  return OrderWords{std::move(clause.function), std::move(clause.name),
                    std::move(clause.comparator)};
}

}  // namespace stepwell::tracking::search
