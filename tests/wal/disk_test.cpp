// The log on the real disk with real threads: io_uring where it is allowed, and the fallbacks.
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>

#include "engine/io/posix.hpp"
#include "engine/wal/log.hpp"
#include "tests/io/temporary_directory.hpp"
#include "tests/wal/log_fixture.hpp"
#include "tests/wal/thread_executor.hpp"

namespace stepwell::wal {
namespace {

class LogOnDisk : public ::testing::TestWithParam<io::PosixOptions> {};

TEST_P(LogOnDisk, WhatWasAcknowledgedIsThereAfterReopening) {
  const io::TemporaryDirectory directory;
  io::PosixFileSystem files(GetParam());
  SystemRandom random;
  Options options;
  options.segment_bytes = 1 << 20;
  options.group_bytes_max = 256 << 10;
  constexpr std::uint64_t kRecords = 2000;
  Lsn applied;
  std::vector<Lsn> lsns;
  for (int life = 0; life < 3; ++life) {
    ThreadExecutor background;
    ThreadExecutor sequencer;
    const Environment environment{files, sequencer, background, random};
    std::unique_ptr<Log> log;
    RecoveryReport report;
    std::vector<Seen> recovered;
    std::vector<Seen> durable;
    sequencer.run([&] {
      auto opened = Log::open(
          environment, directory.path() + "/wal", options, applied,
          [&](GroupPtr group) {
            LogOnWorld::collect(recovered, *group);
            return Result<void>(ok());
          },
          report);
      ASSERT_TRUE(opened.has_value()) << opened.error().text;
      log = std::move(opened.value());
      log->set_callbacks([&](GroupPtr group) { LogOnWorld::collect(durable, *group); },
                         [](const Error& error) { FAIL() << error.text; });
    });
    ASSERT_EQ(recovered.size(), lsns.size());
    for (std::size_t i = 0; i < lsns.size(); ++i) {
      ASSERT_EQ(recovered[i].lsn, lsns[i]);
      ASSERT_EQ(recovered[i].payload, payload_of(i, i * 37 % 9000));
    }
    const std::size_t before = lsns.size();
    for (std::uint64_t i = before; i < before + kRecords;) {
      sequencer.run([&] {
        const std::string payload = payload_of(i, i * 37 % 9000);
        const Bytes parts[] = {as_bytes(payload).first(payload.size() / 2),
                               as_bytes(payload).subspan(payload.size() / 2)};
        const auto lsn = log->append({}, parts);
        if (lsn.has_error()) return;  // The pool is behind: try again.
        lsns.push_back(lsn.value());
        ++i;
      });
    }
    std::optional<Result<void>> closed;
    std::mutex mutex;
    std::condition_variable done;
    sequencer.run([&] {
      log->close([&](Result<void> result) {
        const std::lock_guard lock(mutex);
        closed = std::move(result);
        done.notify_one();
      });
    });
    {
      std::unique_lock lock(mutex);
      done.wait(lock, [&] { return closed.has_value(); });
    }
    EXPECT_TRUE(closed->has_value());
    EXPECT_EQ(durable.size(), kRecords);
    sequencer.run([&] { log.reset(); });
  }
}

INSTANTIATE_TEST_SUITE_P(Each, LogOnDisk,
                         ::testing::Values(io::PosixOptions{}, io::PosixOptions{false, true},
                                           io::PosixOptions{false, false}),
                         [](const auto& chosen) {
                           return chosen.param.io_uring
                                      ? "uring"
                                      : (chosen.param.direct ? "direct" : "plain");
                         });

}  // namespace
}  // namespace stepwell::wal
