#include "tools/scrubber.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

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
[[noreturn]] void be_walk(char* const* arguments, int out) {
  // It ends with the server, and takes the processor only where nobody else wants it.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  static_cast<void>(::nice(10));
  ::dup2(out, STDOUT_FILENO);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  ::execv(arguments[0], arguments);
  _exit(127);
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

void Scrubber::walk() {
  std::vector<std::string> words = {options_.program, "scrub", options_.directory,
                                    "--bytes-per-second",
                                    std::to_string(options_.bytes_per_second)};
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    log().warn("scrub: no pipe: {}", std::strerror(errno));
    return;
  }
  {
    const std::scoped_lock lock(mutex_);
    if (!ending_) child_ = ::fork();
    if (child_ == 0 && !ending_) be_walk(arguments.data(), ends[1]);
  }
  ::close(ends[1]);
  std::FILE* const out = ::fdopen(ends[0], "r");
  if (child_ <= 0) {
    log().warn("scrub: no process");
    child_ = 0;
    std::fclose(out);
    return;
  }
  std::size_t damages = 0;
  std::string last;
  char line[1024];
  while (std::fgets(line, sizeof line, out)) {
    last.assign(line, std::strcspn(line, "\n"));
    if (last.starts_with("DAMAGE ") && ++damages <= kLoggedMax) log().error("scrub: {}", last);
  }
  std::fclose(out);
  int status = 0;
  while (::waitpid(child_, &status, 0) < 0 && errno == EINTR) {
  }
  const std::scoped_lock lock(mutex_);
  child_ = 0;
  if (ending_) return;
  if (WIFSIGNALED(status)) {
    log().error("scrub: the walk over the index ended with signal {} ({}): a page is damaged",
                WTERMSIG(status), ::strsignal(WTERMSIG(status)));
  } else if (damages > 0) {
    log().error("scrub: {} damages in the index of {}; see `stepwell verify` in OPERATIONS.md",
                damages, options_.directory);
  } else if (WEXITSTATUS(status) != 0) {
    log().warn("scrub: ended with exit code {}: {}", WEXITSTATUS(status), last);
  } else {
    log().info("scrub: the index is sound");
  }
}

}  // namespace stepwell::tools
