// The trainer's Client as its process sees it: real files and sockets.

#include <thread>

#include "engine/base/spawn.hpp"
#include "tests/client/process_fixture.hpp"
#include "tests/client/slow_disk.hpp"

namespace stepwell::client {
namespace {

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
  auto client = std::make_unique<Client>(options);
  client->log("a", 1, 1);
  EXPECT_FALSE(client->flush(milliseconds(300)));
  EXPECT_EQ(client->account().spooled, 1u);
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
  EXPECT_TRUE(client->flush(seconds(10)));
  EXPECT_EQ(client->account().acknowledged, 1u);
  client.reset();
  executor.post([listener] { delete listener; });
  executor.finish();
  EXPECT_TRUE(executor.join_for(seconds(5)));
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

// The background thread sits in a sync when the client is closed: what is queued waits for it.
TEST_F(ProcessTest, ClosingWaitsForASlowDisk) {
  for (const bool online : {false, true}) {
    options.run = run_id(online ? 2 : 1);
    if (online) options.server = "127.0.0.1:1";  // Nobody is there.
    options.durability = Durability::kAlways;
    fdatasync_takes_ms = 800;
    {
      // The first flush writes twice; what comes during its second sync is still queued at the end.
      Client client(options);
      for (int step = 0; step < 90; ++step) {
        client.log("slow", step, step);
        std::this_thread::sleep_for(milliseconds(10));
      }
    }
    fdatasync_takes_ms = 0;
    EXPECT_EQ(spooled()["slow"].size(), online ? 180u : 90u);
  }
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
