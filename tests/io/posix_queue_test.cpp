// Durable writes on the real disk, by every way there is.
#include "engine/io/posix_queue.hpp"

#include <gmock/gmock.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "engine/base/hand_executor.hpp"
#include "tests/io/temporary_directory.hpp"

namespace stepwell::io {
namespace {

// A hand-driven executor that other threads may post to.
class SharedExecutor final : public Executor {
 public:
  void post(Job job) override {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
    changed_.notify_one();
  }
  TimerId post_after(Instant, Job) override { return 1; }
  bool cancel(TimerId) override { return false; }
  Instant now() const override { return Instant(0); }
  void run_one() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !jobs_.empty(); });
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;
};

struct Case {
  const char* name;
  PosixOptions options;
  const char* description;
};

class PosixQueueTest : public ::testing::TestWithParam<Case> {
 protected:
  static constexpr std::size_t kFileBytes = 1 << 20;
  std::string make_file(const char* name) {
    const std::string path = directory_.path() + "/" + name;
    auto file = files_.open(path, OpenMode::kCreate);
    EXPECT_TRUE(file.value()->write_at(Bytes(zeros_), 0).has_value());
    return path;
  }
  std::string read(const std::string& path) {
    std::string text(kFileBytes, '\0');
    auto file = files_.open(path, OpenMode::kRead);
    EXPECT_EQ(
        file.value()->read_at({reinterpret_cast<std::byte*>(text.data()), text.size()}, 0).value(),
        text.size());
    return text;
  }

  TemporaryDirectory directory_;
  PosixFileSystem files_{GetParam().options};
  SharedExecutor executor_;
  std::vector<std::byte> zeros_ = std::vector<std::byte>(kFileBytes);
};

TEST_P(PosixQueueTest, ManyWritesToTwoFilesCompleteOnceAndAreThere) {
  auto queue = files_.durable_queue(executor_, 4).value();
  const std::string paths[] = {make_file("a"), make_file("b")};
  std::unique_ptr<DurableFile> targets[] = {queue->open(paths[0]).value(),
                                            queue->open(paths[1]).value()};
  EXPECT_THAT(queue->description(), ::testing::StartsWith(GetParam().description));
  auto* const memory = static_cast<std::byte*>(std::aligned_alloc(4096, kFileBytes));
  SeededRandom random(1);
  for (std::size_t i = 0; i < kFileBytes; ++i)
    memory[i] = static_cast<std::byte>(random.next_u64());
  int completed = 0;
  int writes = 0;
  for (int file = 0; file < 2; ++file) {
    for (std::size_t at = 0; at < kFileBytes;) {
      const std::size_t n = std::min<std::size_t>(4096 * (1 + random.below(40)), kFileBytes - at);
      queue->write(*targets[file], {memory + at, n}, at, [&](Result<void> result) {
        EXPECT_TRUE(result.has_value()) << result.error().text;
        ++completed;
      });
      ++writes;
      at += n;
    }
  }
  while (completed < writes) executor_.run_one();
  queue.reset();
  const std::string expected(reinterpret_cast<const char*>(memory), kFileBytes);
  EXPECT_TRUE(read(paths[0]) == expected);
  EXPECT_TRUE(read(paths[1]) == expected);
  std::free(memory);
}

TEST_P(PosixQueueTest, AQueueThatGoesAwayWaitsAndCallsNobody) {
  const std::string path = make_file("a");
  alignas(4096) static std::byte block[64 << 10];
  for (int round = 0; round < 20; ++round) {
    auto queue = files_.durable_queue(executor_, 4).value();
    auto target = queue->open(path).value();
    for (int i = 0; i < 8; ++i) {
      queue->write(*target, block, 0, [](Result<void>) { FAIL() << "called after the end"; });
    }
    queue.reset();
  }
  executor_.post([] {});
  executor_.run_one();
}

TEST_P(PosixQueueTest, AFailingWriteSaysSo) {
  auto queue = files_.durable_queue(executor_, 4).value();
  EXPECT_EQ(queue->open(directory_.path() + "/none").error().kind, ErrorKind::kNotFound);
  auto target = queue->open(make_file("a")).value();
  alignas(4096) static std::byte block[4096];
  std::optional<Result<void>> seen;
  // Beyond what a file can be.
  queue->write(*target, block, std::uint64_t{1} << 62, [&](Result<void> result) { seen = result; });
  while (!seen) executor_.run_one();
  EXPECT_TRUE(seen->has_error());
}

// The disk of the test machine may refuse what the first case wants; then it is one of the others.
INSTANTIATE_TEST_SUITE_P(Each, PosixQueueTest,
                         ::testing::Values(Case{"best", {}, ""},
                                           Case{"direct", {.io_uring = false}, "pwrite "},
                                           Case{"plain", {false, false}, "pwrite + fdatasync"}),
                         [](const auto& chosen) { return chosen.param.name; });

}  // namespace
}  // namespace stepwell::io
