#include "tools/load/load_run.hpp"

#include <fmt/format.h>

#include <fstream>
#include <future>
#include <sstream>

#include "engine/base/spawn.hpp"
#include "engine/io/net/asio_executor.hpp"
#include "engine/io/net/tcp.hpp"

namespace stepwell::tools {
namespace {

constexpr Instant kTick = milliseconds(100);
constexpr Instant kGrace = std::chrono::seconds(15);  // For the last acks.
constexpr Instant kDrainMax = std::chrono::seconds(20);
constexpr Instant kQuiet = milliseconds(120);  // No processor used for so long: drained.
constexpr Instant kConnectMax = std::chrono::seconds(10);

class LoadRun {
 public:
  LoadRun(const LoadOptions& options, std::unique_ptr<Profile> profile,
          std::unique_ptr<JournalWriter> journal,
          const std::function<void(const LoadTotals&, double)>& progress)
      : options_(options),
        profile_(std::move(profile)),
        journal_(std::move(journal)),
        progress_(progress),
        connector_(executor_, options.to) {
    settings_.connections =
        options.connections > 0 ? options.connections : profile_->info().connections;
    settings_.streams_max = options.streams;
    settings_.bursts = options.bursts > 0;
    if (options.points_per_second > 0) {
      settings_.frames_per_second =
          options.points_per_second / points_a_frame() / settings_.connections;
    }
    for (unsigned i = 0; i < settings_.connections; ++i) {
      connections_.push_back(std::make_unique<LoadConnection>(
          executor_, connector_, *profile_, settings_, journal_.get(), totals_, i));
    }
  }

  LoadReport run() {
    executor_.start("load");
    spawn(executor_, work());
    finished_.get_future().wait();
    executor_.stop();
    executor_.join();
    LoadReport report{totals_, sending_seconds_, burst_rates_, true, settings_.connections};
    for (const auto& connection : connections_) report.all_acknowledged &= connection->finished();
    // Connections that were never made have nothing unacknowledged.
    report.all_acknowledged = report.all_acknowledged && !gave_up_ && totals_.connects > 0;
    connections_.clear();
    return report;
  }

 private:
  double points_a_frame() {
    double points = 0;
    constexpr std::uint64_t kSample = 32;
    for (std::uint64_t s = 2; s < 2 + kSample; ++s) {
      const auto frame = profile_->frame(0, s);
      points += static_cast<double>(points_of_frame(*profile_, 0, s, frame));
    }
    return std::max(points / kSample, 1.0);
  }

  Task<void> work() {
    for (const auto& connection : connections_) spawn(executor_, connection->run());
    const Instant start = executor_.now();
    auto working = settings_.bursts ? send_bursts() : send_until(start + time_of(options_.seconds));
    co_await std::move(working);
    for (const auto& connection : connections_) connection->stop();
    const Instant stopped = executor_.now();
    while (!all_finished() && executor_.now() < stopped + kGrace) {
      co_await sleep_for(executor_, milliseconds(1));
    }
    if (!settings_.bursts) sending_seconds_ = seconds_since(start);
    if (!all_finished()) {
      gave_up_ = true;
      for (const auto& connection : connections_) connection->abandon();
      while (!all_finished()) co_await sleep_for(executor_, milliseconds(10));
    }
    finished_.set_value();
  }

  Task<void> send_until(Instant end) {
    const Instant start = executor_.now();
    while (executor_.now() < end && !all_finished()) {
      co_await sleep_for(executor_, std::min<Instant>(kTick, end - executor_.now()));
      if (progress_) progress_(totals_, seconds_since(start));
    }
  }

  Task<void> send_bursts() {
    if (!co_await wait_for(kConnectMax, [](const LoadConnection& c) { return c.connected(); })) {
      gave_up_ = true;
      co_return;
    }
    const auto frame_bytes = profile_->frame(0, 2).size();
    const std::uint64_t frames = options_.burst_bytes / frame_bytes / settings_.connections;
    for (unsigned burst = 0; burst < options_.bursts && !gave_up_; ++burst) {
      for (const auto& connection : connections_) connection->prepare(frames);
      co_await drained();
      const std::uint64_t points = totals_.points_acknowledged;
      const Instant start = executor_.now();
      for (const auto& connection : connections_) connection->allow();
      gave_up_ = !co_await wait_for(kGrace, [](const LoadConnection& c) { return c.burst_done(); });
      const double seconds = seconds_since(start);
      sending_seconds_ += seconds;
      burst_rates_.push_back(static_cast<double>(totals_.points_acknowledged - points) / seconds);
      if (progress_) progress_(totals_, sending_seconds_);
    }
  }

  Task<bool> wait_for(Instant longest, bool (*holds)(const LoadConnection&)) {
    const Instant end = executor_.now() + longest;
    while (executor_.now() < end) {
      if (std::ranges::all_of(connections_, [&](const auto& c) { return holds(*c); }))
        co_return true;
      co_await sleep_for(executor_, std::chrono::microseconds(100));
    }
    co_return false;
  }

  Task<void> drained() {
    if (options_.drain_pid == 0) co_return;
    const Instant end = executor_.now() + kDrainMax;
    std::uint64_t ticks = processor_ticks(options_.drain_pid);
    while (executor_.now() < end) {
      co_await sleep_for(executor_, kQuiet);
      const std::uint64_t now = processor_ticks(options_.drain_pid);
      if (now <= ticks + 1) co_return;
      ticks = now;
    }
  }

  bool all_finished() const {
    return std::ranges::all_of(connections_, [](const auto& c) { return c->finished(); });
  }
  static Instant time_of(double seconds) {
    return std::chrono::duration_cast<Instant>(std::chrono::duration<double>(seconds));
  }
  double seconds_since(Instant start) const {
    return std::chrono::duration<double>(executor_.now() - start).count();
  }

  const LoadOptions& options_;
  const std::unique_ptr<Profile> profile_;
  const std::unique_ptr<JournalWriter> journal_;
  const std::function<void(const LoadTotals&, double)>& progress_;
  net::AsioExecutor executor_;
  net::AsioConnector connector_;
  LoadSettings settings_;
  LoadTotals totals_;
  std::vector<std::unique_ptr<LoadConnection>> connections_;
  std::promise<void> finished_;
  double sending_seconds_ = 0;
  std::vector<double> burst_rates_;
  bool gave_up_ = false;
};

}  // namespace

std::uint64_t processor_ticks(int pid) {
  std::ifstream in(fmt::format("/proc/{}/stat", pid));
  std::string text;
  std::getline(in, text);
  std::istringstream fields(text.substr(std::min(text.size(), text.rfind(')') + 1)));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  std::uint64_t user = 0, system = 0;
  fields >> user >> system;
  return user + system;
}

Result<LoadReport> run_load(const LoadOptions& options,
                            const std::function<void(const LoadTotals&, double)>& progress) {
  TRY(auto profile, Profile::make(options.profile, options.seed));
  std::unique_ptr<JournalWriter> journal;
  if (!options.journal.empty()) {
    const unsigned connections =
        options.connections > 0 ? options.connections : profile->info().connections;
    TRY(journal,
        JournalWriter::create(options.journal, {options.profile, options.seed, connections}));
  }
  LoadRun run(options, std::move(profile), std::move(journal), progress);
  return run.run();
}

}  // namespace stepwell::tools
