// What filters and orders find: MLflow's rules for what is missing, NaN, infinite, tied or quoted.

#include <limits>

#include "engine/tracking/search/meaning.hpp"
#include "engine/tracking/search/selector.hpp"
#include "tests/tracking/search_support.hpp"

namespace stepwell::tracking {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

class SearchRunsTest : public TrackingTest {
 protected:
  void SetUp() override {
    search.add({.number = 1,
                .name = "first",
                .user = "ann",
                .start_ms = 1000,
                .params = {{"lr", "0.1"}, {"opt", "Adam"}, {"path", "C:\\dir\\"}},
                .tags = {{"team", "red"}, {"a.b c", "x"}},
                .metrics = {{"loss", {3, 1, 2}}, {"acc", {0.5}}}});
    search.add({.number = 2,
                .name = "second",
                .user = "bob",
                .start_ms = 3000,
                .params = {{"lr", "0.01"}, {"opt", "adam"}},
                .tags = {{"team", "Blue"}},
                .metrics = {{"loss", {5, kNan}}}});
    in_the_middle();
    search.forget();
    search.add({.number = 3,
                .start_ms = 2000,
                .params = {{"lr", "1"}, {"opt", "it''s"}},
                .tags = {{"team", "grün_1"}},
                .metrics = {{"loss", {kInf}}, {"acc", {-0.0}}}});
    search.add({.number = 4,
                .start_ms = 3000,
                .params = {{"opt", ""}},
                .metrics = {{"loss", {-kInf}}, {"acc", {0.25, 0.25, 0.75}}}});
    search.add({.number = 5, .start_ms = 3000});
    search.end(1, wire::RunStatus::Finished, 9000);
    search.end(2, wire::RunStatus::Failed, 8000);
  }
  void expect(const std::vector<std::pair<std::string, std::string>>& rows) {
    for (const auto& [filter, runs] : rows) {
      EXPECT_EQ(search.find(filter, {"run_id"}), runs) << filter;
    }
  }
  Searcher search{it};
};
INTERRUPTED(SearchRunsTest);

TEST_P(SearchRunsTest, NumbersCompareAndNanIsOnlyUnequal) {
  expect({{"metrics.loss > 1.5", "1 3"},
          {"metrics.loss = 2", "1"},
          {"metrics.loss = 0", ""},
          {"metrics.loss != 0", "1 2 3 4"},
          {"metrics.loss >= 0", "1 3"},
          {"metrics.loss IS NOT NULL", "1 2 3 4"},
          {"metrics.loss < 1e400", "1 3 4"},
          {"metrics.loss = 1.7976931348623157e308", "3"},
          {"metrics.loss <= -1.7976931348623157e308", "4"},
          {"metrics.acc = 0", "3"},
          {"metrics.acc != 17", "1 3 4"},
          {"metrics.acc = 0.75", "4"},
          {"metrics.nothing != 17", ""},
          {"metrics.acc > 0 AND metrics.loss > 0", "1"}});
}

TEST_P(SearchRunsTest, TextsCompareByteByByte) {
  expect({{"params.lr = '0.1'", "1"},
          {"params.lr = '0.10'", ""},
          {"params.lr != '0.1'", "2 3"},
          {"params.opt LIKE 'ada%'", "2"},
          {"params.opt ILIKE 'ADA%'", "1 2"},
          {"params.opt LIKE '%''''%'", ""},
          {"params.opt = 'it''s'", "3"},
          {"params.opt = ''", "4"},
          {"params.opt LIKE ''", "4"},
          {"params.opt LIKE '%'", "1 2 3 4"},
          {R"(params.path = 'C:\dir\')", "1"},
          {"tags.team LIKE 'gr_n%'", "3"},
          {"tags.team ILIKE 'GRÜN%'", ""},
          {"tags.team ILIKE 'GRün\\_1'", ""},
          {"tags.team LIKE 'grün_1'", "3"},
          {"tags.`a.b c` = \"x\"", "1"},
          {"tags.team = 'x' OR params.lr = '1'", "3"},
          {"params.nothing LIKE '%'", ""}});
}

TEST_P(SearchRunsTest, Attributes) {
  const std::string first = run_id(1).hex(), second = run_id(2).hex();
  expect({{"status = 'RUNNING'", "3 4 5"},
          {"status = 'running'", ""},
          {"status ILIKE 'f%'", "1 2"},
          {"status != 'RUNNING'", "1 2"},
          {"user_id = 'ann'", "1"},
          {"user_id != 'ann'", "2 3 4 5"},
          {"user_id = ''", "3 4 5"},
          {"start_time = 3000", "2 4 5"},
          {"start_time < 2999.5", "1 3"},
          {"attributes.created >= 3e3", "2 4 5"},
          {"end_time > 0", "1 2"},
          {"end_time = 8000", "2"},
          {"end_time IS NULL", "3 4 5"},
          {"run_name = 'first'", "1"},
          {"run_name != 'first'", "2"},
          {"attributes.`Run Name` LIKE '%d'", "2"},
          {"run_id = '" + first + "'", "1"},
          {"run_id IN ('" + second + "', '" + first + "', 'x')", "1 2"},
          {"run_id NOT IN ('" + second + "', '" + first + "')", "3 4 5"},
          {"run_id LIKE '" + first.substr(0, 4) + "%'", "1"},
          {"artifact_uri LIKE '%/" + first + "/artifacts'", "1"},
          {"dataset.name = 'x'", ""},
          {"NOT dataset.name = 'x'", "1 2 3 4 5"}});
}

TEST_P(SearchRunsTest, BeyondMlflow) {
  expect({{"min(metrics.loss) = 1", "1"},
          {"max(metrics.loss) = 5", "2"},
          {"first(metrics.loss) = 3", "1"},
          {"count(metrics.loss) >= 2", "1 2"},
          {"count(metrics.acc) = 3", "4"},
          {"metrics.acc IS NULL", "2 5"},
          {"metrics.acc IS NOT NULL", "1 3 4"},
          {"params.lr IS NULL", "4 5"},
          {"params.nothing IS NULL", "1 2 3 4 5"},
          {"tags.team IS NOT NULL", "1 2 3"},
          {"NOT params.lr = '1'", "1 2 4 5"},
          {"NOT (params.lr = '1' OR status = 'RUNNING')", "1 2"},
          {"(metrics.loss > 1 OR user_id = 'bob') AND NOT tags.team = 'red'", "2 3"},
          {"metrics.acc > 0.6 OR metrics.acc < 0.1 OR metrics.acc > 0.7", "3 4"}});
}

TEST_P(SearchRunsTest, OrdersPutMissingLastAndNanBeforeIt) {
  const std::pair<std::vector<std::string>, std::string> rows[] = {
      {{}, "2 4 5 3 1"},
      {{"start_time ASC"}, "1 3 2 4 5"},
      {{"metrics.loss"}, "4 1 3 2 5"},
      {{"metrics.loss DESC"}, "3 1 4 2 5"},
      {{"metrics.acc"}, "3 1 4 2 5"},
      {{"metrics.acc DESC", "run_id DESC"}, "4 1 3 5 2"},
      {{"metrics.nothing", "start_time ASC"}, "1 3 2 4 5"},
      {{"params.lr"}, "2 1 3 4 5"},
      {{"params.lr DESC"}, "3 1 2 4 5"},
      {{"params.opt"}, "4 1 2 3 5"},
      {{"tags.team DESC", "run_id"}, "1 3 2 4 5"},
      {{"end_time"}, "2 1 4 5 3"},
      {{"end_time DESC"}, "1 2 4 5 3"},
      {{"status", "run_id"}, "2 1 3 4 5"},
      {{"user_id DESC"}, "2 1 4 5 3"},
      {{"run_name", "run_id"}, "3 4 5 1 2"},
      {{"artifact_uri DESC"}, "5 4 3 2 1"},
      {{"min(metrics.loss)"}, "4 1 2 3 5"},
      {{"count(metrics.loss) DESC", "run_id"}, "1 2 3 4 5"},
  };
  for (const auto& [order, runs] : rows) {
    EXPECT_EQ(search.find("", order), runs) << fmt::format("{}", fmt::join(order, ", "));
  }
}

TEST_P(SearchRunsTest, StagesAndExperiments) {
  search.add({.number = 6, .experiment = "other", .start_ms = 2500});
  search.set_deleted(3, true);
  EXPECT_EQ(search.find(""), "2 4 5 1");
  EXPECT_EQ(search.find("", {}, ViewType::kDeleted), "3");
  EXPECT_EQ(search.find("", {}, ViewType::kAll), "2 4 5 3 1");
  search.set_experiment_deleted(1, true);
  EXPECT_EQ(search.find(""), "");
  EXPECT_EQ(search.find("", {}, ViewType::kDeleted), "2 4 5 3 1");
  search.set_experiment_deleted(1, false);
  EXPECT_EQ(search.find(""), "2 4 5 3 1") << "restoring an experiment restores all its runs";
  const auto find = [&](const std::vector<std::uint64_t>& experiments) {
    return search.find(it.view(), "", {}, ViewType::kActive, experiments);
  };
  EXPECT_EQ(find({2}), "6");
  EXPECT_EQ(find({2, 1, 2}), "2 4 5 6 3 1") << "one order over all, each run once";
  EXPECT_EQ(find({77}), "");
  EXPECT_EQ(find({}), "");
}

TEST_P(SearchRunsTest, PatternsThatTakeTooLongAreGivenUp) {
  const View view = it.view();
  const auto experiment = view.experiment({1}).value();
  search::Table table({1});
  ASSERT_TRUE(table.build(view));
  const search::Filter filter =
      search::read_filter(search::Kind::kRuns, "tags.team LIKE '%r%e%'").value();
  ASSERT_TRUE(table.build_columns(view, {filter.leaf.subject}, 1 << 20));
  const search::Source source{view, *experiment, table};
  const search::Rows all = {0, 1, 2, 3, 4};
  std::uint64_t steps = 0;
  EXPECT_EQ(search::Selector(source, steps).select(filter, all).value(), (search::Rows{0}));
  const auto given_up = search::Selector(source, steps, steps + 5).select(filter, all);
  ASSERT_FALSE(given_up);
  EXPECT_EQ(given_up.error().kind, ErrorKind::kOverloaded);
}

TEST_P(SearchRunsTest, QuestionsBeyondTheLimitsAreRefused) {
  RunQuestion question;
  question.max_results = 0;
  EXPECT_EQ(search.ask(it.view(), question).error().text,
            "Invalid value 0 for parameter 'max_results' supplied. It must be a positive integer");
  question.max_results = 50'001;
  EXPECT_EQ(search.ask(it.view(), question).error().text,
            "Invalid value 50001 for parameter 'max_results' supplied. It must be at most 50000");
  question.max_results = 50'000;
  EXPECT_TRUE(search.ask(it.view(), question));
  question.experiments.resize(search::kExperimentsMax + 1);
  EXPECT_EQ(search.ask(it.view(), question).error().kind, ErrorKind::kInvalid);
}

}  // namespace
}  // namespace stepwell::tracking
