#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

#include "bench/measure.hpp"

namespace stepwell::bench {
namespace {

constexpr std::uint64_t kF1FrameBytes = 241'664;  // A frame of F1 in whole blocks.
constexpr double kF1FramePoints = 10'000;

std::string seconds_text(double seconds) {
  return fmt::format("{}", seconds);
}

}  // namespace

Result<Figure> measure_sustained(const Place& place, const Effort& effort,
                                 const std::string& name) {
  const bool narrow = name == "F5";
  const std::string profile = narrow ? "f5" : "f4";
  Figure figure{name, "points/s", {}, {}, {}, {}, {}};
  const std::string seconds = seconds_text(effort.sustained_seconds);
  TRY(const auto server, Server::start(place));
  std::atomic<bool> done{false};
  std::uint64_t memory = 0, log = 0;
  std::thread watcher([&] {
    while (!done) {
      memory = std::max(memory, server->anonymous_bytes());
      log = std::max(log, server->log_bytes());
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  });
  const auto loaded = run_command(place, {"load", "--to", server->address(), "--profile", profile,
                                          "--seconds", seconds, "--json"});
  done = true;
  watcher.join();
  if (!loaded) return loaded.error();
  TRY(const double value, number_in(loaded.value(), "points_per_second"));
  TRY(const auto probed, run_command(place, {"probe", "--dir", place.directory, "--shape", profile,
                                             "--runs", "1", "--seconds", "10", "--json"}));
  TRY(const double ceiling, number_in(probed, "points_per_second"));
  figure.runs = {value};
  figure.ceilings = {ceiling};
  figure.note = fmt::format("{} s, at most {} MiB RssAnon and {} MiB of log; floor {} M, goal {} M",
                            seconds, memory >> 20, log >> 20, narrow ? 70 : 40, narrow ? 110 : 70);
  return figure;
}

Result<std::vector<Figure>> measure_latency(const Place& place, const Effort& effort, double f4) {
  Figure p50{"F7-p50", "ms", {}, {}, 6, 3, {}};
  Figure p99{"F7-p99", "ms", {}, {}, 3, 2, {}};
  const double rate = f4 / 2;
  TRY(const auto server, Server::start(place));
  for (unsigned run = 0; run < effort.runs; ++run) {
    TRY(const auto loaded,
        run_command(place, {"load", "--to", server->address(), "--profile", "f4", "--rate",
                            seconds_text(rate), "--seconds", "4", "--json"}));
    TRY(const auto probed,
        run_command(place, {"probe", "--dir", place.directory, "--shape", "bare", "--bare-bytes",
                            std::to_string(kF1FrameBytes), "--bare-rate",
                            seconds_text(rate / kF1FramePoints), "--json"}));
    TRY(const double ack_p50, number_in(loaded, "ack_p50_ms"));
    TRY(const double ack_p99, number_in(loaded, "ack_p99_ms"));
    TRY(const double bare_p50, number_in(probed, "p50_ms"));
    TRY(const double bare_p99, number_in(probed, "p99_ms"));
    p50.runs.push_back(ack_p50);
    p50.ceilings.push_back(bare_p50);
    p99.runs.push_back(ack_p99);
    p99.ceilings.push_back(bare_p99);
  }
  p50.note = p99.note = fmt::format("at {:.1f} M points/s; less is better", rate / 1e6);
  return std::vector<Figure>{p50, p99};
}

}  // namespace stepwell::bench
