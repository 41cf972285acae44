// The wired server on real sockets and a real directory.
#include "engine/server/server.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "protocol/client/client.hpp"
#include "protocol/client/reader.hpp"

namespace stepwell::server {
namespace {

using namespace std::chrono_literals;

// A plain blocking socket: what no client library would do can be done with it.
class RawSocket {
 public:
  explicit RawSocket(const std::string& address) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port =
        htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.find(':') + 1))));
    ::inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
    timeval patience{10, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    connected_ = ::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
  }
  ~RawSocket() { ::close(fd_); }
  RawSocket(const RawSocket&) = delete;
  RawSocket& operator=(const RawSocket&) = delete;

  bool connected() const { return connected_; }
  void send(std::string_view bytes) { (void)::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL); }
  // Everything until the server closes.
  std::string read_all() {
    std::string all;
    char buffer[4096];
    for (ssize_t n = 0; (n = ::recv(fd_, buffer, sizeof buffer, 0)) > 0;)
      all.append(buffer, static_cast<std::size_t>(n));
    return all;
  }

 private:
  int fd_;
  bool connected_ = false;
};

class ServerTest : public ::testing::Test {
 protected:
  ServerTest() {
    directory_ = (std::filesystem::temp_directory_path() / "stepwell-server-XXXXXX").string();
    EXPECT_NE(::mkdtemp(directory_.data()), nullptr);
  }
  ~ServerTest() override {
    server_.reset();
    std::filesystem::remove_all(directory_);
  }

  Result<void> start(std::map<std::string, std::string> settings = {}) {
    settings["server.data"] = directory_ + "/data";
    settings["server.listen"] = "127.0.0.1:0";
    const auto none = [](const std::string&) { return std::optional<std::string>(); };
    TRY(const auto loaded, load_config("", settings, none));
    TRY(server_, Server::start(loaded.config, [](const Error&) {}));
    return ok();
  }
  void restart() {
    ASSERT_TRUE(server_->stop(5s));
    server_.reset();
    ASSERT_TRUE(start());
  }
  std::uint64_t log_points(int count) {
    client::ClientOptions options;
    options.server = server_->address();
    options.experiment = "server";
    options.spool = directory_ + "/spool";
    client::Client client(options);
    for (int i = 0; i < count; ++i) client.log(i, {{"loss", 1.0 / (i + 1)}});
    client.end();
    EXPECT_TRUE(client.flush(20s));
    return static_cast<std::uint64_t>(count);
  }
  std::uint64_t stored_points() {
    auto reader = client::BlockingReader::open(server_->address());
    EXPECT_TRUE(reader) << (reader ? "" : reader.error().text);
    std::uint64_t points = 0;
    const auto runs = reader.value()->all_runs();
    for (const auto& run : runs.value()) {
      wire::HistoryT question;
      question.run = std::make_unique<wire::Id>(*run.run);
      points += reader.value()->history(question, [](Bytes) { return true; }).value();
    }
    return points;
  }

  std::string directory_;
  std::unique_ptr<Server> server_;
};

TEST_F(ServerTest, AClientLogsAndAReaderReadsAlsoAfterARestart) {
  ASSERT_TRUE(start());
  log_points(1000);
  EXPECT_EQ(stored_points(), 1000u);
  restart();
  EXPECT_EQ(stored_points(), 1000u);
}

TEST_F(ServerTest, HttpIsToldInOneLineThatThisVersionDoesNotSpeakIt) {
  ASSERT_TRUE(start());
  RawSocket socket(server_->address());
  socket.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  const std::string answer = socket.read_all();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 501 Not Implemented\r\n")) << answer;
  EXPECT_NE(answer.find("does not speak HTTP"), std::string::npos);
}

TEST_F(ServerTest, WhatIsNeitherFrameNorTextIsClosed) {
  ASSERT_TRUE(start());
  RawSocket tls(server_->address());
  tls.send(std::string("\x16\x03\x01\x02\x00", 5));
  EXPECT_NE(tls.read_all().find("first byte"), std::string::npos);
  log_points(10);
}

TEST_F(ServerTest, ConnectionsBeyondTheLimitAreToldAndOthersGoOn) {
  ASSERT_TRUE(start({{"limits.connections_max", "20"}, {"limits.handshake_timeout_ms", "1000"}}));
  std::vector<std::unique_ptr<RawSocket>> silent;
  for (int i = 0; i < 20; ++i) silent.push_back(std::make_unique<RawSocket>(server_->address()));
  std::this_thread::sleep_for(200ms);
  RawSocket late(server_->address());
  EXPECT_NE(late.read_all().find("20 connections are open"), std::string::npos);
  // The silent ones are closed when their time is up, and there is room again.
  EXPECT_EQ(silent.front()->read_all(), "");
  log_points(10);
}

TEST_F(ServerTest, ThousandsOfConnectionsThatComeAndGo) {
  ASSERT_TRUE(start());
  for (int round = 0; round < 10; ++round) {
    std::vector<std::unique_ptr<RawSocket>> sockets;
    for (int i = 0; i < 300; ++i) {
      sockets.push_back(std::make_unique<RawSocket>(server_->address()));
      ASSERT_TRUE(sockets.back()->connected());
      if (i % 3 == 0) sockets.back()->send("\xB5");
    }
  }
  log_points(100);
  EXPECT_EQ(stored_points(), 100u);
}

TEST_F(ServerTest, ADirectoryThatIsOpenIsRefusedWithTheHoldersPid) {
  ASSERT_TRUE(start());
  auto first = std::move(server_);
  const auto second = start();
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::kDenied);
  EXPECT_NE(second.error().text.find(std::to_string(::getpid())), std::string::npos)
      << second.error().text;
}

TEST_F(ServerTest, AnAddressInUseIsAnErrorAndLeavesTheStoreClosed) {
  ASSERT_TRUE(start());
  auto first = std::move(server_);
  const std::string elsewhere = directory_ + "/other";
  const auto none = [](const std::string&) { return std::optional<std::string>(); };
  const auto loaded =
      load_config("", {{"server.data", elsewhere}, {"server.listen", first->address()}}, none);
  const auto second = Server::start(loaded.value().config, [](const Error&) {});
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().text.find(first->address()), std::string::npos) << second.error().text;
}

}  // namespace
}  // namespace stepwell::server
