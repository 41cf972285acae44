#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

#include "bench/measure.hpp"
#include "protocol/client/reader.hpp"
#include "protocol/messages.hpp"

namespace stepwell::bench {
namespace {

using std::chrono::seconds;

// A checkpoint begins 2 s after the last record; then everything is in the index.
constexpr auto kDrainMax = seconds(120);

Result<void> wait_for_checkpoint(const Server& server) {
  const auto end = std::chrono::steady_clock::now() + kDrainMax;
  std::uint64_t ticks = 0;
  for (int quiet = 0; quiet < 4;) {
    std::this_thread::sleep_for(seconds(1));
    const std::uint64_t now = server.processor_ticks();
    quiet = now <= ticks + 2 ? quiet + 1 : 0;
    ticks = now;
    if (std::chrono::steady_clock::now() > end) {
      return fail(ErrorKind::kInternal, "the server did not come to rest");
    }
  }
  return ok();
}

// The most anonymous memory that a server took while this lives.
class MemoryWatch {
 public:
  explicit MemoryWatch(const Server& server)
      : thread_([this, &server] {
          while (!done_) {
            most_ = std::max(most_.load(), server.anonymous_bytes());
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
          }
        }) {}
  ~MemoryWatch() {
    done_ = true;
    thread_.join();
  }
  std::uint64_t most() const { return most_; }

 private:
  std::atomic<bool> done_{false};
  std::atomic<std::uint64_t> most_{0};
  std::thread thread_;
};

struct Loaded {
  double points = 0;
  double points_per_second = 0;
};

Result<Loaded> load(const Place& place, const Server& server, const std::string& profile,
                    std::uint64_t streams) {
  TRY(const auto json,
      run_command(place, {"load", "--to", server.address(), "--profile", profile, "--streams",
                          std::to_string(streams), "--seconds", "3600", "--json"}));
  Loaded loaded;
  TRY(loaded.points, number_in(json, "points"));
  TRY(loaded.points_per_second, number_in(json, "points_per_second"));
  TRY(wait_for_checkpoint(server));
  return loaded;
}

// From exec to the answer to a first question about a run.
Result<double> seconds_to_first_run(const Place& place, const std::string& data, bool has_runs) {
  const auto begin = std::chrono::steady_clock::now();
  TRY(const auto server, Server::start(place, {}, data));
  server->keep_data();
  TRY(const auto reader, client::BlockingReader::open(server->address()));
  wire::ListRunsT question;
  question.limit = 1;
  TRY(const auto runs, reader->list_runs(question));
  if (runs.runs.empty() == has_runs) return fail(ErrorKind::kInternal, "runs are missing");
  if (has_runs) {
    TRY(reader->get_run(protocol::from_wire<RunId>(*runs.runs.front()->run)));
  }
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

Result<Figure> measure_bytes_at_rest(const Place& place) {
  constexpr std::uint64_t kRuns = 40;  // Of 1,000,000 points each.
  Figure figure{"F8", "bytes/point", {}, {}, 4.5, 3.8, {}};
  TRY(const auto server, Server::start(place));
  TRY(const auto empty, index_stats(*server));
  TRY(const Loaded loaded, load(place, *server, "f8", kRuns));
  TRY(const auto stats, index_stats(*server));
  const auto used = [](const auto& s) { return static_cast<double>(s.file_bytes - s.free_bytes); };
  figure.runs = {(used(stats) - used(empty)) / loaded.points};
  figure.note =
      fmt::format("{:.0f} M points; the file has {:.2f} bytes a point; less is better",
                  loaded.points / 1e6, static_cast<double>(stats.file_bytes) / loaded.points);
  return figure;
}

Result<Figure> measure_many_series(const Place& place) {
  constexpr std::uint64_t kRuns = 10'000;
  Figure figure{"F9", "MiB RssAnon", {}, {}, 1024, 400, {}};
  TRY(const auto server, Server::start(place));
  const MemoryWatch memory(*server);
  TRY(const Loaded loaded, load(place, *server, "f9", kRuns));
  TRY(const auto stats, index_stats(*server));
  figure.runs = {static_cast<double>(memory.most() >> 20)};
  figure.note =
      fmt::format("{:.0f} M points at {:.1f} M/s; {} MiB at rest, index of {} MiB; less is better",
                  loaded.points / 1e6, loaded.points_per_second / 1e6,
                  server->anonymous_bytes() >> 20, stats.file_bytes >> 20);
  return figure;
}

Result<std::vector<Figure>> measure_start(const Place& place, const Effort& effort) {
  constexpr std::uint64_t kRuns = 100'000;  // Of 10 series and 10,000 points.
  Figure empty{"R8-empty", "s", {}, {}, 0.1, 0.02, "less is better"};
  Figure large{"R8", "s", {}, {}, 3, 0.5, {}};
  TRY(auto server, Server::start(place));
  server->keep_data();
  const std::string data = server->data();
  for (unsigned run = 0; run < effort.runs; ++run) {
    server.reset();
    TRY(const double took, seconds_to_first_run(place, data, false));
    empty.runs.push_back(took);
  }
  TRY(server, Server::start(place, {}, data));
  server->keep_data();
  Result<Loaded> loaded = fail(ErrorKind::kInternal, "not loaded");
  std::uint64_t memory = 0;
  {
    const MemoryWatch watch(*server);
    loaded = load(place, *server, "r8", kRuns);
    memory = watch.most();
  }
  TRY(const Loaded sent, std::move(loaded));
  TRY(const auto stats, index_stats(*server));
  for (unsigned run = 0; run < effort.runs; ++run) {
    server.reset();
    TRY(const double took, seconds_to_first_run(place, data, true));
    large.runs.push_back(took);
  }
  large.note = fmt::format(
      "{:.0f} M points of {} runs, loaded at {:.1f} M/s with at most {} MiB RssAnon; index of "
      "{} MiB; less is better",
      sent.points / 1e6, kRuns, sent.points_per_second / 1e6, memory >> 20, stats.file_bytes >> 20);
  TRY(server, Server::start(place, {}, data));  // Removes it.
  return std::vector<Figure>{empty, large};
}

}  // namespace stepwell::bench
