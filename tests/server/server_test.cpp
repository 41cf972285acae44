// The wired server on real sockets and a real directory.
#include <gtest/gtest.h>
#include <poll.h>

#include <algorithm>
#include <future>
#include <thread>

#include "protocol/limits.hpp"
#include "protocol/messages.hpp"
#include "tests/server/server_fixture.hpp"

namespace stepwell::server {
namespace {

std::string hello_frame() {
  wire::HelloT hello;
  hello.version_min = hello.version_max = protocol::kVersion;
  return protocol::make_frame_of(protocol::Kind::kHello, hello);
}

TEST_F(ServerTest, AClientLogsAndAReaderReadsAlsoAfterARestart) {
  ASSERT_TRUE(start());
  log_points(1000);
  EXPECT_EQ(stored_points(), 1000u);
  restart();
  EXPECT_EQ(stored_points(), 1000u);
}

TEST_F(ServerTest, WhatIsNeitherFrameNorTextIsClosed) {
  ASSERT_TRUE(start());
  RawSocket tls(server_->address());
  tls.send(std::string("\x16\x03\x01\x02\x00", 5));
  EXPECT_NE(tls.read_all().find("first byte"), std::string::npos);
  log_points(10);
}

TEST_F(ServerTest, ConnectionsBeyondTheLimitAreToldAndOthersGoOn) {
  ASSERT_TRUE(start({{"limits.connections_max", "20"}}));
  std::vector<std::unique_ptr<RawSocket>> open;
  for (int i = 0; i < 21; ++i) open.push_back(std::make_unique<RawSocket>(server_->address()));
  // Which of them finds the server full is the threads' affair.
  std::vector<pollfd> waiting;
  for (const auto& socket : open) waiting.push_back({socket->descriptor(), POLLIN, 0});
  ASSERT_EQ(::poll(waiting.data(), waiting.size(), 10'000), 1);
  const auto told = std::ranges::find(waiting, POLLIN, &pollfd::revents);
  ASSERT_NE(told, waiting.end());
  const auto refused = static_cast<std::size_t>(told - waiting.begin());
  EXPECT_NE(open[refused]->read_all().find("20 connections are open"), std::string::npos);
  open.clear();
  log_points(10);
}

TEST_F(ServerTest, AConnectionThatSaysNothingIsClosedInTime) {
  ASSERT_TRUE(start({{"limits.handshake_timeout_ms", "100"}}));
  RawSocket silent(server_->address());
  EXPECT_EQ(silent.read_all(), "");
  EXPECT_TRUE(silent.closed_by_peer());
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
  const auto loaded =
      load_config({}, {{"server.data", elsewhere}, {"server.listen", first->address()}}, {});
  const auto second = Server::start(loaded.value().config, [](const Error&) {});
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().text.find(first->address()), std::string::npos) << second.error().text;
  EXPECT_FALSE(std::filesystem::exists(elsewhere)) << "nothing is created for it";
}

// Holds a thread up until it is destroyed or let go.
class HeldUp {
 public:
  explicit HeldUp(net::AsioExecutor& thread) {
    thread.post([wait = let_go_.get_future().share()] { wait.wait(); });
  }
  ~HeldUp() { let_go(); }
  void let_go() {
    if (!std::exchange(gone_, true)) let_go_.set_value();
  }

 private:
  std::promise<void> let_go_;
  bool gone_ = false;
};

// Indexes of Server::threads().
constexpr std::size_t kSequencer = 0, kQuery = 3;

TEST_F(ServerTest, StoppingEndsInTimeWhateverAThreadDoes) {
  for (const std::size_t thread : {kSequencer, kQuery}) {
    ASSERT_TRUE(start());
    log_points(10);
    HeldUp held(*server_->threads()[thread]);
    const auto stopped = server_->stop(1s);
    ASSERT_TRUE(stopped);
    EXPECT_EQ(stopped.value().store_closed, thread != kSequencer);
    EXPECT_FALSE(stopped.value().threads_ended);
    EXPECT_FALSE(stopped.value().in_order());
    held.let_go();
    server_.reset();
  }
  ASSERT_TRUE(start());
  const auto stopped = server_->stop(5s);
  EXPECT_TRUE(stopped && stopped.value().in_order());
}

TEST_F(ServerTest, AReadThatTakesLongHoldsUpNeitherOtherReadsNorReconnects) {
  ASSERT_TRUE(start({{"server.query_threads", "2"}}));
  HeldUp held(*server_->threads()[kQuery]);
  RawSocket first(server_->address());  // Its reads belong to the thread that is held up.
  first.send(hello_frame());
  first.send(protocol::make_frame_of(protocol::Kind::kListRuns, wire::ListRunsT{}));
  std::this_thread::sleep_for(100ms);
  auto reader = client::BlockingReader::open(server_->address());
  ASSERT_TRUE(reader);
  EXPECT_TRUE(reader.value()->all_runs());
  // A third connection shares the first one's thread, and asks only for positions.
  log_points(10);
}

// The jobs that are queued when a server ends hold its sessions.
TEST_F(ServerTest, SessionsThatAreStillQueuedGoBeforeWhatTheyReferTo) {
  ASSERT_TRUE(start({{"server.network_threads", "1"}}));
  RawSocket socket(server_->address());
  HeldUp sequencer(*server_->threads()[kSequencer]);
  socket.send(hello_frame());
  wire::OpenT open;
  open.experiment = "queued";
  RunId run;
  run.bytes.fill(1);
  WriterId writer;
  writer.bytes.fill(2);
  socket.send(protocol::make_frame_of(protocol::Kind::kOpen, open, run, writer, 1));
  std::this_thread::sleep_for(200ms);  // It waits for the sequencer now.
  HeldUp network(*server_->threads().back());
  sequencer.let_go();
  std::this_thread::sleep_for(200ms);  // Its decision waits for the network.
  std::thread later([&] {
    std::this_thread::sleep_for(200ms);
    network.let_go();
  });
  server_.reset();
  later.join();
}

}  // namespace
}  // namespace stepwell::server
