// The trainer's Client as processes see it: real files, real sockets, fork and SIGKILL.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <future>
#include <thread>

#include "engine/io/net/tcp.hpp"
#include "engine/io/posix.hpp"
#include "protocol/client/client.hpp"
#include "protocol/client/replay.hpp"
#include "tests/client/script_peer.hpp"
#include "tests/client/support.hpp"

namespace stepwell::client {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A ScriptPeer behind a real port.
class PeerServer {
 public:
  PeerServer() : peer_(executor_) {
    executor_.start("peer");
    listener_ = std::move(net::tcp_listen(executor_, "127.0.0.1", 0).value());
    spawn(executor_, accept_loop(listener_.get()));
  }
  ~PeerServer() {
    with([this](ScriptPeer&) { listener_.reset(); });
    executor_.finish();
    EXPECT_TRUE(executor_.join_for(seconds(5)));
  }
  std::string address() { return "127.0.0.1:" + std::to_string(listener_->port()); }
  // Runs on the peer's thread.
  void with(std::function<void(ScriptPeer&)> act) {
    std::promise<void> done;
    executor_.post([&] {
      act(peer_);
      done.set_value();
    });
    done.get_future().get();
  }
  std::map<std::pair<RunId, WriterId>, PeerStream> streams() {
    std::map<std::pair<RunId, WriterId>, PeerStream> copy;
    with([&](ScriptPeer& peer) { copy = peer.streams; });
    return copy;
  }
  std::uint64_t points() {
    std::uint64_t n = 0;
    for (const auto& [key, stream] : streams()) n += count(points_of_frames(stream.applied));
    return n;
  }

 private:
  Task<void> accept_loop(net::Listener* listener) {
    for (;;) {
      auto accepting = listener->accept();
      auto stream = co_await std::move(accepting);
      if (!stream) break;
      peer_.attach(std::move(stream.value()));
    }
  }
  net::AsioExecutor executor_;
  ScriptPeer peer_;
  std::unique_ptr<net::Listener> listener_;
};

struct ProcessTest : testing::Test {
  std::string directory;
  ClientOptions options;

  void SetUp() override {
    char name[] = "/tmp/stepwell-client-XXXXXX";
    directory = mkdtemp(name);
    options.spool = directory + "/spool";
    options.experiment = "test";
    options.flush_interval = milliseconds(50);
    options.close_wait = seconds(5);
  }
  void TearDown() override { std::filesystem::remove_all(directory); }

  SpoolListing listing() {
    io::PosixFileSystem files;
    auto found = list_spool(files, {options.spool});
    return found ? found.value() : SpoolListing();
  }
  // Points and steps that lie in the spool, over all its writers.
  PointsBySeries spooled(std::vector<FileDamage>* damages = nullptr) {
    io::PosixFileSystem files;
    PointsBySeries points;
    std::vector<FileDamage> found;
    for (const auto& writer : listing().writers) {
      auto source = SpooledSource::open(files, writer, found).value();
      for (std::uint64_t s = 1; s <= source->last_sequence(); ++s) {
        const auto frame = source->from(s).value();
        if (frame && frame->first == s && frame->kind == protocol::Kind::kBatch) {
          add_points(points, as_bytes(frame->bytes).subspan(sizeof(protocol::FrameHeader)));
        }
      }
    }
    if (damages) *damages = found;
    return points;
  }
};

TEST_F(ProcessTest, LogsToAServer) {
  PeerServer server;
  options.server = server.address();
  {
    Client client(options);
    client.params({{"lr", "0.1"}, {"", "left out"}});
    for (int step = 0; step < 1000; ++step) client.log(step, {{"loss", 1.0 / step}, {"acc", 0.5}});
    client.log("single", 3.5, 7);
    client.log_at(client.context({{"rank", "1"}}), 5, 6, std::vector<Client::Value>{{"loss", 2.0}});
    client.end();
    EXPECT_TRUE(client.flush(seconds(10)));
    const Account account = client.account();
    EXPECT_EQ(account.accepted, 2002u);
    EXPECT_EQ(account.acknowledged, 2002u);
    EXPECT_EQ(account.queued, 0u);
    EXPECT_TRUE(account.connected);
  }
  EXPECT_EQ(server.points(), 2002u);
  EXPECT_TRUE(listing().writers.empty());  // All of it was decided.
}

TEST_F(ProcessTest, ReconnectsToAServerThatComesLate) {
  std::uint16_t port = 0;
  {
    PeerServer finds_a_port;
    options.server = finds_a_port.address();
    port = net::parse_address(options.server).value().port;
  }
  Client client(options);
  client.log("a", 1, 1);
  EXPECT_FALSE(client.flush(milliseconds(300)));
  EXPECT_EQ(client.account().spooled, 1u);
  net::AsioExecutor executor;
  ScriptPeer peer(executor);
  executor.start("late");
  auto listener = net::tcp_listen(executor, "127.0.0.1", port).value().release();
  const auto accept = [&]() -> Task<void> {
    auto accepting = listener->accept();
    auto stream = co_await std::move(accepting);
    if (stream) peer.attach(std::move(stream.value()));
  };
  spawn(executor, accept());
  EXPECT_TRUE(client.flush(seconds(10)));
  EXPECT_EQ(client.account().acknowledged, 1u);
  executor.post([listener] { delete listener; });
  std::promise<void> done;
  executor.post([&] { done.set_value(); });
  done.get_future().get();
}

TEST_F(ProcessTest, OfflineIsReplayedLater) {
  {
    Client client(options);
    for (int step = 0; step < 100; ++step) client.log(step, {{"loss", 1.0}});
    client.end();
  }
  EXPECT_EQ(spooled()["loss"].size(), 100u);
  PeerServer server;
  for (int round = 0; round < 3; ++round) {
    const auto report = replay_blocking(server.address(), {options.spool}, {}, nullptr);
    ASSERT_TRUE(report) << report.error().text;
    EXPECT_TRUE(report.value().complete());
  }
  EXPECT_EQ(server.points(), 100u);
}

TEST_F(ProcessTest, ManyClientsLiveInOneProcess) {
  PeerServer server;
  options.server = server.address();
  {
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < 8; ++i) clients.push_back(std::make_unique<Client>(options));
    for (int step = 0; step < 50; ++step) {
      for (auto& client : clients) client->log("x", step, step);
    }
    for (auto& client : clients) EXPECT_TRUE(client->flush(seconds(10)));
  }
  EXPECT_EQ(server.points(), 400u);
  EXPECT_EQ(server.streams().size(), 8u);
}

TEST_F(ProcessTest, AForkedChildIsAWriterOfItsOwn) {
  PeerServer server;
  options.server = server.address();
  auto client = std::make_unique<Client>(options);
  for (int round = 0; round < 10; ++round) {
    client->log("parent", round, round);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      client->log("child", round, round);
      const bool flushed = client->flush(seconds(10));
      const bool counted = client->account().accepted == 1;
      client.reset();
      _exit(flushed && counted ? 0 : 1);
    }
    int status = -1;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  EXPECT_TRUE(client->flush(seconds(10)));
  EXPECT_EQ(client->account().accepted, 10u);
  client.reset();
  const auto streams = server.streams();
  EXPECT_EQ(streams.size(), 11u);  // Ten children and the parent, one run.
  for (const auto& [key, stream] : streams) EXPECT_EQ(stream.duplicates, 0u);
  EXPECT_EQ(server.points(), 20u);
}

TEST_F(ProcessTest, AChildThatLogsNothingLeavesNoTrace) {
  auto client = std::make_unique<Client>(options);
  const pid_t child = fork();
  if (child == 0) {
    client.reset();
    _exit(0);
  }
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  client->log("a", 1, 1);
  EXPECT_TRUE(client->flush(seconds(5)));
  client.reset();
  EXPECT_EQ(listing().writers.size(), 1u);
}

// The child tells the time of each call through shared memory; after the kill, everything that is
// older than the flush interval (and some scheduling slack) must be in the spool.
TEST_F(ProcessTest, AKillLosesAtMostTheFlushInterval) {
  constexpr auto kSlack = milliseconds(400);
  for (int round = 0; round < 5; ++round) {
    options.run = run_id(static_cast<std::uint8_t>(round + 1));
    std::filesystem::remove_all(options.spool);
    int line[2];
    ASSERT_EQ(pipe(line), 0);
    const pid_t child = fork();
    if (child == 0) {
      Client client(options);
      for (std::int64_t step = 0;; ++step) {
        client.log("loss", static_cast<double>(step), step);
        if (write(line[1], &step, sizeof step) != sizeof step) _exit(1);
        std::this_thread::sleep_for(milliseconds(1));
      }
    }
    close(line[1]);
    std::vector<std::pair<std::chrono::steady_clock::time_point, std::int64_t>> seen;
    std::int64_t step = 0;
    const auto end = std::chrono::steady_clock::now() + milliseconds(700 + 37 * round);
    while (std::chrono::steady_clock::now() < end && read(line[0], &step, sizeof step) > 0) {
      seen.emplace_back(std::chrono::steady_clock::now(), step);
    }
    kill(child, SIGKILL);
    const auto killed = std::chrono::steady_clock::now();
    waitpid(child, nullptr, 0);
    close(line[0]);
    std::vector<FileDamage> damages;
    const auto points = spooled(&damages);
    for (const auto& damage : damages) EXPECT_TRUE(damage.tail) << damage.reason;
    ASSERT_TRUE(points.contains("loss"));
    const auto& list = points.at("loss");
    for (std::size_t i = 0; i < list.size(); ++i) {
      ASSERT_EQ(list[i].step, static_cast<std::int64_t>(i));  // A prefix, nothing twice.
    }
    std::int64_t must_have = -1;
    for (const auto& [when, which] : seen) {
      if (killed - when > options.flush_interval + kSlack) must_have = which;
    }
    EXPECT_GT(must_have, 0);
    EXPECT_GT(static_cast<std::int64_t>(list.size()), must_have);
  }
}

TEST_F(ProcessTest, BadOptionsOnlyWarn) {
  options.server = "no port here";
  options.experiment = std::string("\x01", 1);
  options.labels = {{"", "x"}};
  options.tags = {{"ok", "1"}, {"", "2"}};
  options.parent_run = "xyz";
  Client client(options);
  client.log("a", 1, 1);
  EXPECT_TRUE(client.flush(seconds(5)));  // Offline.
  EXPECT_EQ(spooled()["a"].size(), 1u);
}

TEST_F(ProcessTest, AnUnwritableSpoolKillsNothing) {
  options.spool = "/proc/nowhere";
  options.queue_bytes = 10'000;
  Client client(options);
  for (int i = 0; i < 10'000; ++i) client.log("a", 1, i);
  EXPECT_FALSE(client.flush(milliseconds(500)));
  const Account account = client.account();
  EXPECT_GT(account.dropped, 0u);
  EXPECT_EQ(account.accepted, account.spooled + account.dropped + account.queued);
  EXPECT_FALSE(account.last_error.empty());
}

}  // namespace
}  // namespace stepwell::client
