// One connection: requests in pieces and in a row, limits, timeouts, what is refused.

#include "tests/http/http_fixture.hpp"

namespace stepwell::http {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class SessionTest : public HttpTest {};

TEST_F(SessionTest, RequestsOfOneConnectionAreAnsweredInOrder) {
  start();
  Browser browser = connect();
  browser.send(request("GET", "/version") + request("GET", "/health") +
               request("POST", "/api/2.0/mlflow/experiments/create", R"({"name":"x"})",
                       "Content-Type: application/json\r\n") +
               request("GET", "/api/2.0/mlflow/experiments/get-by-name?experiment_name=x"));
  EXPECT_EQ(browser.read().body, STEPWELL_VERSION);
  EXPECT_EQ(browser.read().body, "OK");
  EXPECT_EQ(browser.read().body, R"({"experiment_id":"1"})");
  EXPECT_THAT(browser.read().body, HasSubstr(R"("name":"x")")) << "a write is read at once";
  EXPECT_FALSE(browser.is_closed());
}

TEST_F(SessionTest, ARequestMayComeByteByByte) {
  start();
  Browser browser = connect({.chunk = [](std::size_t) { return 1; }});
  browser.send(request("POST", "/api/2.0/mlflow/experiments/create", R"({"name":"slow"})",
                       "Content-Type: application/json; charset=utf-8\r\n"));
  EXPECT_EQ(browser.read().status, 200);
}

TEST_F(SessionTest, AChunkedBodyIsPutTogether) {
  start();
  Browser browser = connect();
  browser.send(
      "POST /api/2.0/mlflow/experiments/create HTTP/1.1\r\nHost: localhost\r\n"
      "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5\r\n{\"nam\r\n6;ext=1\r\ne\":\"c\"\r\n1\r\n}\r\n0\r\n\r\n");
  EXPECT_EQ(browser.read().body, R"({"experiment_id":"1"})");
}

TEST_F(SessionTest, LeaveToSendABodyIsGivenWhereItIsAskedFor) {
  start();
  Browser browser = connect();
  const std::string whole = request("POST", "/api/2.0/mlflow/experiments/create", R"({"name":"e"})",
                                    "Content-Type: application/json\r\nExpect: 100-continue\r\n");
  const std::size_t head = whole.find("\r\n\r\n") + 4;
  browser.send(whole.substr(0, head));
  EXPECT_EQ(browser.read().status, 100);
  browser.send(whole.substr(head));
  EXPECT_EQ(browser.read().status, 200);
}

TEST_F(SessionTest, HeadHasTheHeadOfGetAndNoBody) {
  start();
  Browser browser = connect();
  browser.send(request("HEAD", "/health"));
  const Answer answer = browser.read(true);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("Content-Length"), "2");
  EXPECT_EQ(browser.received(), "");
}

TEST_F(SessionTest, AClientThatSaysSoIsTheLastOfItsConnection) {
  start();
  Browser polite = connect();
  polite.send(request("GET", "/health", {}, "Connection: close\r\n"));
  EXPECT_EQ(polite.read().header("Connection"), "close");
  EXPECT_TRUE(polite.is_closed());
  Browser old = connect();
  old.send("GET /health HTTP/1.0\r\n\r\n");
  EXPECT_EQ(old.read().body, "OK");
  EXPECT_TRUE(old.is_closed());
}

struct Refused {
  std::string_view what;
  std::string bytes;
  int status;
};

// What two readers could understand in two ways, and what is beyond a limit. The connection ends,
// so that nothing behind it is taken for a request.
TEST_F(SessionTest, WhatIsNotOneRequestIsRefusedAndTheConnectionEnds) {
  Options options;
  options.header_bytes_max = 4096;
  options.body_bytes_max = 10'000;
  options.headers_max = 20;
  start(options);
  const std::string post =
      "POST /api/2.0/mlflow/runs/search HTTP/1.1\r\nHost: localhost\r\n"
      "Content-Type: application/json\r\n";
  std::string many;
  for (int i = 0; i < 30; ++i) many += fmt::format("X-{}: y\r\n", i);
  const Refused rows[] = {
      {"both lengths", post + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}", 400},
      {"the other order", post + "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n{}", 400},
      {"two lengths", post + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400},
      {"the same twice", post + "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", 400},
      {"a list of lengths", post + "Content-Length: 2, 3\r\n\r\n{}", 400},
      {"a signed length", post + "Content-Length: +2\r\n\r\n{}", 400},
      {"no number", post + "Content-Length: x\r\n\r\n{}", 400},
      {"a length that overflows", post + "Content-Length: 99999999999999999999\r\n\r\n", 400},
      {"an unknown coding", post + "Transfer-Encoding: gzip\r\n\r\n", 400},
      {"chunked and more", post + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400},
      {"chunked twice",
       post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"a bad chunk", post + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n{}\r\n0\r\n\r\n", 400},
      {"a chunk without its end", post + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}0\r\n\r\n", 400},
      {"a chunk whose head never ends",
       post + "Transfer-Encoding: chunked\r\n\r\n2;" + std::string(20'000, 'x'), 400},
      {"a blank before the colon", post + "Content-Length : 2\r\n\r\n{}", 400},
      {"a line that goes on", post + "X: y\r\n z\r\nContent-Length : 2\r\n\r\n{}", 400},
      {"no host", "GET /health HTTP/1.1\r\n\r\n", 400},
      {"two hosts", "GET /health HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
      {"a blank in the target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 505},
      {"another version", "GET /health HTTP/2.0\r\nHost: a\r\n\r\n", 505},
      {"no request", "HELLO\r\n\r\n", 400},
      {"a long head", "GET /health HTTP/1.1\r\nX: " + std::string(5000, 'x'), 431},
      {"many headers", "GET /health HTTP/1.1\r\nHost: a\r\n" + many + "\r\n", 431},
      {"a long body", post + "Content-Length: 10001\r\n\r\n", 413},
      {"long chunks",
       post + "Transfer-Encoding: chunked\r\n\r\n4000\r\n" + std::string(0x4000, 'x'), 413},
  };
  for (const Refused& row : rows) {
    Browser browser = connect();
    browser.send(row.bytes + "GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const Answer answer = browser.read();
    EXPECT_EQ(answer.status, row.status) << row.what << ": " << answer.body;
    EXPECT_EQ(answer.header("Connection"), "close") << row.what;
    EXPECT_THAT(answer.body, HasSubstr("error_code")) << row.what;
    executor.advance(std::chrono::seconds(5));
    EXPECT_TRUE(browser.is_closed()) << row.what;
    EXPECT_EQ(browser.received(), "") << row.what << ": what came behind it was answered too";
  }
}

TEST_F(SessionTest, WhoeverIsSlowIsCutOffAndWhoeverIsQuickIsNot) {
  Options options;
  options.head_timeout = std::chrono::seconds(10);
  options.body_timeout = std::chrono::seconds(20);
  options.idle_timeout = std::chrono::seconds(60);
  start(options);
  Browser silent = connect();
  Browser slow_head = connect();
  Browser slow_body = connect();
  slow_head.send("GET /health HTTP/1.1\r\n");
  slow_body.send(
      "POST /api/2.0/mlflow/runs/search HTTP/1.1\r\nHost: localhost\r\n"
      "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n");
  for (int second = 0; second < 9; ++second) {
    executor.advance(std::chrono::seconds(1));
    slow_head.send("x");
    slow_body.send("x");
  }
  EXPECT_FALSE(slow_head.is_closed());
  executor.advance(std::chrono::seconds(2));
  EXPECT_TRUE(slow_head.is_closed()) << "a byte now and then must not keep it open";
  EXPECT_FALSE(slow_body.is_closed());
  executor.advance(std::chrono::seconds(10));
  EXPECT_TRUE(slow_body.is_closed());
  EXPECT_FALSE(silent.is_closed());
  executor.advance(std::chrono::seconds(40));
  EXPECT_TRUE(silent.is_closed());
}

TEST_F(SessionTest, AClientThatDoesNotReadItsAnswerIsCutOff) {
  Options options;
  options.compress_bytes_min = 0;
  start(options);
  const std::string run = create_run();
  std::string metrics;
  for (int i = 0; i < 1000; ++i) {
    metrics +=
        fmt::format("{}{{\"key\":\"m\",\"value\":{}.5,\"timestamp\":{}}}", i ? "," : "", i, i);
  }
  ASSERT_EQ(post("runs/log-batch", fmt::format(R"({{"run_id":"{}","metrics":[{}]}})", run, metrics))
                .status,
            200);
  Browser browser = connect({.capacity = 4096});
  browser.stop_reading();
  browser.send(request(
      "GET", fmt::format("/api/2.0/mlflow/metrics/get-history?run_id={}&metric_key=m", run)));
  executor.advance(std::chrono::seconds(61));
  browser.start_reading();
  executor.advance(std::chrono::seconds(1));
  EXPECT_TRUE(browser.is_closed());
}

TEST_F(SessionTest, AllRequestsTogetherHoldABoundedAmount) {
  Options options;
  options.body_bytes_max = 100'000;
  options.all_body_bytes_max = 150'000;
  start(options);
  const std::string head =
      "POST /api/2.0/mlflow/runs/search HTTP/1.1\r\nHost: localhost\r\n"
      "Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n";
  Browser first = connect();
  first.send(head + std::string(90'000, ' '));
  Browser second = connect();
  second.send(head + std::string(90'000, ' '));
  const Answer refused = second.read();
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.header("Retry-After"), "1");
  first.send(std::string(10'000, ' '));
  EXPECT_EQ(first.read().status, 200) << "who was first goes on";
}

TEST_F(SessionTest, AServerThatStopsSays429AndClosesWhoIsIdle) {
  start();
  Browser idle = connect();
  idle.send(request("GET", "/health"));
  EXPECT_EQ(idle.read().status, 200);
  Browser busy = connect();
  const std::string whole = request("GET", "/health");
  busy.send(whole.substr(0, 20));
  for (const auto& session : sessions_) {
    if (const auto alive = session.lock()) alive->drain();
  }
  executor.advance(milliseconds(20));
  EXPECT_TRUE(idle.is_closed());
  EXPECT_FALSE(busy.is_closed());
  busy.send(whole.substr(20));
  const Answer answer = busy.read();
  EXPECT_EQ(answer.status, 429);
  EXPECT_EQ(answer.header("Connection"), "close");
  EXPECT_TRUE(busy.is_closed());
}

TEST_F(SessionTest, EveryAnswerCarriesItsSafetyHeadersAndTheRequestsId) {
  start();
  const Answer answer = get("/api/2.0/mlflow/nothing");
  EXPECT_EQ(answer.header("X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(answer.header("X-Frame-Options"), "SAMEORIGIN");
  EXPECT_NE(answer.header("X-Request-Id"), "");
  Browser browser = connect();
  browser.send(request("GET", "/health", {}, "X-Request-Id: mine-1\r\n"));
  EXPECT_EQ(browser.read().header("X-Request-Id"), "mine-1");
  browser.send(request("GET", "/health", {}, "X-Request-Id: not fit\x01\r\n"));
  EXPECT_EQ(browser.read().status, 400) << "a control character in a header";
}

TEST_F(SessionTest, PagesOfOthersAreKeptOut) {
  start();
  const auto status = [&](std::string_view method, std::string_view target,
                          std::string_view headers) {
    Browser browser = connect();
    browser.send(
        fmt::format("{} {} HTTP/1.1\r\n{}Content-Type: application/json\r\n"
                    "Content-Length: 2\r\n\r\n{{}}",
                    method, target, headers));
    return browser.read().status;
  };
  constexpr std::string_view kSearch = "/ajax-api/2.0/mlflow/runs/search";
  EXPECT_EQ(status("POST", kSearch, "Host: evil.example\r\n"), 403);
  EXPECT_EQ(status("GET", "/health", "Host: evil.example\r\n"), 200);
  EXPECT_EQ(status("POST", kSearch, "Host: localhost\r\nOrigin: http://evil.example\r\n"), 403);
  EXPECT_EQ(status("POST", kSearch, "Host: localhost\r\nOrigin: null\r\n"), 403);
  EXPECT_EQ(status("POST", kSearch, "Host: localhost:1\r\nOrigin: http://localhost:1\r\n"), 200);
  EXPECT_EQ(status("POST", kSearch, "Host: 10.1.2.3\r\nOrigin: http://10.1.2.3\r\n"), 200);
}

}  // namespace
}  // namespace stepwell::http
