// stepwell probe: what this machine can do at most with the frames of TARGETS' shapes.

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <memory>

#include "tools/command.hpp"
#include "tools/exit_codes.hpp"
#include "tools/load/load_run.hpp"
#include "tools/output.hpp"
#include "tools/probe/bare_write.hpp"
#include "tools/probe/sink.hpp"

namespace stepwell::tools {
namespace {

struct Arguments {
  std::string directory = ".";
  std::vector<std::string> shapes = {"f1", "f2", "f3", "f6"};
  unsigned runs = 5;
  unsigned bursts = 20;
  std::uint64_t burst_bytes = 100 << 20;
  double seconds = 0;
  double bare_rate = 0;
  std::uint64_t bare_bytes = 4096;
  bool json = false;
};

// The sink, in a process of its own as the real server is. Ends with its owner.
class SinkProcess {
 public:
  static Result<std::unique_ptr<SinkProcess>> start(const SinkOptions& options) {
    int ends[2];
    if (::pipe(ends) != 0) return errno_error(errno, "pipe", options.directory);
    std::fflush(nullptr);
    const pid_t child = ::fork();
    if (child < 0) return errno_error(errno, "fork", "sink");
    if (child == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::close(ends[0]);
      const auto done = run_sink(options, [&](std::uint16_t port) {
        if (::write(ends[1], &port, sizeof port) != sizeof port) _exit(kExitIo);
      });
      fmt::print(stderr, "stepwell probe: {}\n", done.error().text);
      _exit(kExitIo);
    }
    ::close(ends[1]);
    auto self = std::unique_ptr<SinkProcess>(new SinkProcess(child));
    const ssize_t got = ::read(ends[0], &self->port_, sizeof self->port_);
    ::close(ends[0]);
    if (got != sizeof self->port_) return fail(ErrorKind::kIo, "the probe's server did not start");
    return self;
  }
  ~SinkProcess() {
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
  }
  std::uint16_t port() const { return port_; }
  int pid() const { return child_; }

 private:
  explicit SinkProcess(pid_t child) : child_(child) {}
  pid_t child_;
  std::uint16_t port_ = 0;
};

// A directory that is removed at the end.
class ScratchDirectory {
 public:
  explicit ScratchDirectory(const std::string& parent) {
    std::string name = parent + "/stepwell-probe-XXXXXX";
    if (::mkdtemp(name.data())) path_ = name;
  }
  ~ScratchDirectory() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

Result<LoadReport> measure(const Arguments& arguments, const std::string& shape, unsigned run) {
  const ScratchDirectory scratch(arguments.directory);
  if (scratch.path().empty()) return errno_error(errno, "mkdtemp", arguments.directory);
  LoadOptions options;
  options.profile = shape;
  options.seed = 1000 + run;
  options.bursts = arguments.seconds > 0 ? 0 : arguments.bursts;
  options.burst_bytes = arguments.burst_bytes;
  options.seconds = arguments.seconds;
  SinkOptions sink_options;
  sink_options.directory = scratch.path();
  sink_options.connections = find_profile(shape)->connections;
  TRY(const auto sink, SinkProcess::start(sink_options));
  options.to = {"127.0.0.1", sink->port()};
  options.drain_pid = sink->pid();
  TRY(auto report, run_load(options, {}));
  if (!report.all_acknowledged)
    return fail(ErrorKind::kIo, "the probe's server fell silent: {}", report.totals.last_error);
  return report;
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

Result<void> probe_shape(const Arguments& arguments, const std::string& shape, Table& table) {
  std::vector<double> points, frames;
  for (unsigned run = 0; run < arguments.runs; ++run) {
    TRY(const auto report, measure(arguments, shape, run));
    points.push_back(report.points_per_second());
    frames.push_back(static_cast<double>(report.totals.frames_acknowledged) / report.seconds);
  }
  if (arguments.json) {
    std::vector<std::string> runs;
    for (const double value : points) runs.push_back(number_text(value));
    JsonObject json;
    json.add("shape", shape)
        .add("points_per_second", median(points))
        .add("frames_per_second", median(frames));
    json.add("least", std::ranges::min(points)).add("most", std::ranges::max(points));
    fmt::print("{}\n", json.add_raw("runs", json_array(runs)).text());
    std::fflush(stdout);
    return ok();
  }
  const auto millions = [](double value) { return fmt::format("{:.2f}", value / 1e6); };
  table.add({shape, millions(median(points)), millions(std::ranges::min(points)),
             millions(std::ranges::max(points)),
             count_text(static_cast<std::uint64_t>(median(frames)))});
  return ok();
}

Result<void> probe_bare(const Arguments& arguments) {
  const ScratchDirectory scratch(arguments.directory);
  if (scratch.path().empty()) return errno_error(errno, "mkdtemp", arguments.directory);
  const std::uint64_t bytes = align_up(arguments.bare_bytes, 4096);
  TRY(const auto bare, measure_bare_writes(scratch.path(), bytes, arguments.bare_rate, 2.0));
  const Latency& latency = bare.latency;
  if (arguments.json) {
    JsonObject json;
    json.add("shape", "bare")
        .add("bytes", bytes)
        .add("how", bare.how)
        .add("writes", latency.count());
    json.add("p50_ms", latency.percentile_ms(0.5)).add("p99_ms", latency.percentile_ms(0.99));
    fmt::print("{}\n", json.add("max_ms", latency.max_ms()).text());
  } else {
    fmt::print("bare log write of {} ({}): p50 {:.3f} ms, p99 {:.3f} ms\n", bytes_text(bytes),
               bare.how, latency.percentile_ms(0.5), latency.percentile_ms(0.99));
  }
  return ok();
}

Result<void> probe(const Arguments& arguments) {
  Table table({"shape", ">M points/s", ">least", ">most", ">frames/s"});
  for (const std::string& shape : arguments.shapes) {
    if (shape == "bare") continue;
    TRY(probe_shape(arguments, shape, table));
  }
  if (!arguments.json && !(arguments.shapes.size() == 1 && arguments.shapes[0] == "bare"))
    table.print();
  return probe_bare(arguments);
}

int run(const Arguments& arguments) {
  std::signal(SIGPIPE, SIG_IGN);
  for (const std::string& shape : arguments.shapes) {
    if (shape == "bare" || find_profile(shape)) continue;
    fmt::print(stderr, "stepwell probe: --shape: no shape '{}' (see --help)\n", shape);
    return kExitUsage;
  }
  const auto done = probe(arguments);
  return done ? kExitOk : report_error("probe", done.error());
}

}  // namespace

void add_probe(CLI::App& program, int& exit_code) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      program.add_subcommand("probe", "Measure the machine's ceiling for the same work");
  command->add_option("--dir", arguments->directory, "Directory on the disk to measure (default .)")
      ->check(CLI::ExistingDirectory);
  command->add_flag("--json", arguments->json, "One JSON object a shape");
  command->add_option("--shape", arguments->shapes,
                      "f1 f2 f3 f6, any profile of load, or bare (default: f1 f2 f3 f6)");
  command->add_option("--runs", arguments->runs, "Runs of each shape (default 5)")
      ->check(CLI::Range(1, 100));
  command->add_option("--bursts", arguments->bursts, "Bursts a run (default 20)")
      ->check(CLI::Range(1, 1000));
  command->add_option("--burst-bytes", arguments->burst_bytes, "Of each burst (default 100 MiB)");
  command->add_option("--seconds", arguments->seconds, "Send for so long instead of in bursts");
  command->add_option("--bare-bytes", arguments->bare_bytes, "Of a bare log write (default 4096)");
  command->add_option("--bare-rate", arguments->bare_rate,
                      "Bare writes a second (default: one after the other)");
  command->footer(
      "A second process receives the frames over loopback, hashes them, writes them durably in "
      "the\n"
      "log's pattern and does nothing else. The last line is a bare durable write's latency.\n\n"
      "Examples:\n  stepwell probe\n  stepwell probe --dir /var/lib/stepwell --shape f1 "
      "--json\n\n" +
      std::string(kExitHelp));
  command->callback([arguments, &exit_code] { exit_code = run(*arguments); });
}

}  // namespace stepwell::tools
