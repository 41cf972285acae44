// stepwell serve: runs a server until a signal asks it to stop.

#include <CLI/CLI.hpp>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include <pthread.h>
#include <unistd.h>

#include "engine/base/logging.hpp"
#include "engine/server/server.hpp"
#include "tools/command.hpp"
#include "tools/exit_codes.hpp"
#include "tools/output.hpp"
#include "tools/scrubber.hpp"
#include "tools/stopped_store.hpp"

namespace stepwell::tools {
namespace {

struct Arguments {
  std::optional<std::string> config_file;
  std::map<std::string, std::string> flags;
  std::optional<std::string> data, listen, log_level, log_format, allowed_hosts, artifact_root;
  bool salvage = false;
  bool print_config = false;
};

sigset_t stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

std::atomic<bool> poisoned{false};
static_assert(std::atomic<bool>::is_always_lock_free);  // A signal handler looks at it.

// A second signal while the server stops ends the process at once; it may be our own, since the
// store can fail while it stops.
void exit_on_next_signal() {
  struct sigaction action{};
  action.sa_handler = [](int) { _exit(poisoned ? kExitIo : kExitFailed); };
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
  const sigset_t set = stop_signals();
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

void tell_opened(const server::Server& server) {
  const auto& log_report = server.opened().log;
  log().info("log: {} records in {} groups replayed, {} bytes", log_report.records,
             log_report.groups, log_report.bytes);
  if (log_report.torn_tail)
    log().warn("log: unacknowledged tail cut off: {}", *log_report.torn_tail);
  for (const auto& damage : log_report.damages) {
    log().error("log: {} offset {}: {}", damage.file, damage.offset, damage.what);
  }
}

int report_start(const Error& error) {
  const int code = report_error("serve", with_pointer_to_server(error));
  // The data directory is a file's name, or it may not be made or written here.
  const bool cannot_create =
      error.kind == ErrorKind::kExists || (error.kind == ErrorKind::kDenied && !is_in_use(error));
  return cannot_create ? kExitCannotCreate : code;
}

int stop(server::Server& server, Instant timeout) {
  const auto stopped = server.stop(timeout);
  if (!stopped) {
    log().warn("stopped: {}", stopped.error().text);
    return kExitIo;
  }
  if (const auto left = stopped.value().connections_left; left > 0) {
    log().warn("stopped: {} connections were still open", left);
  }
  const int code = stopped.value().store_closed ? kExitOk : kExitFailed;
  if (code != kExitOk) log().warn("stopped: no time to close the store; it will be recovered");
  if (!stopped.value().in_order()) {
    // What still runs cannot be waited for; to end here is as safe as a crash.
    log().flush();
    _exit(code);
  }
  const store::Status status = server.store().status();
  log().info("index: {} checkpoints: {}", status.checkpoints, status.written.describe());
  log().info("stopped");
  return code;
}

int serve(const server::Config& config) {
  std::signal(SIGPIPE, SIG_IGN);
  const sigset_t set = stop_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  auto started = server::Server::start(config, [](const Error&) {
    poisoned = true;
    kill(getpid(), SIGTERM);
  });
  if (!started) return report_start(started.error());
  server::Server& server = *started.value();
  tell_opened(server);
  std::printf("stepwell ready on %s, data %s, store %s\n", server.address().c_str(),
              config.data.c_str(), server.store().id().hex().c_str());
  std::fflush(stdout);

  std::optional<Scrubber> scrubber;
  if (config.scrub_interval_s > 0) {
    scrubber.emplace(ScrubberOptions{"/proc/self/exe", config.data,
                                     std::chrono::seconds(config.scrub_interval_s),
                                     config.scrub_bytes_per_second});
  }

  int signal = 0;
  sigwait(&set, &signal);
  scrubber.reset();
  if (poisoned) return kExitIo;
  log().info("stopping: no new connections, waiting for what is in flight");
  exit_on_next_signal();
  return stop(server, milliseconds(config.stop_timeout_ms));
}

int run(Arguments& arguments) {
  const auto set_flag = [&](const std::string& key, const std::optional<std::string>& value) {
    if (value) arguments.flags[key] = *value;
  };
  set_flag("server.data", arguments.data);
  set_flag("server.listen", arguments.listen);
  set_flag("server.log_level", arguments.log_level);
  set_flag("server.log_format", arguments.log_format);
  set_flag("server.allowed_hosts", arguments.allowed_hosts);
  set_flag("server.artifact_root", arguments.artifact_root);
  if (arguments.salvage) arguments.flags["log.salvage"] = "true";
  const auto loaded =
      server::load_config(arguments.config_file, arguments.flags, server::process_environment());
  if (!loaded) {
    std::fprintf(stderr, "stepwell serve: %s\n", loaded.error().text.c_str());
    return kExitConfig;
  }
  if (arguments.print_config) {
    std::fputs(server::print_config(loaded.value()).c_str(), stdout);
    return kExitOk;
  }
  const server::Config& config = loaded.value().config;
  const auto format = config.log_format == "json" ? LogFormat::kJson : LogFormat::kText;
  if (const auto done = configure_logging(format, config.log_level); !done) return kExitConfig;
  return serve(config);
}

}  // namespace

void add_serve(CLI::App& program, int& exit_code) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = program.add_subcommand("serve", "Run a server until SIGTERM or SIGINT");
  command->add_option("--data", arguments->data,
                      "Directory of the store (default ./stepwell-data)");
  command->add_option("--listen", arguments->listen,
                      "HOST:PORT (default 127.0.0.1:5000; port 0: any free one)");
  command->add_option("--config", arguments->config_file,
                      "TOML file; conf/stepwell.toml lists every key");
  command->add_option("--log-level", arguments->log_level,
                      "trace, debug, info, warn, error, critical or off");
  command->add_option("--log-format", arguments->log_format, "text or json");
  command->add_option("--allowed-hosts", arguments->allowed_hosts,
                      "Names by which browsers may reach it, with commas; * any");
  command->add_option("--default-artifact-root", arguments->artifact_root,
                      "Where new experiments' artifacts belong (default mlflow-artifacts:/)");
  command->add_flag(
      "--salvage", arguments->salvage,
      "Start although acknowledged data is damaged, keeping all that is provably good");
  command->add_flag("--print-config", arguments->print_config,
                    "Print every key's value and where it came from, then exit");
  command->footer(
      "Flags win over the environment (STEPWELL_SERVER_LISTEN, ...), which wins over the file.\n"
      "Once it serves, one line on stdout says so: stepwell ready on HOST:PORT, ...\n"
      "SIGTERM drains and exits; a second one exits at once.\n\n"
      "Examples:\n"
      "  stepwell serve\n"
      "  stepwell serve --data /var/lib/stepwell --listen 0.0.0.0:5000 --log-format json\n"
      "  STEPWELL_LOG_POOL_SEGMENTS=8 stepwell serve --print-config");
  command->callback([arguments, &exit_code] { exit_code = run(*arguments); });
}

}  // namespace stepwell::tools
