// ./dev demo: four workers train one network and log to one run; the server is killed halfway and
// comes back; a fifth worker's spool is replayed three times. Then the account.

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "examples/digits/account.hpp"
#include "examples/digits/report.hpp"
#include "examples/digits/stage.hpp"
#include "examples/digits/stored_run.hpp"
#include "examples/digits/training.hpp"

namespace digits {
namespace {

using Clock = Training::Clock;

constexpr double kOutageSeconds = 4;
// Training must not feel the outage. It is faster without a server beside it; what is allowed here
// is noise.
constexpr double kSlowestDuringOutage = 0.5;
constexpr int kReplays = 3;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

class Narrator {
 public:
  // A line that stays.
  template <typename... Args>
  void say(fmt::format_string<Args...> format, Args&&... args) {
    clear();
    const auto text = fmt::format(format, std::forward<Args>(args)...);
    std::printf("[%5.1f s] %s\n", seconds_since(start_), text.c_str());
    std::fflush(stdout);
  }

  // A line that the next one replaces; every few seconds where there is no terminal.
  void progress(const std::string& text) {
    const auto now = Clock::now();
    if (now - last_progress_ < (is_terminal_ ? std::chrono::milliseconds(100) : kPlainPause))
      return;
    last_progress_ = now;
    if (!is_terminal_) return say("{}", text);
    std::printf("\r\x1b[K          %s", text.c_str());
    std::fflush(stdout);
  }

 private:
  static constexpr std::chrono::milliseconds kPlainPause{3000};

  void clear() {
    if (is_terminal_) std::printf("\r\x1b[K");
  }

  const Clock::time_point start_ = Clock::now();
  const bool is_terminal_ = ::isatty(STDOUT_FILENO) != 0;
  Clock::time_point last_progress_{};
};

class Demo {
 public:
  explicit Demo(const Stage& stage) : stage_(stage), server_(stage_), started_(Clock::now()) {}

  // True if everything holds.
  bool play() {
    out_.say("{}", server_.start());
    Training training(stage_);
    out_.say("{} workers train on 4/5 of 1,797 digits, {} steps; one more works offline",
             stage_.workers, stage_.steps);
    const bool steady = train_through_outage(training);
    out_.say("trained: {}; the workers hand over what is left in their spools", training.state());
    training.finish();
    out_.say("all workers have ended");
    const bool replayed = replay(training.offline_spool());
    const auto journals = training.journals();
    out_.say("logging took the trainers at most {} ns a value", slowest_log_ns(journals));
    const bool sound = settle(journals);
    return stop_server() && steady && replayed && sound;
  }

 private:
  void follow(Training& training, const char* server) {
    if (interrupted()) throw std::runtime_error("interrupted");
    training.follow();
    if (training.step() == 0) return;
    char text[160];
    std::snprintf(text, sizeof text, "step %d/%d  %s  server %s", training.step(), stage_.steps,
                  training.state().c_str(), server);
    out_.progress(text);
  }

  bool train_through_outage(Training& training) {
    while (training.step() < stage_.steps / 2) {
      if (!server_.running()) throw std::runtime_error("the server is gone; see its log");
      follow(training, "up");
    }
    // The first steps warm up caches and clocks.
    const auto settled = started_ + (Clock::now() - started_) / 4;
    const auto killed = Clock::now();
    server_.kill();
    out_.say("step {}: the server is killed (SIGKILL)", training.step());
    // On a machine that is much faster the rest of the training must still see the server again.
    while (seconds_since(killed) < kOutageSeconds && training.step() < stage_.steps * 4 / 5)
      follow(training, "DOWN");
    const auto restarted = Clock::now();
    const int step = training.step();
    const std::string ready = server_.start();
    out_.say("step {}: after {:.1f} s it is back: {}", step,
             std::chrono::duration<double>(restarted - killed).count(), ready);
    const auto back = Clock::now();
    while (!training.trained()) follow(training, "up");
    const double before = training.rate(settled, killed);
    const double during = training.rate(killed, restarted);
    out_.say("steps per second: {:.0f} before the kill, {:.0f} without a server, {:.0f} after",
             before, during, training.rate(back, Clock::now()));
    if (during >= kSlowestDuringOutage * before) return true;
    out_.say("TRAINING FELT THE OUTAGE");
    return false;
  }

  bool replay(const std::string& spool) {
    bool good = true;
    for (int i = 1; i <= kReplays; ++i) {
      const auto outcome = run_tool(stage_, {"replay", spool, "--to", stage_.address});
      out_.say("replay {} of the offline spool, exit status {}", i, outcome.status);
      for (const auto& line : outcome.lines) std::printf("          %s\n", line.c_str());
      good = good && outcome.status == 0;
    }
    return good;
  }

  bool settle(const std::vector<Journal>& journals) {
    const StoredRun run = read_run(stage_.address, stage_.run, [&](std::uint64_t points) {
      out_.progress("read " + std::to_string(points) + " points");
    });
    AllPoints sent;
    for (const Journal& journal : journals) add_points(journal, sent);
    out_.say("the run has been read back");
    print_params_and_tags(run);
    print_metrics(run.points);
    const Account account = balance(sent, run.points);
    return print_verdict(account, count_writers(journals, run), run);
  }

  static std::uint64_t slowest_log_ns(const std::vector<Journal>& journals) {
    std::uint64_t slowest = 0;
    for (const Journal& journal : journals)
      slowest = std::max<std::uint64_t>(slowest, std::stoull(journal.facts.at("log_ns_a_value")));
    return slowest;
  }

  bool stop_server() {
    const auto status = server_.stop();
    if (status == 0) return true;
    out_.say("the server did not stop in order ({})", status.value_or(-1));
    return false;
  }

  const Stage& stage_;
  Server server_;
  const Clock::time_point started_;
  Narrator out_;
};

std::string beside_this_program(const char* name) {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path() / name;
}

int play(Stage stage, bool keep) {
  bool good = false;
  try {
    good = Demo(stage).play();
  } catch (const std::exception& error) {
    std::printf("\nthe demo failed: %s\n", error.what());
  }
  if (good && !keep)
    std::filesystem::remove_all(stage.directory);
  else
    std::printf("logs, journals and the store are in %s\n", stage.directory.c_str());
  return good ? 0 : 1;
}

}  // namespace
}  // namespace digits

int main(int argc, char** argv) {
  digits::Stage stage;
  stage.trainer = digits::beside_this_program("digits_trainer");
  stage.digits = STEPWELL_DIGITS;
  stage.steps = 5000;
  stage.offline_steps = 1000;
  bool keep = false;
  CLI::App app{"A training job whose tracking server is killed halfway"};
  app.add_option("--stepwell", stage.stepwell, "the stepwell program")->required();
  app.add_option("--digits", stage.digits, "digits.csv")->capture_default_str();
  app.add_option("--steps", stage.steps, "training steps")->capture_default_str();
  app.add_flag("--keep", keep, "keep the store, the journals and the logs");
  CLI11_PARSE(app, argc, argv);
  digits::watch_for_interrupts();
  stage.directory = digits::make_directory();
  stage.address = digits::free_local_address();
  stage.run = digits::random_run_id();
  return digits::play(stage, keep);
}
