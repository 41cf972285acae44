// The log on the real disk: group commit at several record sizes, and recovery. The directory is
// STEPWELL_BENCH_DIR or the system's temporary one.
#include <benchmark/benchmark.h>

#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <mutex>
#include <string>
#include <thread>

#include "engine/io/net/asio_executor.hpp"
#include "engine/io/posix.hpp"
#include "engine/wal/log.hpp"

namespace stepwell::wal {
namespace {

// An executor on a thread of its own.
class ThreadExecutor {
 public:
  ThreadExecutor() { executor_.start("wal-bench"); }
  Executor* operator->() { return &executor_; }
  operator Executor&() { return executor_; }  // NOLINT(google-explicit-constructor)
  // Runs `job` there and waits for it.
  template <typename F>
  void run(F job) {
    std::promise<void> done;
    executor_.post([&] {
      job();
      done.set_value();
    });
    done.get_future().wait();
  }

 private:
  net::AsioExecutor executor_;
};

struct Place {
  Place() {
    const char* const wanted = std::getenv("STEPWELL_BENCH_DIR");
    const std::filesystem::path parent =
        wanted != nullptr ? std::filesystem::path(wanted) : std::filesystem::temp_directory_path();
    path = (parent / "stepwell-wal-bench").string();
    std::filesystem::remove_all(path);
  }
  ~Place() { std::filesystem::remove_all(path); }
  std::string path;
};

// A log with its threads. `in_flight_max`: how many records may wait for their acknowledgement.
class Bench {
 public:
  explicit Bench(const std::string& directory) {
    sequencer_.run([&] {
      const Environment environment{files_, sequencer_, background_, random_};
      Options options;
      options.pool_segments_min = 8;
      auto opened = Log::open(
          environment, directory, options, {}, [](GroupPtr) { return Result<void>(ok()); },
          report_);
      if (opened.has_error()) std::abort();
      log_ = std::move(opened.value());
      log_->set_callbacks([this](GroupPtr group) { durable(*group); },
                          [](const Error&) { std::abort(); });
    });
    while (pooled() < 8) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  ~Bench() {
    sequencer_.run([&] { log_.reset(); });
  }

  // Appends `records` of `bytes` and returns when all are durable.
  void append(std::size_t records, std::size_t bytes, std::size_t in_flight_max) {
    payload_.resize(bytes);
    left_ = records;
    in_flight_max_ = in_flight_max;
    sequencer_->post([this] { feed(); });
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return finished_; });
    finished_ = false;
  }
  std::uint64_t groups() {
    std::uint64_t groups = 0;
    sequencer_.run([&] { groups = log_->stats().groups_written; });
    return groups;
  }

 private:
  std::size_t pooled() {
    std::size_t n = 0;
    sequencer_.run([&] { n = log_->stats().segments_pooled; });
    return n;
  }
  void feed() {
    const Bytes parts[] = {as_bytes(payload_)};
    while (left_ > 0 && in_flight_ < in_flight_max_) {
      if (log_->append({}, parts).has_error()) {
        sequencer_->post_after(milliseconds(1), [this] { feed(); });
        return;
      }
      --left_;
      ++in_flight_;
    }
  }
  void durable(const Group& group) {
    in_flight_ -= group.records().size();
    if (keep_) return check();
    log_->release("bench", group.last_lsn());
    check();
  }
  void check() {
    feed();
    if (left_ > 0 || in_flight_ > 0) return;
    const std::lock_guard lock(mutex_);
    finished_ = true;
    changed_.notify_one();
  }

 public:
  bool keep_ = false;  // Nothing is released.

 private:
  io::PosixFileSystem files_;
  SystemRandom random_;
  ThreadExecutor background_;
  ThreadExecutor sequencer_;
  RecoveryReport report_;
  std::unique_ptr<Log> log_;
  std::string payload_;
  std::size_t left_ = 0;
  std::size_t in_flight_ = 0;
  std::size_t in_flight_max_ = 1;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool finished_ = false;
};

// One record after the other, each durable before the next: the latency of an acknowledgement.
void commit_one(benchmark::State& state) {
  const Place place;
  Bench bench(place.path);
  const auto bytes = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) bench.append(1, bytes, 1);
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(commit_one)->Arg(4 << 10)->Arg(64 << 10)->Arg(1 << 20)->UseRealTime();

// As much as the disk takes, 16 MiB unacknowledged.
void stream(benchmark::State& state) {
  const Place place;
  Bench bench(place.path);
  const auto bytes = static_cast<std::size_t>(state.range(0));
  const std::size_t in_flight = (std::size_t{16} << 20) / bytes;
  const std::size_t records = (std::size_t{256} << 20) / bytes;
  for (auto _ : state) bench.append(records, bytes, in_flight);
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(records * bytes));
  state.counters["groups"] = static_cast<double>(bench.groups());
}
BENCHMARK(stream)->Arg(4 << 10)->Arg(64 << 10)->Arg(1 << 20)->UseRealTime();

// Opening a log of 1 GiB from the disk, every record handed out.
void recovery(benchmark::State& state) {
  const Place place;
  {
    Bench bench(place.path);
    bench.keep_ = true;
    bench.append(1024, 1 << 20, 16);
  }
  std::int64_t bytes = 0;
  for (auto _ : state) {
    io::PosixFileSystem files;
    SystemRandom random;
    ThreadExecutor executor;
    Options options;
    options.read_only = true;
    RecoveryReport report;
    const Environment environment{files, executor, executor, random};
    auto opened = Log::open(
        environment, place.path, options, {}, [](GroupPtr) { return Result<void>(ok()); }, report);
    if (opened.has_error() || report.records != 1024) std::abort();
    bytes += static_cast<std::int64_t>(report.bytes);
  }
  state.SetBytesProcessed(bytes);
}
BENCHMARK(recovery)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace stepwell::wal
