// Processes that fork and that are killed.

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include <atomic>
#include <thread>

#include "tests/client/process_fixture.hpp"

namespace stepwell::client {
namespace {

#if defined(__SANITIZE_THREAD__)
#define STEPWELL_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define STEPWELL_TSAN 1
#endif
#endif

TEST_F(ProcessTest, AForkedChildIsAWriterOfItsOwn) {
#ifdef STEPWELL_TSAN
  GTEST_SKIP() << "ThreadSanitizer ends a forked child that starts a thread";
#endif
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

// Waits for a child at most this long; a child that hangs is killed.
bool ends_well(pid_t child, milliseconds longest) {
  const auto end = std::chrono::steady_clock::now() + longest;
  for (;;) {
    int status = -1;
    if (waitpid(child, &status, WNOHANG) == child) return status == 0;
    if (std::chrono::steady_clock::now() > end) break;
    std::this_thread::sleep_for(milliseconds(1));
  }
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  return false;
}

// Another thread is in the middle of a line of the log when the process forks.
TEST_F(ProcessTest, AForkWhileAThreadLogsDoesNotHangTheChild) {
#ifdef STEPWELL_TSAN
  GTEST_SKIP() << "ThreadSanitizer ends a forked child that starts a thread";
#endif
  const int errors = dup(STDERR_FILENO);
  const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
  dup2(nowhere, STDERR_FILENO);
  auto client = std::make_unique<Client>(options);
  std::atomic<bool> stop = false;
  std::thread warned([&] {
    while (!stop) client->params({{"bad\nkey", "the library warns of it"}});
  });
  int hung = 0;
  for (int round = 0; round < 60 && hung == 0; ++round) {
    const pid_t child = fork();
    if (child == 0) {
      client->params({{"bad\nkey", "v"}});
      client->log("child", 1, 1);
      _exit(0);
    }
    if (!ends_well(child, seconds(5))) ++hung;
  }
  stop = true;
  warned.join();
  client.reset();
  dup2(errors, STDERR_FILENO);
  close(errors);
  close(nowhere);
  EXPECT_EQ(hung, 0);
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

}  // namespace
}  // namespace stepwell::client
