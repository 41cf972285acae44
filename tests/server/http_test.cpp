// HTTP on the port that frames have too.

#include "tests/server/server_fixture.hpp"

namespace stepwell::server {
namespace {

TEST_F(ServerTest, HttpAndFramesShareThePort) {
  ASSERT_TRUE(start());
  log_points(10);
  RawSocket socket(server_->address());
  socket.send("GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  const std::string answer = socket.read_all();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\nOK")) << answer;
  EXPECT_EQ(stored_points(), 10u);
}

TEST_F(ServerTest, AnHttpClientThatFindsTheServerFullIsToldToTryAgain) {
  ASSERT_TRUE(start({{"limits.connections_max", "1"}}));
  RawSocket first(server_->address());
  first.send("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
  ASSERT_NE(first.read_some().find("200 OK"), std::string::npos);
  RawSocket second(server_->address());
  second.send("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const std::string answer = second.read_all();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 429 ")) << answer;
  EXPECT_NE(answer.find("Retry-After: "), std::string::npos) << answer;
}

TEST_F(ServerTest, StoppingAnswersTheRequestInFlightAndClosesIdleConnections) {
  ASSERT_TRUE(start());
  RawSocket idle(server_->address());
  idle.send("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
  ASSERT_NE(idle.read_some().find("200 OK"), std::string::npos);
  const auto stopped = server_->stop(5s);
  ASSERT_TRUE(stopped);
  EXPECT_TRUE(stopped.value().in_order());
  EXPECT_EQ(stopped.value().connections_left, 0u);
  EXPECT_EQ(idle.read_all(), "");
}

}  // namespace
}  // namespace stepwell::server
