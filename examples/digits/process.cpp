#include "examples/digits/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <stdexcept>
#include <thread>

namespace digits {
namespace {

using Clock = std::chrono::steady_clock;

volatile std::sig_atomic_t interrupt_came = 0;

// Between fork and exec only what is safe after a fork of a process with threads.
[[noreturn]] void become(char* const* arguments, int output, int log, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);  // It died before the line above.
  // Ctrl-C is for the demo, which stops its children in order.
  ::setpgid(0, 0);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(log, STDERR_FILENO);
  const int nothing = ::open("/dev/null", O_RDONLY);
  ::dup2(nothing, STDIN_FILENO);
  ::execv(arguments[0], arguments);
  ::_exit(127);
}

}  // namespace

Process::Process(const std::vector<std::string>& arguments, const std::string& log) {
  std::vector<char*> pointers;
  for (const auto& argument : arguments) pointers.push_back(const_cast<char*>(argument.c_str()));
  pointers.push_back(nullptr);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("cannot make a pipe");
  const int log_fd = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (log_fd < 0) throw std::runtime_error("cannot create " + log);
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0) become(pointers.data(), ends[1], log_fd, parent);
  ::close(ends[1]);
  ::close(log_fd);
  output_ = ends[0];
  if (pid_ < 0) throw std::runtime_error("cannot start " + arguments[0]);
}

Process::~Process() {
  if (running()) {
    signal(SIGKILL);
    wait(std::chrono::seconds(10));
  }
  if (output_ >= 0) ::close(output_);
}

std::optional<std::string> Process::take_line() {
  const auto end = buffer_.find('\n');
  if (end == buffer_.npos) return std::nullopt;
  std::string line = buffer_.substr(0, end);
  buffer_.erase(0, end + 1);
  return line;
}

bool Process::fill(std::chrono::milliseconds patience) {
  pollfd waiting{output_, POLLIN, 0};
  if (::poll(&waiting, 1, static_cast<int>(patience.count())) <= 0) return false;
  char bytes[4096];
  const ssize_t count = ::read(output_, bytes, sizeof bytes);
  if (count > 0) {
    buffer_.append(bytes, static_cast<std::size_t>(count));
  } else if (count == 0 || errno != EINTR) {
    ::close(output_);
    output_ = -1;
  }
  return true;
}

std::optional<std::string> Process::read_line(std::chrono::milliseconds patience) {
  const auto deadline = Clock::now() + patience;
  for (;;) {
    if (auto line = take_line()) return line;
    if (output_ < 0) return std::nullopt;
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    if (!fill(std::max(left, std::chrono::milliseconds(0)))) return std::nullopt;
  }
}

void Process::signal(int number) {
  if (!status_) ::kill(pid_, number);
}

bool Process::running() {
  return !wait(std::chrono::milliseconds(0)).has_value();
}

std::optional<int> Process::wait(std::chrono::milliseconds patience) {
  constexpr std::chrono::milliseconds kLook(10);
  const auto deadline = Clock::now() + patience;
  while (!status_) {
    int status = 0;
    const pid_t gone = ::waitpid(pid_, &status, WNOHANG);
    if (gone == pid_)
      status_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    else if (gone < 0 && errno != EINTR)
      throw std::runtime_error(std::string("waitpid: ") + std::strerror(errno));
    else if (Clock::now() >= deadline)
      return std::nullopt;
    else if (output_ < 0 || !fill(kLook))
      std::this_thread::sleep_for(kLook);
  }
  return status_;
}

bool interrupted() {
  return interrupt_came != 0;
}

void watch_for_interrupts() {
  struct sigaction action{};
  action.sa_handler = [](int) { interrupt_came = 1; };
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) ::sigaction(number, &action, nullptr);
}

}  // namespace digits
