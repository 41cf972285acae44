// Histories over HTTP.

#include "tests/http/http_fixture.hpp"

namespace stepwell::http {
namespace {

using ::testing::HasSubstr;

class MetricApiTest : public HttpTest {
 protected:
  void log(const std::string& run, std::string_view key,
           const std::vector<std::pair<int, int>>& steps_and_times) {
    std::string metrics;
    for (const auto& [step, time] : steps_and_times) {
      metrics += fmt::format(R"({}{{"key":"{}","value":{}.5,"timestamp":{},"step":{}}})",
                             metrics.empty() ? "" : ",", key, step, time, step);
    }
    ASSERT_EQ(
        post("runs/log-batch", fmt::format(R"({{"run_id":"{}","metrics":[{}]}})", run, metrics))
            .status,
        200);
  }
  // The steps in an answer, in its order.
  static std::vector<int> steps(const Answer& answer) {
    std::vector<int> found;
    for (std::size_t at = 0; (at = answer.body.find("\"step\":", at)) != std::string::npos;) {
      at += 7;
      found.push_back(std::atoi(answer.body.c_str() + at));
    }
    return found;
  }
  std::string history_of(const std::string& run, std::string_view rest = {}) {
    return fmt::format("metrics/get-history?run_id={}&metric_key=m{}", run, rest);
  }
  using Steps = std::vector<int>;
};

TEST_F(MetricApiTest, AHistoryIsInTheOrderOfTimeThenStep) {
  start();
  const std::string run = create_run();
  log(run, "m", {{5, 30}, {1, 20}, {9, 10}, {5, 10}, {5, 30}});
  log(run, "other", {{100, 1}});
  EXPECT_EQ(steps(get(history_of(run))), (Steps{5, 9, 1, 5})) << "equal points once";
  EXPECT_EQ(get(history_of(run, "&max_results=abc")).status, 200) << "what is no number is absent";
  EXPECT_THAT(get("runs/get?run_id=" + run).body,
              HasSubstr(R"({"key":"m","value":9.5,"timestamp":10,"step":9})"));
}

TEST_F(MetricApiTest, PagesGoOnBehindTheLastPointAlsoWhileOthersAreLogged) {
  start();
  const std::string run = create_run();
  log(run, "m", {{1, 10}, {2, 10}, {3, 20}, {4, 30}, {5, 40}});
  const Answer first = get(history_of(run, "&max_results=2"));
  EXPECT_EQ(steps(first), (Steps{1, 2}));
  log(run, "m", {{0, 5}, {9, 25}});
  std::string token = field(first, "next_page_token");
  const Answer second = get(history_of(run, "&max_results=3&page_token=" + token));
  EXPECT_EQ(steps(second), (Steps{3, 9, 4}));
  token = field(second, "next_page_token");
  const Answer last = get(history_of(run, "&max_results=1&page_token=" + token));
  EXPECT_EQ(steps(last), (Steps{5}));
  EXPECT_EQ(field(last, "next_page_token"), "") << "nothing follows";
  EXPECT_EQ(get(history_of(run, "&page_token=nonsense")).status, 400);
  EXPECT_EQ(get(history_of(run, "&page_token=1.2.3x")).status, 400);
}

TEST_F(MetricApiTest, WhatIsNotThereHasNoPoints) {
  start();
  const std::string run = create_run();
  EXPECT_EQ(get(history_of(run)).body, "{}");
  EXPECT_EQ(get(history_of("00000000000000000000000000000001")).body, "{}");
  EXPECT_EQ(get(history_of("nope")).body, "{}");
  EXPECT_EQ(get("metrics/get-history?run_id=" + run).status, 400);
  EXPECT_EQ(get(history_of(run, "&max_results=0")).status, 400);
}

TEST_F(MetricApiTest, ALongHistoryComesInChunksAndCompressedIfAskedFor) {
  Options options;
  options.compress_bytes_min = 10'000;
  start(options);
  const std::string run = create_run();
  for (int first = 0; first < 40'000; first += 1000) {
    std::vector<std::pair<int, int>> points;
    for (int i = first; i < first + 1000; ++i) points.emplace_back(i, i);
    log(run, "m", points);
  }
  const Answer plain = get(history_of(run));
  EXPECT_EQ(plain.header("Transfer-Encoding"), "chunked");
  const Steps all = steps(plain);
  ASSERT_EQ(all.size(), 40'000u);
  for (int i = 0; i < 40'000; ++i) ASSERT_EQ(all[static_cast<std::size_t>(i)], i);
  Browser browser = connect();
  browser.send(request("GET", "/api/2.0/mlflow/" + history_of(run), {},
                       "Accept-Encoding: deflate, gzip\r\n"));
  const Answer packed = browser.read();
  EXPECT_EQ(packed.header("Content-Encoding"), "gzip");
  EXPECT_LT(packed.body.size(), plain.body.size() / 4);
  EXPECT_EQ(packed.body.substr(0, 2), "\x1f\x8b");
}

TEST_F(MetricApiTest, HistoriesOfSeveralRunsComeInTheOrderOfTheirIds) {
  start();
  std::string a = create_run(), b = create_run();
  if (b < a) std::swap(a, b);
  log(a, "m", {{1, 1}, {2, 2}});
  log(b, "m", {{3, 1}});
  const auto bulk = [&](std::string_view rest) {
    return get(fmt::format("/ajax-api/2.0/mlflow/metrics/get-history-bulk?run_id={}&run_id={}{}", b,
                           a, rest));
  };
  EXPECT_EQ(steps(bulk("&metric_key=m")), (Steps{1, 2, 3}));
  EXPECT_THAT(bulk("&metric_key=m").body, HasSubstr(fmt::format(R"("run_id":"{}")", b)));
  EXPECT_EQ(steps(bulk("&metric_key=m&max_results=2")), (Steps{1, 2}));
  EXPECT_EQ(bulk("&metric_key=none").body, R"({"metrics":[]})");
  EXPECT_THAT(bulk("").body, HasSubstr("must specify a metric_key."));
  EXPECT_THAT(get("/ajax-api/2.0/mlflow/metrics/get-history-bulk?metric_key=m").body,
              HasSubstr("must specify at least one run_id."));
  std::string many;
  for (int i = 0; i < 101; ++i) many += "&run_id=x";
  EXPECT_THAT(bulk("&metric_key=m" + many).body, HasSubstr("cannot specify more than 100 run_ids"));
}

TEST_F(MetricApiTest, AChartGetsASampleOfTheStepsAndEveryRunsEnds) {
  start();
  const std::string a = create_run(), b = create_run();
  std::vector<std::pair<int, int>> points;
  for (int i = -10; i < 90; ++i) points.emplace_back(i, 100 + i);
  log(a, "m", points);
  log(b, "m", {{7, 1}, {33, 2}});
  const auto interval = [&](std::string_view rest) {
    return get(fmt::format("metrics/get-history-bulk-interval?run_ids={}&run_ids={}&metric_key=m{}",
                           a, b, rest));
  };
  EXPECT_EQ(steps(interval("")).size(), 102u);
  EXPECT_EQ(steps(interval("&max_results=4")), (Steps{-10, 7, 15, 33, 40, 65, 89, 7, 33}))
      << "every 25th, the last, and the ends of both";
  EXPECT_EQ(steps(interval("&start_step=30&end_step=34")), (Steps{30, 31, 32, 33, 34, 33}));
  EXPECT_EQ(interval("&start_step=1000&end_step=1001").body, "{}");
  EXPECT_EQ(interval("&start_step=5").status, 400);
  EXPECT_EQ(interval("&start_step=5&end_step=4").status, 400);
  EXPECT_EQ(interval("&max_results=2501").status, 400);
  EXPECT_EQ(get("metrics/get-history-bulk-interval?run_ids=nope&metric_key=m").body, "{}");
}

}  // namespace
}  // namespace stepwell::http
