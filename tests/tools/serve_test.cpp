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

#include "engine/base/bytes.hpp"
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

// Waits for a line in the server's log.
testing::AssertionResult says(const TestServer& server, const std::string& text) {
  for (int i = 0; i < 3000; ++i) {
    if (server.errors().find(text) != std::string::npos) return testing::AssertionSuccess();
    std::this_thread::sleep_for(10ms);
  }
  return testing::AssertionFailure() << "no '" << text << "' in " << server.errors();
}

TEST(Serve, ScrubsItsIndexAndSurvivesWhatItFinds) {
  const TestDirectory scratch;
  const std::string config =
      write_config(scratch,
                   "[store]\nscrub_interval_s = 1\nscrub_bytes_per_second = 1000000000\n"
                   "checkpoint_after_ms = 20\n");
  TestServer server(scratch / "data", scratch / "server", {"--config", config});
  ASSERT_TRUE(server.start()) << server.errors();
  const auto load = [&](const std::string& profile, const std::string& rate) {
    return run_stepwell({"load", "--to", server.address(), "--profile", profile, "--seconds", "0.2",
                         "--rate", rate})
        .code;
  };
  EXPECT_EQ(load("f1", "2000000"), 0);
  EXPECT_TRUE(says(server, "scrub: the index is sound"));
  const auto by_hand = run_stepwell({"scrub", server.directory()});
  EXPECT_EQ(by_hand.code, 0) << by_hand.out << by_hand.err;
  // Large values lose a bit: pages that begin one, and hold nothing of LMDB's behind their header.
  const std::string file = server.directory() + "/index.lmdb";
  const std::string bytes = contents_of(file);
  std::fstream out(file, std::ios::binary | std::ios::in | std::ios::out);
  for (std::size_t page = 2; page < bytes.size() / 4096; ++page) {
    const char* const header = bytes.data() + page * 4096;
    if (load_le<std::uint64_t>(header) != page || header[10] != 4) continue;
    out.seekp(static_cast<std::streamoff>(page * 4096 + 2500));
    out.put(static_cast<char>(header[2500] ^ 4));
  }
  out.close();
  EXPECT_TRUE(says(server, "scrub: DAMAGE"));
  EXPECT_EQ(run_stepwell({"scrub", server.directory()}).code, 1);
  // It goes on taking points.
  EXPECT_EQ(load("f6", "10000"), 0);
  server.child().send(SIGTERM);
  EXPECT_EQ(server.child().wait(20), 0) << server.errors();
}

}  // namespace
}  // namespace stepwell::tools
