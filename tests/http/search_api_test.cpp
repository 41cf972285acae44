// Searching runs over HTTP: pages. (What filters and orders mean is tracking/'s.)

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

}  // namespace
}  // namespace stepwell::http
