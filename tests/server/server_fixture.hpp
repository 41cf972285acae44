#pragma once

// The wired server on a real directory, and sockets to it.

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "engine/server/server.hpp"
#include "protocol/client/client.hpp"
#include "protocol/client/reader.hpp"

namespace stepwell::server {

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
  int descriptor() const { return fd_; }
  void send(std::string_view bytes) { (void)::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL); }
  // Everything until the server closes.
  std::string read_all() {
    std::string all;
    char buffer[4096];
    ssize_t n = 0;
    while ((n = ::recv(fd_, buffer, sizeof buffer, 0)) > 0)
      all.append(buffer, static_cast<std::size_t>(n));
    closed_by_peer_ = n == 0;
    return all;
  }
  // What comes first.
  std::string read_some() {
    char buffer[4096];
    const ssize_t n = ::recv(fd_, buffer, sizeof buffer, 0);
    return std::string(buffer, static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
  }
  // Whether read_all() saw the end rather than its own time limit.
  bool closed_by_peer() const { return closed_by_peer_; }

 private:
  int fd_;
  bool connected_ = false;
  bool closed_by_peer_ = false;
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
    TRY(const auto loaded, load_config({}, settings, {}));
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

}  // namespace stepwell::server
