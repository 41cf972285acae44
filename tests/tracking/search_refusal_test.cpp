// What is said of filters that are refused: MLflow's words, and where it stands.

#include "tests/tracking/search_shown.hpp"

namespace stepwell::tracking::search {
namespace {

TEST(SearchRefusalTest, Names) {
  const Row rows[] = {
      {"foo.a = 'x'",
       "! Invalid entity type 'foo'. Valid values are ['metric', 'parameter', 'tag', 'attribute', "
       "'dataset']"},
      {"Metrics.a = 1",
       "! Invalid entity type 'Metrics'. Valid values are ['metric', 'parameter', 'tag', "
       "'attribute', 'dataset']"},
      {"lifecycle_stage = 'active'",
       "! Invalid attribute key 'lifecycle_stage' specified. Valid keys are '{'Created', 'Run "
       "Name', 'Run name', 'artifact_uri', 'created', 'end_time', 'run name', 'run_id', "
       "'run_name', 'start_time', 'status', 'user_id'}'"},
      {"dataset.profile = 'x'",
       "! Invalid dataset key 'profile' specified. Valid keys are '{'context', 'digest', 'name'}'"},
      {"dataset.name IS NULL",
       "! IS NULL / IS NOT NULL is only supported for tags and params, not for 'dataset' 'name'"},
      {"avg(metrics.a) > 1",
       "! Invalid function 'avg' at position 1, expected min, max, first or count of a metric"},
      {"min(params.a) > 1", "! min() takes a metric, found 'params.a' at position 5"},
  };
  for (const Row& row : rows) EXPECT_EQ(read(Kind::kRuns, row.text), row.meaning) << row.text;
}

TEST(SearchRefusalTest, ComparatorsAndValues) {
  const Row rows[] = {
      {"metrics.a = 'x'",
       "! Expected numeric value type for metric. Found 'x' (''x'' at position 13)"},
      {"start_time = '5'",
       "! Expected numeric value type for numeric attribute: start_time. Found '5' (''5'' at "
       "position 14)"},
      {"params.a = 5",
       "! Expected a quoted string value for parameter (e.g. 'my-value'). Got value 5"},
      {"tags.a = 5", "! Expected a quoted string value for tag (e.g. 'my-value'). Got value 5"},
      {"status = 5", "! Expected a quoted string value for attributes. Got value 5"},
      {"dataset.name = 5", "! Expected a quoted string value for dataset attributes. Got value 5"},
      {"params.a = x",
       "! Parameter value is either not quoted or unidentified quote types used for string value "
       "x. Use either single or double quotes."},
      {"params.a = `x`",
       "! Parameter value is either not quoted or unidentified quote types used for string value "
       "`x`. Use either single or double quotes."},
      {"metrics.a == 1",
       "! Invalid comparator '==' not one of '{'!=', '<', '<=', '=', '>', '>='}'. Found '=' at "
       "position 11"},
      {"params.a > 'x'",
       "! Invalid comparator '>' not one of '{'!=', '=', 'ILIKE', 'LIKE'}'. Found '>' at position "
       "10"},
      {"tags.a not  like 'x'",
       "! Invalid comparator 'NOT LIKE' not one of '{'!=', '=', 'ILIKE', 'LIKE'}'. Found 'not' at "
       "position 8"},
      {"status < 'x'",
       "! Invalid comparator '<' not one of '{'!=', '=', 'ILIKE', 'IN', 'LIKE', 'NOT IN'}'. Found "
       "'<' at position 8"},
      {"status IN ('x')",
       "! Only ['run_id'] attributes support comparison with a list of quoted string values."},
      {"params.a IN ('x')",
       "! Expected a quoted string value for parameter (e.g. 'my-value'). Got value ("},
      {"run_id IN ()",
       "! While parsing a list in the query, expected a non-empty list of string values, but got "
       "empty list"},
      {"run_id IN ('a', 5)",
       "! While parsing a list in the query, expected string value, punctuation, or whitespace, "
       "but "
       "got different type in list: '5' at position 17"},
      {"run_id = ('a')", "! Invalid comparison clause. = takes no list, found '(' at position 10"},
      {"metrics.a > NaN",
       "! Expected numeric value type for metric. Found NaN ('NaN' at position 13)"},
      {"metrics.a > 0x10",
       "! Expected numeric value type for metric. Found 0x10 ('0x10' at position 13)"},
  };
  for (const Row& row : rows) EXPECT_EQ(read(Kind::kRuns, row.text), row.meaning) << row.text;
}

TEST(SearchRefusalTest, WhatStandsWhereItCannot) {
  const Row rows[] = {
      {"metrics.a > 1; metrics.b > 1",
       "! Search filter contained multiple expression 'metrics.a > 1; metrics.b > 1'. Provide "
       "AND-ed expression list."},
      {"metrics.a > 1;",
       "! Invalid clause(s) in filter string: ';' at position 14, expected AND, OR or the end"},
      {"metrics.a > 1, metrics.b > 1",
       "! Invalid clause(s) in filter string: ',' at position 14, expected AND, OR or the end"},
      {"metrics.a",
       "! Invalid clause(s) in filter string: the end at position 10, expected a comparator, such "
       "as =, LIKE, IN or IS NULL"},
      {"metrics.a >",
       "! Invalid clause(s) in filter string: the end at position 12, expected a number or a "
       "quoted string"},
      {"params.a = 'x",
       "! Invalid clause(s) in filter string: ''' at position 12, expected a number or a quoted "
       "string"},
      {"(metrics.a > 1",
       "! Invalid clause(s) in filter string: the end at position 15, expected AND, OR or ')'"},
      {"metrics.a > 1)",
       "! Invalid clause(s) in filter string: ')' at position 14, expected AND, OR or the end"},
      {"metrics.a > 1 OR",
       "! Invalid clause(s) in filter string: the end at position 17, expected a comparison, such "
       "as metrics.loss < 0.1"},
      {"OR metrics.a > 1",
       "! Invalid clause(s) in filter string: 'OR' at position 1, expected a comparison, such as "
       "metrics.loss < 0.1"},
      {"metrics.a > 1 OR AND OR metrics.a > 2",
       "! Invalid clause(s) in filter string: 'OR' at position 22, expected a comparison before "
       "it"},
      {"NOT",
       "! Invalid clause(s) in filter string: the end at position 4, expected a comparison, such "
       "as metrics.loss < 0.1"},
      {"()",
       "! Invalid clause(s) in filter string: ')' at position 2, expected a comparison, such as "
       "metrics.loss < 0.1"},
      {"params.é = 'x' é",
       "! Invalid clause(s) in filter string: the end at position 17, expected a comparator, such "
       "as =, LIKE, IN or IS NULL"},
      {"metrics.val-loss > 1",
       "! Invalid clause(s) in filter string: '-' at position 12, expected a comparator, such as "
       "=, LIKE, IN or IS NULL"},
      {"metrics.a > +1",
       "! Invalid clause(s) in filter string: '+' at position 13, expected a number or a quoted "
       "string"},
      {"tags.a IS 'x'",
       "! Invalid clause(s) in filter string: ''x'' at position 11, expected NULL or NOT NULL"},
  };
  for (const Row& row : rows) EXPECT_EQ(read(Kind::kRuns, row.text), row.meaning) << row.text;
}

}  // namespace
}  // namespace stepwell::tracking::search
