// stepwell load: sends a profile's batches to a server, as fast as it can or as told.

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <memory>

#include "tools/command.hpp"
#include "tools/exit_codes.hpp"
#include "tools/load/load_run.hpp"
#include "tools/output.hpp"

namespace stepwell::tools {
namespace {

struct Arguments {
  std::string to;
  LoadOptions options;
  bool has_seed = false;
  bool json = false;
};

std::string json_of(const Arguments& arguments, const LoadReport& report) {
  const LoadTotals& totals = report.totals;
  const LoadOptions& options = arguments.options;
  JsonObject json;
  json.add("profile", options.profile).add("seed", options.seed);
  json.add("connections", std::uint64_t{report.connections}).add("seconds", report.seconds);
  json.add("frames", totals.frames_acknowledged).add("points", totals.points_acknowledged);
  json.add("bytes", totals.bytes_acknowledged);
  json.add(
      "frames_per_second",
      report.seconds > 0 ? static_cast<double>(totals.frames_acknowledged) / report.seconds : 0);
  json.add("points_per_second", report.points_per_second());
  json.add("ack_p50_ms", totals.latency.percentile_ms(0.5));
  json.add("ack_p90_ms", totals.latency.percentile_ms(0.9));
  json.add("ack_p99_ms", totals.latency.percentile_ms(0.99));
  json.add("ack_max_ms", totals.latency.max_ms());
  json.add("frames_sent", totals.frames_sent).add("duplicates", totals.duplicates);
  json.add("rejected", totals.rejected).add("refused", totals.refused);
  json.add("reconnects", totals.reconnects).add("streams_finished", totals.streams_finished);
  json.add("all_acknowledged", report.all_acknowledged).add("lost", totals.lost);
  if (options.bursts > 0) {
    std::vector<std::string> rates;
    for (const double rate : report.burst_points_per_second) rates.push_back(number_text(rate));
    json.add_raw("burst_points_per_second", json_array(rates));
  }
  return json.text();
}

void print_report(const LoadReport& report, const LoadOptions& options) {
  const LoadTotals& totals = report.totals;
  const auto rate = [&](std::uint64_t n) {
    return count_text(report.seconds > 0
                          ? static_cast<std::uint64_t>(static_cast<double>(n) / report.seconds)
                          : 0);
  };
  std::printf("profile %s, seed %llu, %u connections, %.2f s\n", options.profile.c_str(),
              static_cast<unsigned long long>(options.seed), report.connections, report.seconds);
  std::printf(
      "acknowledged  %s frames (%s/s), %s points (%s/s), %s\n",
      count_text(totals.frames_acknowledged).c_str(), rate(totals.frames_acknowledged).c_str(),
      count_text(totals.points_acknowledged).c_str(), rate(totals.points_acknowledged).c_str(),
      bytes_text(totals.bytes_acknowledged).c_str());
  std::printf("ack latency   p50 %.3f ms, p90 %.3f, p99 %.3f, max %.3f\n",
              totals.latency.percentile_ms(0.5), totals.latency.percentile_ms(0.9),
              totals.latency.percentile_ms(0.99), totals.latency.max_ms());
  std::printf("duplicates %s, rejected %s, refused for now %s, reconnects %s\n",
              count_text(totals.duplicates).c_str(), count_text(totals.rejected).c_str(),
              count_text(totals.refused).c_str(), count_text(totals.reconnects).c_str());
}

int run(Arguments& arguments) {
  std::signal(SIGPIPE, SIG_IGN);
  const auto to = net::parse_address(arguments.to);
  if (!to) {
    std::fprintf(stderr, "stepwell load: --to: %s\n", to.error().text.c_str());
    return kExitUsage;
  }
  arguments.options.to = to.value();
  if (!arguments.has_seed) arguments.options.seed = SystemRandom().next_u64() >> 16;
  Progress bar;
  const auto progress = [&](const LoadTotals& totals, double seconds) {
    if (!bar.due()) return;
    const double rate = seconds > 0 ? static_cast<double>(totals.points_acknowledged) / seconds : 0;
    bar.show(fmt::format("{:.0f} s  {} points  {}/s  {} reconnects", seconds,
                         count_text(totals.points_acknowledged),
                         count_text(static_cast<std::uint64_t>(rate)), totals.reconnects));
  };
  const auto report = run_load(arguments.options, progress);
  bar.clear();
  if (!report) {
    const int code = report_error("load", report.error());
    if (report.error().kind == ErrorKind::kInvalid) return kExitUsage;
    return report.error().kind == ErrorKind::kExists ? kExitCannotCreate : code;
  }
  if (arguments.json) {
    std::printf("%s\n", json_of(arguments, report.value()).c_str());
  } else {
    print_report(report.value(), arguments.options);
  }
  const LoadTotals& totals = report.value().totals;
  if (totals.lost > 0) {
    std::fprintf(stderr, "stepwell load: %llu streams stand behind what was acknowledged\n",
                 static_cast<unsigned long long>(totals.lost));
    return kExitFailed;
  }
  if (!report.value().all_acknowledged) {
    const bool connected = totals.connects > 0;
    std::fprintf(stderr, "stepwell load: %s: %s\n",
                 connected ? "not everything was acknowledged" : "nothing was sent",
                 totals.last_error.empty() ? "no answer in time" : totals.last_error.c_str());
    return connected ? kExitTemporary : kExitIo;
  }
  return kExitOk;
}

std::string profiles_help() {
  std::string text = "Profiles:\n";
  for (const ProfileInfo& info : profile_infos()) {
    const std::string padding(6 - info.name.size(), ' ');
    text += fmt::format("  {}{} {} ({} connections)\n", info.name, padding, info.help,
                        info.connections);
  }
  return text;
}

}  // namespace

void add_load(CLI::App& program, int& exit_code) {
  auto arguments = std::make_shared<Arguments>();
  LoadOptions& options = arguments->options;
  CLI::App* command =
      program.add_subcommand("load", "Send generated batches to a server and measure");
  command->add_option("--to", arguments->to, "HOST:PORT of the server")->required();
  command->add_option("--profile", options.profile, "What to send; see below")->required();
  command->add_option("--seconds", options.seconds, "How long to send (default 10)")
      ->check(CLI::Range(0.0, 1e9));
  command->add_option("--connections", options.connections, "Default: the profile's")
      ->check(CLI::Range(1, 10'000));
  CLI::Option* seed =
      command->add_option("--seed", options.seed, "Default: a random one, which is printed");
  command->add_option("--journal", options.journal,
                      "Write what was sent and acknowledged to a new file");
  command->add_flag("--json", arguments->json, "One JSON line instead of text");
  command->add_option("--rate", options.points_per_second, "Points a second (default: no limit)")
      ->check(CLI::Range(1.0, 1e12));
  command->add_option("--streams", options.streams, "End after so many writers' streams");
  command->add_option("--bursts", options.bursts, "Send so many bursts instead of for a time");
  command->add_option("--burst-bytes", options.burst_bytes, "Of each burst (default 100 MiB)");
  command->add_option("--drain", options.drain_pid,
                      "Before a burst, wait until this process is idle");
  command->footer(
      profiles_help() +
      "\nEvery batch is a function of profile and seed; `stepwell verify --journal` makes them\n"
      "again and proves what the store holds.\n\nExamples:\n"
      "  stepwell load --to 127.0.0.1:5000 --profile f1 --seconds 10\n"
      "  stepwell load --to 127.0.0.1:5000 --profile mixed --seed 7 --journal /tmp/load.journal "
      "--json\n"
      "  stepwell load --to 127.0.0.1:5000 --profile f1 --bursts 20 --drain $(pidof stepwell)\n\n" +
      std::string(kExitHelp));
  command->callback([arguments, seed, &exit_code] {
    arguments->has_seed = seed->count() > 0;
    exit_code = run(*arguments);
  });
}

}  // namespace stepwell::tools
