// engine/io/net: the executor, TCP streams and the pipe in memory.

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
#include <future>
#include <thread>

#include "engine/base/hand_executor.hpp"
#include "engine/base/spawn.hpp"
#include "engine/io/net/memory_pipe.hpp"
#include "engine/io/net/tcp.hpp"

namespace stepwell::net {
namespace {

using std::chrono::seconds;

// Runs `work` on the executor and waits for its value.
template <typename T>
T run_on(AsioExecutor& executor, Task<T> work) {
  std::promise<T> done;
  auto wrap = [](Task<T> task, std::promise<T>& promise) -> Task<void> {
    promise.set_value(co_await std::move(task));
  };
  spawn(executor, wrap(std::move(work), done));
  return done.get_future().get();
}

Task<std::string> read_all(Stream& stream) {
  std::string all(1 << 16, '\0');
  std::string out;
  for (;;) {
    auto reading = stream.read_some({reinterpret_cast<std::byte*>(all.data()), all.size()});
    auto count = co_await std::move(reading);
    if (!count) co_return out + "!" + count.error().text;
    if (count.value() == 0) co_return out;
    out.append(all, 0, count.value());
  }
}

TEST(Address, ParsesWhatPeopleWrite) {
  EXPECT_EQ(parse_address("localhost:5000").value().port, 5000);
  EXPECT_EQ(parse_address("[::1]:80").value().host, "::1");
  EXPECT_EQ(parse_address("[::1]:80").value().text(), "[::1]:80");
  for (const char* bad : {"", "localhost", ":80", "a:", "a:65536", "a:-1", "a:8x", "::1:80"}) {
    EXPECT_FALSE(parse_address(bad)) << bad;
  }
}

TEST(AsioExecutor, RunsPostsInOrderAndTimersByTime) {
  AsioExecutor executor;
  executor.start("test");
  std::string order;
  std::promise<void> done;
  executor.post_after(milliseconds(30), [&] {
    order += "d";
    done.set_value();
  });
  executor.post_after(milliseconds(15), [&] { order += "c"; });
  executor.post([&] {
    order += "a";
    executor.post([&] { order += "b"; });
  });
  const TimerId never = executor.post_after(milliseconds(20), [&] { order += "x"; });
  EXPECT_TRUE(executor.cancel(never));
  EXPECT_FALSE(executor.cancel(never));
  done.get_future().wait();
  EXPECT_EQ(order, "abcd");
}

TEST(AsioExecutor, FinishEndsOnceNothingIsLeft) {
  AsioExecutor executor;
  executor.start("test");
  std::atomic<int> ran = 0;
  executor.post_after(milliseconds(20), [&] { ++ran; });
  const TimerId far = executor.post_after(seconds(60), [&] { ran += 100; });
  executor.finish();
  EXPECT_TRUE(executor.cancel(far));
  executor.join();
  EXPECT_EQ(ran, 1);
}

TEST(AsioExecutor, PostsFromManyThreads) {
  AsioExecutor executor;
  executor.start("test");
  int ran = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 1000; ++j) {
        executor.post([&] { ++ran; });
        if (j % 10 == 0) executor.post_after(milliseconds(1), [&] { ++ran; });
      }
    });
  }
  for (auto& thread : threads) thread.join();
  executor.finish();
  executor.join();
  EXPECT_EQ(ran, 4400);
}

struct TcpTest : testing::Test {
  void SetUp() override {
    server.start("server");
    home.start("home");
    client.start("client");
    auto opened = tcp_listen(server, "127.0.0.1", 0);
    ASSERT_TRUE(opened) << opened.error().text;
    listener = std::move(opened.value());
  }
  void TearDown() override {
    on(server, [&] { listener.reset(); });
    for (AsioExecutor* executor : {&server, &home, &client}) {
      executor->finish();
      executor->join();
    }
  }
  void on(AsioExecutor& executor, std::function<void()> act) {
    std::promise<void> done;
    executor.post([&] {
      act();
      done.set_value();
    });
    done.get_future().get();
  }
  AsioExecutor server, home, client;
  std::unique_ptr<Listener> listener;
};

TEST_F(TcpTest, CarriesBytesToAnotherExecutor) {
  AsioConnector connector(client, {"127.0.0.1", listener->port()});
  auto accepted =
      std::async(std::launch::async, [&] { return run_on(server, listener->accept(home)); });
  auto stream = run_on(client, connector.connect());
  ASSERT_TRUE(stream) << stream.error().text;
  auto peer = accepted.get();
  ASSERT_TRUE(peer);
  const std::string sent(1 << 20, 'q');
  auto got = std::async(std::launch::async, [&] { return run_on(home, read_all(*peer.value())); });
  EXPECT_TRUE(run_on(client, stream.value()->write_all(as_bytes(sent))));
  on(client, [&] { stream.value()->close(); });
  EXPECT_EQ(got.get(), sent);
  on(client, [&] { stream.value().reset(); });
  on(home, [&] { peer.value().reset(); });
}

TEST_F(TcpTest, CloseFailsTheReadUnderWay) {
  AsioConnector connector(client, {"localhost", listener->port()});
  auto accepted =
      std::async(std::launch::async, [&] { return run_on(server, listener->accept()); });
  auto stream = run_on(client, connector.connect());
  auto peer = accepted.get();
  ASSERT_TRUE(stream) << stream.error().text;
  auto reading =
      std::async(std::launch::async, [&] { return run_on(client, read_all(*stream.value())); });
  on(client, [&] { client.post_after(milliseconds(10), [&] { stream.value()->close(); }); });
  EXPECT_EQ(reading.get(), "!closed");
  on(client, [&] { stream.value().reset(); });
  on(server, [&] { peer.value().reset(); });
}

TEST_F(TcpTest, ConnectFailuresAreErrors) {
  AsioConnector refused(client, {"127.0.0.1", 1});
  EXPECT_FALSE(run_on(client, refused.connect()));
  AsioConnector unknown(client, {"no-such-host.invalid", 1});
  EXPECT_FALSE(run_on(client, unknown.connect()));
  auto taken = tcp_listen(server, "127.0.0.1", listener->port());
  ASSERT_FALSE(taken);
  EXPECT_NE(taken.error().text.find("listen on 127.0.0.1:"), std::string::npos);
}

TEST_F(TcpTest, AcceptSurvivesRunningOutOfDescriptors) {
#if defined(__has_feature)
#if __has_feature(undefined_behavior_sanitizer)
  GTEST_SKIP() << "the sanitizer's own check of an object's type wants a descriptor";
#endif
#endif
  AsioConnector connector(client, {"127.0.0.1", listener->port()});
  auto stream = run_on(client, connector.connect());  // Waits in the backlog.
  ASSERT_TRUE(stream);
  rlimit before{}, none{};
  getrlimit(RLIMIT_NOFILE, &before);
  none = before;
  none.rlim_cur = 3;
  setrlimit(RLIMIT_NOFILE, &none);
  auto accepted =
      std::async(std::launch::async, [&] { return run_on(server, listener->accept()); });
  const bool early = accepted.wait_for(milliseconds(120)) == std::future_status::ready;
  setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_FALSE(early);
  auto peer = accepted.get();
  EXPECT_TRUE(peer);
  on(client, [&] { stream.value().reset(); });
  on(server, [&] { peer.value().reset(); });
}

TEST_F(TcpTest, ClosingTheListenerEndsAccept) {
  auto accepted =
      std::async(std::launch::async, [&] { return run_on(server, listener->accept()); });
  std::this_thread::sleep_for(milliseconds(10));
  on(server, [&] { listener->close(); });
  const auto result = accepted.get();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().text, "closed");
}

struct PipeTest : testing::Test {
  HandExecutor executor;
  std::string got;
  int writes = 0;

  Task<void> collect(Stream& stream) {
    auto reading = read_all(stream);
    got = co_await std::move(reading);
  }
  Task<void> send(Stream& stream, std::string text) {
    auto writing = stream.write_all(as_bytes(text));
    const auto sent = co_await std::move(writing);
    writes += sent ? 1 : 100;
  }
};

TEST_F(PipeTest, IsBoundedAndKeepsOrder) {
  auto pipe = memory_pipe(executor, executor, {.capacity = 10});
  spawn(executor, send(*pipe.first, "0123456789abcdef"));
  executor.run_ready();
  EXPECT_EQ(writes, 0);  // Only ten bytes fit.
  spawn(executor, collect(*pipe.second));
  executor.run_ready();
  EXPECT_EQ(writes, 1);
  pipe.first->close();
  executor.run_ready();
  EXPECT_EQ(got, "0123456789abcdef");
}

TEST_F(PipeTest, LatencyStallAndCut) {
  auto pipe = memory_pipe(executor, executor,
                          {.latency = milliseconds(5), .chunk = [](std::size_t) { return 1; }});
  spawn(executor, collect(*pipe.second));
  spawn(executor, send(*pipe.first, "abc"));
  pipe.control->cut_after(2);
  executor.advance(milliseconds(4));
  EXPECT_EQ(got, "");
  pipe.control->stall(true);
  executor.advance(milliseconds(10));
  EXPECT_EQ(got, "");
  pipe.control->stall(false);
  executor.advance(milliseconds(10));
  EXPECT_EQ(got, "ab!connection reset");
}

}  // namespace
}  // namespace stepwell::net
