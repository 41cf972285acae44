// Experiments that a filter and an order find.

#include "tests/tracking/search_support.hpp"

namespace stepwell::tracking {
namespace {

class SearchExperimentsTest : public TrackingTest {
 protected:
  void SetUp() override {
    create("alpha", 500, {{"team", "red"}});
    create("Beta", 300, {{"team", "blue"}, {"a b", "x"}});
    in_the_middle();
    create("gamma", 300, {});
    create("délta", 400, {{"team", "Red"}});
  }
  void create(const std::string& name, std::int64_t time_ms, const Texts& tags) {
    wire::CreateExperimentT command;
    command.name = name;
    command.time_ms = time_ms;
    command.tags = to_wire_texts(tags);
    it.send(command_frame(Kind::kCreateExperiment, command), wal::Door::kRest);
  }
  std::string find(const std::string& filter, const std::vector<std::string>& order = {},
                   ViewType view = ViewType::kActive) {
    ExperimentQuestion question;
    question.filter = filter;
    question.order_by = order;
    question.view = view;
    const auto page = search_experiments(it.view(), question);
    return page ? shown(page.value()) : page.error().text;
  }
  static std::string shown(const ExperimentPage& page) {
    std::string text;
    for (const ExperimentId id : page.experiments) {
      text += (text.empty() ? "" : " ") + std::to_string(id.value);
    }
    return text;
  }
};
INTERRUPTED(SearchExperimentsTest);

TEST_P(SearchExperimentsTest, FiltersAndOrders) {
  const struct {
    std::string filter;
    std::vector<std::string> order;
    std::string found;
  } rows[] = {{"", {}, "1 4 2 3"},
              {"", {"name"}, "2 1 4 3"},
              {"", {"name DESC"}, "3 4 1 2"},
              {"", {"creation_time"}, "3 2 4 1"},
              {"", {"creation_time ASC", "experiment_id ASC"}, "2 3 4 1"},
              {"", {"experiment_id"}, "1 2 3 4"},
              {"", {"last_update_time DESC"}, "1 4 3 2"},
              {"name = 'alpha'", {}, "1"},
              {"name != 'alpha'", {}, "4 2 3"},
              {"name LIKE '%eta'", {}, "2"},
              {"name ILIKE 'b%'", {}, "2"},
              {"name LIKE 'd_lta'", {}, "4"},
              {"creation_time > 300", {}, "1 4"},
              {"attributes.last_update_time <= 400", {}, "4 2 3"},
              {"tags.team = 'red'", {}, "1"},
              {"tags.team ILIKE 'red'", {}, "1 4"},
              {"tags.team != 'red'", {}, "4 2"},
              {"tag.`a b` = 'x'", {}, "2"},
              {"tags.team IS NULL", {}, "3"},
              {"tags.nothing IS NULL", {}, "1 4 2 3"},
              {"experiment_id = '2'", {}, "2"},
              {"experiment_id = '02'", {}, "2"},
              {"experiment_id = '-2'", {}, ""},
              {"experiment_id != '2'", {}, "1 4 3"},
              {"experiment_id IN ('3', '1', '99')", {}, "1 3"},
              {"experiment_id NOT IN ('3', '1')", {}, "4 2"},
              {"NOT (name = 'alpha' OR tags.team = 'blue')", {}, "4 3"}};
  for (const auto& row : rows) EXPECT_EQ(find(row.filter, row.order), row.found) << row.filter;
}

TEST_P(SearchExperimentsTest, Stages) {
  wire::ExperimentStageT command;
  command.id = 2;
  command.deleted = true;
  command.time_ms = 900;
  it.send(command_frame(Kind::kExperimentStage, command), wal::Door::kRest);
  EXPECT_EQ(find(""), "1 4 3");
  EXPECT_EQ(find("", {}, ViewType::kDeleted), "2");
  EXPECT_EQ(find("", {}, ViewType::kAll), "1 4 2 3");
  EXPECT_EQ(find("last_update_time = 900", {}, ViewType::kAll), "2");
}

TEST_P(SearchExperimentsTest, PagesMakeUpTheWholeWhileMoreAreMade) {
  ExperimentQuestion question;
  question.max_results = 1;
  std::string all;
  for (std::int64_t page = 1; page <= 4; ++page) {
    const auto found = search_experiments(it.view(), question);
    ASSERT_TRUE(found) << found.error().text;
    all += shown(found.value()) + " ";
    question.page_token = found.value().next_page_token;
    EXPECT_EQ(question.page_token.empty(), page == 4);
    create(fmt::format("new {}", page), 1000 + page, {});
  }
  EXPECT_EQ(all, "1 4 2 3 ");
  question.page_token = "x";
  EXPECT_EQ(search_experiments(it.view(), question).error().text,
            "Invalid page token, could not base64-decode");
  question.max_results = 0;
  EXPECT_FALSE(search_experiments(it.view(), question));
}

}  // namespace
}  // namespace stepwell::tracking
