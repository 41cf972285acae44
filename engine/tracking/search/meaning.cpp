#include "engine/tracking/search/meaning.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "engine/tracking/search/grammar.hpp"
#include "engine/tracking/search/subjects.hpp"

namespace stepwell::tracking::search {
namespace {

struct TestName {
  std::string_view name;
  Test test;
};
constexpr TestName kTests[] = {
    {"=", Test::kEqual},        {"!=", Test::kNotEqual},    {"<", Test::kLess},
    {"<=", Test::kLessOrEqual}, {">", Test::kGreater},      {">=", Test::kGreaterOrEqual},
    {"LIKE", Test::kLike},      {"ILIKE", Test::kIlike},    {"IN", Test::kIn},
    {"NOT IN", Test::kNotIn},   {"IS NULL", Test::kIsNull}, {"IS NOT NULL", Test::kIsNotNull}};

bool is_number(const Subject& subject) {
  return subject.field == Field::kMetric || is_time(subject.field);
}

// As MLflow's sets of comparators; what its errors say of them.
bool allows(const Subject& subject, Test test) {
  if (test == Test::kEqual || test == Test::kNotEqual) return true;
  if (is_number(subject)) return test >= Test::kLess && test <= Test::kGreaterOrEqual;
  if (test == Test::kLike || test == Test::kIlike) return subject.field != Field::kExperimentId;
  const bool has_lists = subject.field != Field::kParam && subject.field != Field::kTag;
  return has_lists && (test == Test::kIn || test == Test::kNotIn);
}

std::string_view comparators_of(const Subject& subject) {
  if (is_number(subject)) return "{'!=', '<', '<=', '=', '>', '>='}";
  if (subject.field == Field::kParam || subject.field == Field::kTag)
    return "{'!=', '=', 'ILIKE', 'LIKE'}";
  return "{'!=', '=', 'ILIKE', 'IN', 'LIKE', 'NOT IN'}";
}

std::string attribute_name(const Clause& clause) {
  const std::size_t dot = clause.name.text.find('.');
  return dot == std::string::npos ? clause.name.text : clause.name.text.substr(dot + 1);
}

Number read_number(const std::string& written) {
  Number number;
  // Beyond a double's range it is infinite, as in Python.
  number.value = std::strtod(written.c_str(), nullptr);
  std::int64_t exact = 0;
  const char* const end = written.data() + written.size();
  const auto [stopped, error] = std::from_chars(written.data(), end, exact);
  if (error == std::errc() && stopped == end) number.exact = exact;
  return number;
}

class Reader {
 public:
  Reader(Kind kind, std::string_view text) : kind_(kind), text_(text) {}

  Result<Filter> read(const Tree<Clause>& tree) const {
    Filter filter{static_cast<Filter::Kind>(tree.kind), {}, {}};
    if (tree.kind == Tree<Clause>::Kind::kLeaf) {
      TRY(filter.leaf, read(tree.leaf));
    }
    for (const Tree<Clause>& child : tree.children) {
      TRY(auto read_child, read(child));
      filter.children.push_back(std::move(read_child));
    }
    return filter;
  }

 private:
  Result<Comparison> read(const Clause& clause) const {
    Comparison comparison;
    TRY(comparison.subject, read_subject(kind_, Use::kFilter, text_, clause.function, clause.name));
    const auto* known = std::find_if(std::begin(kTests), std::end(kTests), [&](const auto& test) {
      return test.name == clause.comparator.text;
    });
    const bool is_known = known != std::end(kTests);
    if (is_known && known->test >= Test::kIsNull) {
      comparison.test = known->test;
      TRY(check_null(clause, comparison.subject));
      return as_searched(std::move(comparison));
    }
    // MLflow looks at the value first.
    TRY(read_value(clause, comparison));
    if (kind_ == Kind::kExperiments) {
      TRY(check_experiment(clause, comparison));
    }
    if (!is_known || !allows(comparison.subject, known->test)) {
      return fail(ErrorKind::kInvalid, "Invalid comparator '{}' not one of '{}'. Found {}",
                  clause.comparator.text, comparators_of(comparison.subject),
                  pointed_at(text_, clause.comparator.at));
    }
    comparison.test = known->test;
    const bool takes_list = comparison.test == Test::kIn || comparison.test == Test::kNotIn;
    if (takes_list != (clause.value.kind == LiteralKind::kList)) {
      return fail(ErrorKind::kInvalid, "Invalid comparison clause. {} takes {} list, found {}",
                  clause.comparator.text, takes_list ? "a" : "no",
                  pointed_at(text_, clause.value.word.at));
    }
    const bool is_pattern = comparison.test == Test::kLike || comparison.test == Test::kIlike;
    if (is_pattern && comparison.text.size() > kPatternBytesMax) {
      return fail(ErrorKind::kInvalid, "Invalid pattern for {}: {} bytes, at most {}",
                  clause.name.text, comparison.text.size(), kPatternBytesMax);
    }
    return as_searched(std::move(comparison));
  }

  // Ids are integers that are written as strings; times are integers.
  Result<void> check_experiment(const Clause& clause, const Comparison& comparison) const {
    const Field field = comparison.subject.field;
    if (is_time(field) && !comparison.number.exact) {
      return fail(ErrorKind::kInvalid, "Invalid value for numeric attribute '{}': '{}'",
                  attribute_name(clause), clause.value.word.text);
    }
    if (field != Field::kExperimentId) return ok();
    std::vector<std::string> ids = comparison.list;
    if (ids.empty()) ids.push_back(comparison.text);
    for (const std::string& id : ids) {
      if (read_number(id).exact) continue;
      return fail(ErrorKind::kInvalid,
                  "Invalid experiment ID '{}'. Experiment ID must be a valid integer.", id);
    }
    return ok();
  }

  // MLflow filters by the tag, and orders by the name.
  static Comparison as_searched(Comparison comparison) {
    if (comparison.subject.field == Field::kRunName) {
      comparison.subject = {Field::kTag, Aggregate::kLatest, "mlflow.runName"};
    }
    return comparison;
  }

  Result<void> check_null(const Clause& clause, const Subject& subject) const {
    if (subject.field != Field::kDataset) return ok();
    return fail(ErrorKind::kInvalid,
                "IS NULL / IS NOT NULL is only supported for tags and params, not for '{}' '{}'",
                entity_name(subject), subject.key.empty() ? clause.name.text : subject.key);
  }

  Result<void> read_value(const Clause& clause, Comparison& comparison) const {
    const Subject& subject = comparison.subject;
    const Literal& value = clause.value;
    if (is_number(subject)) {
      if (value.kind == LiteralKind::kNumber) {
        comparison.number = read_number(value.word.text);
        return ok();
      }
      const std::string shown = pointed_at(text_, value.word.at);
      if (subject.field == Field::kMetric) {
        return fail(ErrorKind::kInvalid, "Expected numeric value type for metric. Found {} ({})",
                    value.word.text, shown);
      }
      return fail(ErrorKind::kInvalid,
                  "Expected numeric value type for numeric attribute: {}. Found {} ({})",
                  attribute_name(clause), value.word.text, shown);
    }
    switch (value.kind) {
      case LiteralKind::kSingleQuoted:
      case LiteralKind::kDoubleQuoted:
        comparison.text = value.word.text.substr(1, value.word.text.size() - 2);
        return ok();
      case LiteralKind::kBare:
        return fail(ErrorKind::kInvalid,
                    "Parameter value is either not quoted or unidentified quote types used for "
                    "string value {}. Use either single or double quotes.",
                    value.word.text);
      case LiteralKind::kList:
        return read_list(clause, comparison);
      case LiteralKind::kNumber:
        break;
    }
    return not_a_string(clause, subject);
  }

  Error not_a_string(const Clause& clause, const Subject& subject) const {
    const std::string& found = clause.value.word.text;
    if (subject.field == Field::kParam || subject.field == Field::kTag) {
      return fail(ErrorKind::kInvalid,
                  "Expected a quoted string value for {} (e.g. 'my-value'). Got value {}",
                  entity_name(subject), found);
    }
    return fail(ErrorKind::kInvalid,
                "Expected a quoted string value for {}attributes. Got value {}",
                subject.field == Field::kDataset ? "dataset " : "", found);
  }

  Result<void> read_list(const Clause& clause, Comparison& comparison) const {
    const Subject& subject = comparison.subject;
    if (subject.field == Field::kParam || subject.field == Field::kTag) {
      return not_a_string(clause, subject);
    }
    const Field only = kind_ == Kind::kRuns ? Field::kRunId : Field::kExperimentId;
    if (subject.field != only && subject.field != Field::kDataset) {
      return fail(ErrorKind::kInvalid,
                  "Only ['{}'] attributes support comparison with a list of quoted string values.",
                  kind_ == Kind::kRuns ? "run_id" : "experiment_id");
    }
    if (clause.value.items.empty()) {
      return fail(ErrorKind::kInvalid,
                  "While parsing a list in the query, expected a non-empty list of string values, "
                  "but got empty list");
    }
    for (const Literal& item : clause.value.items) {
      if (item.kind != LiteralKind::kSingleQuoted && item.kind != LiteralKind::kDoubleQuoted) {
        return fail(ErrorKind::kInvalid,
                    "While parsing a list in the query, expected string value, punctuation, or "
                    "whitespace, but got different type in list: {}",
                    pointed_at(text_, item.word.at));
      }
      comparison.list.push_back(item.word.text.substr(1, item.word.text.size() - 2));
    }
    std::sort(comparison.list.begin(), comparison.list.end());
    return ok();
  }

  Kind kind_;
  std::string_view text_;
};

}  // namespace

Result<Filter> read_filter(Kind kind, std::string_view text) {
  TRY(const auto tree, parse_filter(text));
  return Reader(kind, text).read(tree);
}

Result<std::vector<OrderTerm>> read_order(Kind kind, const std::vector<std::string>& terms) {
  if (terms.size() > kOrderTermsMax) {
    return fail(ErrorKind::kInvalid, "{} order_by clauses, at most {}", terms.size(),
                kOrderTermsMax);
  }
  std::vector<OrderTerm> order;
  // A name that comes again changes nothing.
  const auto add = [&](const Subject& subject, bool descending) {
    const bool known = std::any_of(order.begin(), order.end(),
                                   [&](const OrderTerm& term) { return term.subject == subject; });
    if (!known) order.push_back({subject, descending});
  };
  for (const std::string& text : terms) {
    TRY(const OrderWords words, parse_order(text));
    std::string direction = words.direction.text;
    std::transform(direction.begin(), direction.end(), direction.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    if (!direction.empty() && direction != "asc" && direction != "desc") {
      return fail(ErrorKind::kInvalid, "Invalid ordering key in order_by clause '{}'.", text);
    }
    TRY(const Subject subject, read_subject(kind, Use::kOrder, text, words.function, words.name));
    if (subject.field == Field::kDataset ||
        (kind == Kind::kExperiments && subject.field == Field::kTag)) {
      return fail(ErrorKind::kInvalid, "Invalid order_by entity: {}", entity_name(subject));
    }
    add(subject, direction == "desc");
  }
  if (kind == Kind::kRuns) {
    add({Field::kStartTime}, true);
    add({Field::kRunId}, false);
  } else if (terms.empty()) {
    add({Field::kCreationTime}, true);
    add({Field::kExperimentId}, false);
  } else {
    add({Field::kExperimentId}, true);
  }
  return order;
}

}  // namespace stepwell::tracking::search
