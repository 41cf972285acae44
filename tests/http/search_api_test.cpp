// Searching runs over HTTP: pages, and that filters and orders arrive. (What they mean is
// tracking/'s.)

#include <set>

#include "tests/http/http_fixture.hpp"

namespace stepwell::http {
namespace {

class SearchApiTest : public HttpTest {
 protected:
  SearchApiTest() { start(); }
};

TEST_F(SearchApiTest, SearchesComeInPages) {
  const std::string experiment = create_experiment();
  std::set<std::string> made, seen;
  for (int i = 0; i < 7; ++i) made.insert(create_run(experiment));
  EXPECT_EQ(post("runs/search", "{}").body, "{}") << "no experiments, no runs";
  EXPECT_EQ(post("runs/search", R"({"experiment_ids":["99"]})").body, "{}");
  std::string token;
  int pages = 0;
  do {
    const Answer answer =
        post("runs/search", fmt::format(R"({{"experiment_ids":["{}"],"max_results":3,
        "page_token":"{}"}})",
                                        experiment, token));
    ASSERT_EQ(answer.status, 200) << answer.body;
    for (std::size_t at = 0; (at = answer.body.find("\"run_id\":\"", at)) != std::string::npos;) {
      at += 10;
      EXPECT_TRUE(seen.insert(answer.body.substr(at, 32)).second) << "twice";
    }
    token = field(answer, "next_page_token");
    ++pages;
  } while (!token.empty() && pages < 10);
  EXPECT_EQ(seen, made);
  EXPECT_EQ(pages, 3);
  const Answer exact = post("runs/search", fmt::format(R"({{"experiment_ids":["{}"],
      "max_results":7}})",
                                                       experiment));
  EXPECT_EQ(field(exact, "next_page_token"), "") << "nothing follows";
  EXPECT_EQ(post("runs/search",
                 fmt::format(R"({{"experiment_ids":["{}"],"page_token":"x y"}})", experiment))
                .status,
            400);
}

TEST_F(SearchApiTest, FiltersAndOrdersDecide) {
  std::vector<std::string> runs;
  for (int i = 0; i < 3; ++i) {
    runs.push_back(create_run());
    ASSERT_EQ(post("runs/log-metric", fmt::format(R"({{"run_id":"{}","key":"loss","value":0.{},
        "timestamp":1}})",
                                                  runs.back(), i))
                  .status,
              200);
  }
  const auto search = [&](std::string_view filter, std::string_view order) {
    const Answer answer = post("runs/search", fmt::format(R"({{"experiment_ids":["0"],
        "filter":"{}","order_by":["{}"]}})",
                                                          filter, order));
    EXPECT_EQ(answer.status, 200) << answer.body;
    std::vector<std::string> found;
    for (std::size_t at = 0; (at = answer.body.find("\"run_id\":\"", at)) != std::string::npos;) {
      found.push_back(answer.body.substr(at += 10, 32));
    }
    return found;
  };
  EXPECT_EQ(search("metrics.loss > 0.05", "metrics.loss DESC"),
            (std::vector<std::string>{runs[2], runs[1]}));
  // Seen at once, in columns that the search before has left.
  post("runs/log-metric",
       fmt::format(R"({{"run_id":"{}","key":"loss","value":0.9,"timestamp":2}})", runs[0]));
  EXPECT_EQ(search("metrics.loss > 0.05", "metrics.loss DESC"),
            (std::vector<std::string>{runs[0], runs[2], runs[1]}));
  // As runs/get says it, which depends on the root.
  const std::string uri = field(get("runs/get?run_id=" + runs[1]), "artifact_uri");
  EXPECT_EQ(search(fmt::format("attributes.artifact_uri = '{}'", uri), "run_id"),
            std::vector<std::string>{runs[1]});
  const Answer refused =
      post("runs/search", R"({"experiment_ids":["0"],"filter":"metrics.loss >"})");
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(field(refused, "error_code"), "INVALID_PARAMETER_VALUE");
}

}  // namespace
}  // namespace stepwell::http
