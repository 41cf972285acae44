#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <thread>

#include "bench/measure.hpp"
#include "engine/base/clock.hpp"
#include "protocol/client/reader.hpp"
#include "protocol/messages.hpp"

namespace stepwell::bench {
namespace {

constexpr double kLiveBytesMax = 8e9;

Result<void> purge(client::BlockingReader& reader, RunId run) {
  TRY(reader.set_run_deleted(run, true));
  return reader.purge_run(run);
}

// What is purged is live until a checkpoint and the sweep behind it.
constexpr auto kSwept = std::chrono::seconds(8);

// Keeps the live data at its size: purges the oldest runs.
class Keeper {
 public:
  explicit Keeper(const Server& server) : server_(server), thread_([this] { work(); }) {}
  ~Keeper() {
    done_ = true;
    thread_.join();
  }
  std::uint64_t purged() const { return purged_; }
  std::optional<Error> error() const { return failed_ ? error_ : std::nullopt; }

 private:
  void work() {
    while (!done_) {
      const std::uint64_t before = purged_;
      if (const auto kept = keep(); !kept) {
        error_ = kept.error();
        failed_ = true;
        return;
      }
      const auto until =
          std::chrono::steady_clock::now() + (purged_ > before ? kSwept : std::chrono::seconds(1));
      while (!done_ && std::chrono::steady_clock::now() < until) {
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
      }
    }
  }
  Result<void> keep() {
    TRY(const auto stats, index_stats(server_));
    double excess = static_cast<double>(stats.file_bytes - stats.free_bytes) - kLiveBytesMax;
    if (excess <= 0) return ok();
    TRY(const auto reader, client::BlockingReader::open(server_.address()));
    wire::ListRunsT question;
    question.limit = 100;
    TRY(const auto oldest, reader->list_runs(question));
    for (const auto& info : oldest.runs) {
      if (excess <= 0) break;
      const auto run = protocol::from_wire<RunId>(*info->run);
      TRY(const auto storage, reader->run_storage(run));
      TRY(purge(*reader, run));
      excess -= static_cast<double>(storage.chunk_bytes + storage.tail_bytes);
      ++purged_;
    }
    return ok();
  }

  const Server& server_;
  std::atomic<bool> done_{false};
  std::atomic<std::uint64_t> purged_{0};
  std::optional<Error> error_;  // Once failed_.
  std::atomic<bool> failed_{false};
  std::thread thread_;
};

// Reads the history of one series after another, of any run.
class Readers {
 public:
  explicit Readers(const Server& server) : server_(server), thread_([this] { work(); }) {}
  ~Readers() {
    done_ = true;
    thread_.join();
  }
  std::uint64_t points() const { return points_; }
  std::uint64_t failures() const { return failures_; }

 private:
  void work() {
    while (!done_) {
      if (const auto read = read_one(); !read) ++failures_;
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  }
  Result<void> read_one() {
    TRY(const auto reader, client::BlockingReader::open(server_.address()));
    TRY(const auto runs, reader->all_runs());
    if (runs.empty()) return ok();
    wire::HistoryT question;
    question.run = std::make_unique<wire::Id>(*runs[random_.below(runs.size())].run);
    question.keys = {"train/metric_00"};
    const auto read = reader->history(question, [](Bytes) { return true; });
    // It may be purged under the reader, who is told so.
    if (!read && read.error().kind == ErrorKind::kNotFound) return ok();
    TRY(const std::uint64_t points, read);
    points_ += points;
    return ok();
  }

  const Server& server_;
  SeededRandom random_{1};
  std::atomic<bool> done_{false};
  std::atomic<std::uint64_t> points_{0}, failures_{0};
  std::thread thread_;
};

}  // namespace

Result<void> soak(const Place& place, double points_per_second, unsigned minutes) {
  TRY(const auto server, Server::start(place));
  const Keeper keeper(*server);
  const Readers readers(*server);
  fmt::print("{:>6} {:>10} {:>8} {:>8} {:>9} {:>9} {:>9} {:>9} {:>7} {:>9}\n", "minute",
             "M points/s", "p50 ms", "p99 ms", "RssAnon", "log MiB", "index MB", "live MB",
             "purged", "M read");
  for (unsigned minute = 1; minute <= minutes; ++minute) {
    TRY(const auto json,
        run_command(place, {"load", "--to", server->address(), "--profile", "f4", "--rate",
                            fmt::format("{}", points_per_second), "--seconds", "60", "--seed",
                            std::to_string(minute), "--json"}));
    TRY(const double rate, number_in(json, "points_per_second"));
    TRY(const double p50, number_in(json, "ack_p50_ms"));
    TRY(const double p99, number_in(json, "ack_p99_ms"));
    TRY(const auto stats, index_stats(*server));
    fmt::print("{:>6} {:>10.2f} {:>8.2f} {:>8.2f} {:>9} {:>9} {:>9} {:>9} {:>7} {:>9.1f}\n", minute,
               rate / 1e6, p50, p99, server->anonymous_bytes() >> 20, server->log_bytes() >> 20,
               stats.file_bytes / 1'000'000, (stats.file_bytes - stats.free_bytes) / 1'000'000,
               keeper.purged(), static_cast<double>(readers.points()) / 1e6);
    std::fflush(stdout);
    if (const auto error = keeper.error()) return *error;
  }
  if (readers.failures() > 0) {
    return fail(ErrorKind::kInternal, "{} reads failed", readers.failures());
  }
  return ok();
}

}  // namespace stepwell::bench
