#include "tools/scrubber.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <vector>

#include "engine/base/logging.hpp"

namespace stepwell::tools {
namespace {

constexpr std::chrono::hours kFirstWaitMax{1};
// Damages that are logged of one walk; the rest is counted.
constexpr std::size_t kLoggedMax = 100;

// In the child, where nothing may be allocated: other threads' locks are as the fork found them.
// SIGINT and SIGTERM stay blocked, as they are in the server: who sends them to the whole group
// means the server, with which the walk ends.
[[noreturn]] void be_walk(char* const* arguments, int out) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  // It takes the processor only where nobody else wants it.
  static_cast<void>(::nice(10));
  ::dup2(out, STDOUT_FILENO);
  ::dup2(out, STDERR_FILENO);
  // Sockets and the like are the server's.
  ::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
  ::execv(arguments[0], arguments);
  _exit(127);
}

bool is_crash(int signal) {
  return signal == SIGSEGV || signal == SIGBUS || signal == SIGABRT || signal == SIGILL ||
         signal == SIGFPE;
}

}  // namespace

Scrubber::Scrubber(ScrubberOptions options)
    : options_(std::move(options)), thread_([this] { work(); }) {}

Scrubber::~Scrubber() {
  {
    const std::scoped_lock lock(mutex_);
    ending_ = true;
    if (child_ != 0) ::kill(child_, SIGKILL);
  }
  wake_.notify_all();
  thread_.join();
}

bool Scrubber::wait_for(std::chrono::seconds time) {
  std::unique_lock lock(mutex_);
  return !wake_.wait_for(lock, time, [this] { return ending_; });
}

void Scrubber::work() {
  auto wait = std::min<std::chrono::seconds>(options_.interval, kFirstWaitMax);
  while (wait_for(wait)) {
    walk();
    wait = options_.interval;
  }
}

int Scrubber::start_walk(int out) {
  std::vector<std::string> words = {options_.program, "scrub", options_.directory,
                                    "--bytes-per-second",
                                    std::to_string(options_.bytes_per_second)};
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const std::scoped_lock lock(mutex_);
  if (ending_) return 0;
  const pid_t child = ::fork();
  if (child == 0) be_walk(arguments.data(), out);
  if (child < 0) log().warn("scrub: no process: {}", std::strerror(errno));
  child_ = std::max(child, 0);
  return child_;
}

int Scrubber::end_of_walk() {
  // Its number stays its own until it is taken away, under the lock.
  siginfo_t ended;
  while (::waitid(P_PID, static_cast<id_t>(child_), &ended, WEXITED | WNOWAIT) < 0 &&
         errno == EINTR) {
  }
  const std::scoped_lock lock(mutex_);
  int status = 0;
  ::waitpid(child_, &status, 0);
  child_ = 0;
  return status;
}

void Scrubber::walk() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    log().warn("scrub: no pipe: {}", std::strerror(errno));
    return;
  }
  const bool started = start_walk(ends[1]) > 0;
  ::close(ends[1]);
  std::FILE* const out = ::fdopen(ends[0], "r");
  std::size_t damages = 0;
  std::string last;
  char line[1024];
  while (std::fgets(line, sizeof line, out)) {
    last.assign(line, std::strcspn(line, "\n"));
    if (last.starts_with("DAMAGE ") && ++damages <= kLoggedMax) log().error("scrub: {}", last);
  }
  std::fclose(out);
  if (!started) return;
  const int status = end_of_walk();
  if (!wait_for(std::chrono::seconds(0))) return;
  if (WIFSIGNALED(status) && is_crash(WTERMSIG(status))) {
    log().error("scrub: the walk over the index ended with signal {} ({}): a page is damaged",
                WTERMSIG(status), ::strsignal(WTERMSIG(status)));
  } else if (damages > 0) {
    log().error("scrub: {} damages in the index of {}; see `stepwell verify` in OPERATIONS.md",
                damages, options_.directory);
  } else if (status != 0) {
    log().warn("scrub: ended with wait status {}: {}", status, last);
  } else {
    log().info("scrub: the index is sound");
  }
}

}  // namespace stepwell::tools
