// What filters and order_by terms are accepted, and what they mean.

#include "tests/tracking/search_shown.hpp"

namespace stepwell::tracking::search {
namespace {

TEST(SearchGrammarTest, WhatMlflowAcceptsForRuns) {
  const Row rows[] = {
      {"", "all"},
      {" \t\n", "all"},
      {"AND", "all"},
      {"metrics.a > 1", "metric[a] > 1i"},
      {"metric.a>1", "metric[a] > 1i"},
      {"metrics.a >= -1.5e-3", "metric[a] >= -0.0015"},
      {"metrics.a < .5", "metric[a] < 0.5"},
      {"metrics.a <= 2.", "metric[a] <= 2"},
      {"metrics.a != -7", "metric[a] != -7i"},
      {"metrics.a = 9223372036854775808", "metric[a] = 9.223372036854776e+18"},
      {"metrics.a = 1e999", "metric[a] = inf"},
      {"params.a = 'x'", "param[a] = <x>"},
      {"parameter.a = \"x\"", "param[a] = <x>"},
      {"param.a = ''", "param[a] = <>"},
      {"parameters.a = 'it''s'", "param[a] = <it''s>"},
      {R"(params.a = 'it\'s')", R"(param[a] = <it\'s>)"},
      {R"(params.a = 'C:\dir\')", R"(param[a] = <C:\dir\>)"},
      {"params.a = 'é 日本'", "param[a] = <é 日本>"},
      {"params.a = 'a AND b' and params.b = '(('", "(param[a] = <a AND b> & param[b] = <((>)"},
      {"tags.a.b.c = 'x'", "tag[a.b.c] = <x>"},
      {"tags.`a b` = 'x'", "tag[a b] = <x>"},
      {"tags.\"a.b/c-d\" = 'x'", "tag[a.b/c-d] = <x>"},
      {"tags.'a' = 'x'", "tag[a] = <x>"},
      {"tags.mlflow.parentRunId = 'x'", "tag[mlflow.parentRunId] = <x>"},
      {"tag.a LIKE '%x_'", "tag[a] like <%x_>"},
      {"tag.a ilike '%x'", "tag[a] ilike <%x>"},
      {"tags.a IS NULL", "tag[a] null"},
      {"params.a is  not\tnull", "param[a] !null"},
      {"status = 'RUNNING'", "status = <RUNNING>"},
      {"attributes.status != 'FAILED'", "status != <FAILED>"},
      {"attr.user_id = 'me'", "user = <me>"},
      {"run.artifact_uri LIKE 's3%'", "uri like <s3%>"},
      {"attribute.start_time > 5", "start > 5i"},
      {"created > 5", "start > 5i"},
      {"attributes.Created > 5.5", "start > 5.5"},
      {"end_time <= 7", "end <= 7i"},
      {"run_name = 'x'", "tag[mlflow.runName] = <x>"},
      {"attributes.`Run name` = 'x'", "tag[mlflow.runName] = <x>"},
      {"`run name` = 'x'", "tag[mlflow.runName] = <x>"},
      {"run_id IN ('b','a')", "run_id in <a> <b>"},
      {"run_id IN ('b', \"a\" ,)", "run_id in <a> <b>"},
      {"attributes.run_id not  in ( 'a' )", "run_id not in <a>"},
      {"run_id LIKE 'a%'", "run_id like <a%>"},
      {"dataset.name = 'x'", "dataset[name] = <x>"},
      {"datasets.digest IN ('x', 'y')", "dataset[digest] in <x> <y>"},
      {"dataset.context ILIKE 'x'", "dataset[context] ilike <x>"},
      {"metrics.a > 1 AND metrics.b < 2", "(metric[a] > 1i & metric[b] < 2i)"},
      {"metrics.a > 1 aNd AND metrics.b < 2 AND", "(metric[a] > 1i & metric[b] < 2i)"},
      {"metrics.a > 1 metrics.b < 2", "(metric[a] > 1i & metric[b] < 2i)"},
      {"params.android = 'x'", "param[android] = <x>"},
      {"params.or = 'x' and params.not = 'y'", "(param[or] = <x> & param[not] = <y>)"},
  };
  for (const Row& row : rows) EXPECT_EQ(read(Kind::kRuns, row.text), row.meaning) << row.text;
}

TEST(SearchGrammarTest, WhatIsAcceptedBeyondMlflow) {
  const Row rows[] = {
      {"metrics.a > 1 OR metrics.b < 2", "(metric[a] > 1i | metric[b] < 2i)"},
      {"metrics.a > 1 or metrics.b < 2 and metrics.c = 3",
       "(metric[a] > 1i | (metric[b] < 2i & metric[c] = 3i))"},
      {"(metrics.a > 1 OR metrics.b < 2) AND metrics.c = 3",
       "((metric[a] > 1i | metric[b] < 2i) & metric[c] = 3i)"},
      {"NOT metrics.a > 1", "not metric[a] > 1i"},
      {"NOT NOT metrics.a > 1", "metric[a] > 1i"},
      {"not(status = 'x' or status = 'y')", "not (status = <x> | status = <y>)"},
      {"NOT (NOT (metrics.a > 1))", "not not metric[a] > 1i"},
      {"((( metrics.a > 1 )))", "metric[a] > 1i"},
      {"min(metrics.loss) < 0.1", "min:metric[loss] < 0.1"},
      {"MAX( metrics.`a b` ) >= 1", "max:metric[a b] >= 1i"},
      {"first(metric.a) = 1 AND count(metrics.a) > 10",
       "(first:metric[a] = 1i & count:metric[a] > 10i)"},
      {"metrics.a IS NULL", "metric[a] null"},
      {"end_time IS NOT NULL", "end !null"},
  };
  for (const Row& row : rows) EXPECT_EQ(read(Kind::kRuns, row.text), row.meaning) << row.text;
}

TEST(SearchGrammarTest, Experiments) {
  const Row rows[] = {
      {"name = 'x'", "exp_name = <x>"},
      {"attribute.name ILIKE 'x%'", "exp_name ilike <x%>"},
      {"attributes.name like 'x%'", "exp_name like <x%>"},
      {"creation_time > 5 AND last_update_time <= 6", "(created > 5i & updated <= 6i)"},
      {"creation_time > 5.5", "! Invalid value for numeric attribute 'creation_time': '5.5'"},
      {"experiment_id = 'x'",
       "! Invalid experiment ID 'x'. Experiment ID must be a valid integer."},
      {"experiment_id IN ('1', 'x')",
       "! Invalid experiment ID 'x'. Experiment ID must be a valid integer."},
      {"tags.a = 'x'", "tag[a] = <x>"},
      {"tag.`a b` IS NOT NULL", "tag[a b] !null"},
      {"experiment_id IN ('2', '1')", "exp_id in <1> <2>"},
      {"experiment_id != '1' OR name = 'x'", "(exp_id != <1> | exp_name = <x>)"},
      {"params.a = 'x'",
       "! Invalid entity type 'params'. Valid entity types are ('attribute', 'attributes', 'tag', "
       "'tags')"},
      {"run_id = 'x'",
       "! Invalid attribute key 'run_id' specified. Valid keys are '{'creation_time', "
       "'experiment_id', 'last_update_time', 'name'}'"},
      {"name IN ('x')",
       "! Only ['experiment_id'] attributes support comparison with a list of quoted string "
       "values."},
      {"creation_time = '5'",
       "! Expected numeric value type for numeric attribute: creation_time. Found '5' (''5'' at "
       "position 17)"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(read(Kind::kExperiments, row.text), row.meaning) << row.text;
  }
}

std::string read_terms(Kind kind, const std::vector<std::string>& terms) {
  const auto order = read_order(kind, terms);
  if (!order) return "! " + order.error().text;
  std::string text;
  for (const OrderTerm& term : order.value()) {
    text += (text.empty() ? "" : ", ") + show(term.subject) + (term.descending ? " desc" : "");
  }
  return text;
}

TEST(SearchGrammarTest, Orders) {
  const struct {
    Kind kind;
    std::vector<std::string> terms;
    std::string_view meaning;
  } rows[] = {
      {Kind::kRuns, {}, "start desc, run_id"},
      {Kind::kRuns, {"metrics.a"}, "metric[a], start desc, run_id"},
      {Kind::kRuns, {"metrics.`a b` DESC"}, "metric[a b] desc, start desc, run_id"},
      {Kind::kRuns,
       {"params.\"a b\" asc", "tags.c dEsC"},
       "param[a b], tag[c] desc, start desc, run_id"},
      {Kind::kRuns, {"start_time"}, "start, run_id"},
      {Kind::kRuns, {"Created ASC"}, "start, run_id"},
      {Kind::kRuns, {"run_id DESC"}, "run_id desc, start desc"},
      {Kind::kRuns,
       {"run_name", "status", "user_id", "end_time", "artifact_uri"},
       "name, status, user, end, uri, start desc, run_id"},
      {Kind::kRuns, {"metrics.a", "metric.a DESC"}, "metric[a], start desc, run_id"},
      {Kind::kRuns,
       {"min(metrics.a) desc", "metrics.a"},
       "min:metric[a] desc, metric[a], start desc, run_id"},
      {Kind::kExperiments, {}, "created desc, exp_id"},
      {Kind::kExperiments, {"name"}, "exp_name, exp_id desc"},
      {Kind::kExperiments, {"experiment_id ASC"}, "exp_id"},
      {Kind::kRuns,
       {"metrics.a foo"},
       "! Invalid ordering key in order_by clause 'metrics.a foo'."},
      {Kind::kRuns,
       {""},
       "! Invalid order_by clause ''. Could not be parsed. Found at position 1, expected a name, "
       "such as metrics.loss"},
      {Kind::kRuns,
       {"metrics.a DESC, metrics.b"},
       "! Invalid order_by clause 'metrics.a DESC, metrics.b'. Could not be parsed. Found ',' at "
       "position 15, expected the end"},
      {Kind::kRuns, {"dataset.name"}, "! Invalid order_by entity: dataset"},
      {Kind::kRuns,
       {"`run name`"},
       "! Invalid attribute key 'run name' specified. Valid keys are '{'Created', 'artifact_uri', "
       "'created', 'end_time', 'run_id', 'run_name', 'start_time', 'status', 'user_id'}'"},
      {Kind::kExperiments, {"tags.a"}, "! Invalid order_by entity: tag"},
      {Kind::kExperiments,
       {"count(metrics.a)"},
       "! Invalid entity type 'metrics'. Valid entity types are ('attribute', 'attributes', 'tag', "
       "'tags')"},
  };
  for (const auto& row : rows) EXPECT_EQ(read_terms(row.kind, row.terms), row.meaning);
}

TEST(SearchGrammarTest, EveryLimitHoldsAndOneBelowPasses) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '(') + "metrics.a > 1" + std::string(depth, ')');
  };
  EXPECT_EQ(read(Kind::kRuns, nested(kDepthMax)), "metric[a] > 1i");
  EXPECT_EQ(read(Kind::kRuns, nested(kDepthMax + 1)),
            "! Invalid clause(s) in filter string: '(' at position 65, expected at most 64 open "
            "parentheses");
  EXPECT_NE(read(Kind::kRuns, nested(100'000)).find("at position 65"), std::string::npos);
  std::string clauses;
  for (std::size_t i = 0; i < kClausesMax; ++i) clauses += "metrics.a > 1 AND ";
  EXPECT_TRUE(read_filter(Kind::kRuns, clauses));
  EXPECT_NE(read(Kind::kRuns, clauses + "metrics.b > 1").find("at most 1000 clauses"),
            std::string::npos);
  std::string list = "run_id IN ('x'";
  for (std::size_t i = 1; i < kListMax; ++i) list += ",'x'";
  EXPECT_TRUE(read_filter(Kind::kRuns, list + ")"));
  EXPECT_NE(read(Kind::kRuns, list + ",'y')").find("at most 20000 items"), std::string::npos);
  EXPECT_TRUE(read_filter(Kind::kRuns, std::string(kFilterBytesMax, ' ')));
  EXPECT_FALSE(read_filter(Kind::kRuns, std::string(kFilterBytesMax + 1, ' ')));
  const std::string pattern(kPatternBytesMax, '%');
  EXPECT_TRUE(read_filter(Kind::kRuns, "tags.a LIKE '" + pattern + "'"));
  EXPECT_FALSE(read_filter(Kind::kRuns, "tags.a LIKE '" + pattern + "%'"));
  EXPECT_TRUE(read_filter(Kind::kRuns, "tags.a = '" + pattern + "%'"));
  EXPECT_TRUE(read_order(Kind::kRuns, std::vector<std::string>(kOrderTermsMax, "run_id")));
  EXPECT_FALSE(read_order(Kind::kRuns, std::vector<std::string>(kOrderTermsMax + 1, "run_id")));
  EXPECT_FALSE(read_order(Kind::kRuns, {"tags." + std::string(kOrderBytesMax, 'x')}));
  const std::string nots = [] {
    std::string text;
    for (int i = 0; i < 100'001; ++i) text += "NOT ";
    return text;
  }();
  EXPECT_EQ(read(Kind::kRuns, nots + "metrics.a > 1"), "not metric[a] > 1i");
}

}  // namespace
}  // namespace stepwell::tracking::search
