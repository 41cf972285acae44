// How a server ends: in order, in time, or with the exit code that says why not.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <thread>

#include "protocol/limits.hpp"
#include "protocol/messages.hpp"
#include "tests/tools/stepwell_process.hpp"

namespace stepwell::tools {
namespace {

using namespace std::chrono_literals;

// A connection that asks and never reads: it keeps a server that drains from ending.
class DeafClient {
 public:
  explicit DeafClient(const std::string& address)
      : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const int small = 4096;
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port =
        htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.find(':') + 1))));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
    wire::HelloT hello;
    hello.version_min = hello.version_max = protocol::kVersion;
    send(protocol::make_frame_of(protocol::Kind::kHello, hello));
    std::string pings;
    for (int i = 0; i < 100'000; ++i) pings += protocol::make_frame({}, {});
    send(pings);
  }
  ~DeafClient() { ::close(fd_); }

 private:
  // As much as goes in without the other side reading.
  void send(std::string_view bytes) {
    timeval patience{0, 300'000};
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    static_cast<void>(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL));
  }
  int fd_;
};

std::string write_config(const TestDirectory& scratch, const std::string& text) {
  std::ofstream(scratch / "config.toml") << text;
  return scratch / "config.toml";
}

TEST(Serve, AStoreThatFailsWhileItStopsIsSaidWithItsCode) {
  const TestDirectory scratch;
  std::signal(SIGXFSZ, SIG_IGN);  // The server inherits it: its writes fail instead.
  const std::string config = write_config(
      scratch, "[server]\nstop_timeout_ms = 60000\n[store]\ncheckpoint_after_ms = 4000\n");
  TestServer server(scratch / "data", scratch / "server", {"--config", config});
  ASSERT_TRUE(server.start()) << server.errors();
  const DeafClient deaf(server.address());
  // What it took last waits for a checkpoint, whenever it is told to stop.
  Child load(
      {"load", "--to", server.address(), "--profile", "f3", "--seconds", "60", "--rate", "1000"},
      scratch / "load.out", scratch / "load.err");
  std::this_thread::sleep_for(500ms);
  server.child().send(SIGTERM);
  std::this_thread::sleep_for(300ms);
  ASSERT_TRUE(server.child().running()) << "it waits for the client that does not read";
  const rlimit nothing{1, 1};
  ASSERT_EQ(::prlimit(server.child().pid(), RLIMIT_FSIZE, &nothing, nullptr), 0);
  // Its own log cannot be written either.
  EXPECT_EQ(server.child().wait(30), 74) << server.errors();
}

TEST(Serve, AClientThatDoesNotReadHoldsUpTheEndOnlyForItsTime) {
  const TestDirectory scratch;
  const std::string config = write_config(scratch, "[server]\nstop_timeout_ms = 1000\n");
  TestServer server(scratch / "data", scratch / "server", {"--config", config});
  ASSERT_TRUE(server.start()) << server.errors();
  const DeafClient deaf(server.address());
  server.child().send(SIGTERM);
  EXPECT_EQ(server.child().wait(20), 0) << server.errors();
  EXPECT_THAT(server.errors(), testing::HasSubstr("1 connections were still open"));
  EXPECT_EQ(run_stepwell({"verify", scratch / "data"}).code, 0);
}

}  // namespace
}  // namespace stepwell::tools
