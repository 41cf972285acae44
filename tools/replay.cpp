// stepwell replay: sends spools to a server. Safe to repeat: only what the server lacks is sent.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <map>
#include <memory>

#include "engine/io/net/address.hpp"
#include "protocol/client/replay.hpp"
#include "tools/command.hpp"
#include "tools/exit_codes.hpp"
#include "tools/output.hpp"

namespace stepwell::tools {
namespace {

struct Arguments {
  std::vector<std::string> spools;
  std::string to;
  bool delete_decided = false;
  bool json = false;
};

struct RunTotals {
  std::uint64_t writers = 0, frames = 0, sent = 0, already_there = 0, rejected = 0, lost = 0,
                points = 0;
  std::vector<std::string> stopped;
};

void print_report(const client::ReplayReport& report, bool json) {
  std::map<RunId, RunTotals> runs;
  for (const auto& writer : report.writers) {
    RunTotals& run = runs[writer.run];
    ++run.writers;
    run.frames += writer.frames;
    run.sent += writer.sent;
    run.already_there += writer.already_there;
    run.rejected += writer.rejected.size();
    run.lost += writer.lost;
    run.points += writer.points;
    if (!writer.stopped.empty()) {
      run.stopped.push_back(fmt::format("writer {}: {}", writer.writer.hex(), writer.stopped));
    }
  }
  Table table({"run", ">writers", ">frames", ">sent", ">already there", ">rejected", ">lost",
               ">points sent"});
  for (const auto& [id, run] : runs) {
    if (json) {
      JsonObject line;
      line.add("run", id.hex()).add("writers", run.writers).add("frames", run.frames);
      line.add("sent", run.sent)
          .add("already_there", run.already_there)
          .add("rejected", run.rejected);
      line.add("lost", run.lost)
          .add("points_sent", run.points)
          .add("complete", run.stopped.empty());
      fmt::print("{}\n", line.text());
    } else {
      table.add({id.hex(), count_text(run.writers), count_text(run.frames), count_text(run.sent),
                 count_text(run.already_there), count_text(run.rejected), count_text(run.lost),
                 count_text(run.points)});
    }
  }
  if (!json) table.print();
  for (const auto& [id, run] : runs) {
    for (const std::string& why : run.stopped)
      fmt::print(stderr, "run {}: not sent to its end: {}\n", id.hex(), why);
  }
  for (const auto& writer : report.writers) {
    for (const auto& frame : writer.rejected) {
      fmt::print(stderr, "run {} writer {} frame {}: rejected ({}): {}; kept in {}\n",
                 writer.run.hex(), writer.writer.hex(), frame.sequence,
                 protocol::to_string(frame.verdict), frame.text, frame.path);
    }
  }
  for (const auto& damage : report.damages) {
    fmt::print(stderr, "{} offset {}: {} bytes {}: {}\n", damage.path, damage.offset, damage.bytes,
               damage.tail ? "cut short by the writer's end" : "damaged", damage.reason);
  }
}

int run(const Arguments& arguments) {
  std::signal(SIGPIPE, SIG_IGN);
  if (const auto address = net::parse_address(arguments.to); !address) {
    fmt::print(stderr, "stepwell replay: --to: {}\n", address.error().text);
    return kExitUsage;
  }
  for (const std::string& path : arguments.spools) {
    std::error_code failed;
    if (std::filesystem::is_regular_file(path, failed) && !path.ends_with(".seg")) {
      return report_error("replay", fail(ErrorKind::kInvalid,
                                         "{} is neither a spool's directory nor a segment", path));
    }
  }
  Progress bar;
  const auto progress = [&](const client::ReplayProgress& now) {
    if (!bar.due()) return;
    constexpr std::uint64_t kWidth = 30;
    const std::uint64_t filled = now.bytes > 0 ? now.bytes_done * kWidth / now.bytes : kWidth;
    std::string drawn(std::min(filled, kWidth), '#');
    drawn.resize(kWidth, ' ');
    bar.show(fmt::format("[{}] {} of {}  {}/{} writers  {} sent, {} already there", drawn,
                         bytes_text(now.bytes_done), bytes_text(now.bytes), now.writers_done,
                         now.writers, count_text(now.frames_sent),
                         count_text(now.frames_already_there)));
  };
  client::ReplayOptions options;
  options.connection.client = "stepwell-replay " STEPWELL_VERSION;
  options.delete_decided = arguments.delete_decided;
  const auto report = client::replay_blocking(arguments.to, arguments.spools, options, progress);
  bar.clear();
  if (!report) return report_error("replay", report.error());
  if (report.value().writers.empty() && report.value().damages.empty() &&
      report.value().failure.empty()) {
    return report_error(
        "replay", fail(ErrorKind::kNotFound, "no spool in {}", fmt::join(arguments.spools, ", ")));
  }
  print_report(report.value(), arguments.json);
  if (!report.value().failure.empty()) {
    return report_error("replay", fail(ErrorKind::kIo, "{}", report.value().failure));
  }
  const bool damaged =
      std::ranges::any_of(report.value().damages, [](const auto& damage) { return !damage.tail; });
  return report.value().complete() && !damaged ? kExitOk : kExitFailed;
}

}  // namespace

void add_replay(CLI::App& program, int& exit_code) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = program.add_subcommand("replay", "Send spools that a client left behind");
  command
      ->add_option("spool", arguments->spools,
                   "Spool directories, run directories or segment files")
      ->required();
  command->add_option("--to", arguments->to, "HOST:PORT of the server")->required();
  command->add_flag("--delete", arguments->delete_decided,
                    "Remove the segments of writers that the server has wholly decided");
  command->add_flag("--json", arguments->json, "One JSON object a run");
  command->footer(
      "Only what the server does not have is sent, so it may be repeated and interrupted at will.\n"
      "What is damaged or missing is declared to the server as a loss, and reported here.\n\n"
      "Examples:\n  stepwell replay ./stepwell-spool --to 127.0.0.1:5000\n"
      "  stepwell replay /scratch/job-*/spool --to tracker:5000 --json\n\n" +
      std::string(kExitHelp));
  command->callback([arguments, &exit_code] { exit_code = run(*arguments); });
}

}  // namespace stepwell::tools
