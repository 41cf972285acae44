#include "bench/server.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>

#include "engine/store/layout.hpp"
#include "engine/tracking/fold.hpp"
#include "tools/load/load_run.hpp"

namespace stepwell::bench {
namespace {

struct Started {
  int pid = 0;
  int pipe = 0;  // Its standard output.
};

Result<Started> start_process(const Place& place, std::vector<std::string> arguments,
                              const Server::Settings& settings) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return errno_error(errno, "pipe", place.stepwell);
  arguments.insert(arguments.begin(), place.stepwell);
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const int child = ::fork();
  if (child < 0) return errno_error(errno, "fork", place.stepwell);
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (const auto& [name, value] : settings) ::setenv(name.c_str(), value.c_str(), 1);
    ::dup2(ends[1], STDOUT_FILENO);
    ::execv(argv[0], argv.data());
    _exit(127);
  }
  ::close(ends[1]);
  return Started{child, ends[0]};
}

std::string read_all(int pipe) {
  std::string text;
  char buffer[4096];
  for (ssize_t n = 0; (n = ::read(pipe, buffer, sizeof buffer)) > 0;) {
    text.append(buffer, static_cast<std::size_t>(n));
  }
  return text;
}

}  // namespace

Result<std::string> run_command(const Place& place, std::vector<std::string> arguments) {
  const std::string name = arguments.front();
  TRY(const auto started, start_process(place, std::move(arguments), {}));
  std::string out = read_all(started.pipe);
  ::close(started.pipe);
  int status = 0;
  ::waitpid(started.pid, &status, 0);
  if (status != 0)
    return fail(ErrorKind::kInternal, "stepwell {} failed (wait status {})", name, status);
  return out;
}

Result<double> number_in(const std::string& json, const std::string& key) {
  const std::size_t at = json.find("\"" + key + "\":");
  if (at == std::string::npos) return fail(ErrorKind::kInternal, "no {} in {}", key, json);
  return std::strtod(json.c_str() + at + key.size() + 3, nullptr);
}

Result<std::unique_ptr<Server>> Server::start(const Place& place, const Settings& settings,
                                              const std::string& data) {
  std::unique_ptr<Server> self(new Server);
  self->data_ = data;
  if (data.empty()) {
    self->data_ = place.directory + "/stepwell-bench-XXXXXX";
    if (!::mkdtemp(self->data_.data())) return errno_error(errno, "mkdtemp", self->data_);
  }
  const auto begin = std::chrono::steady_clock::now();
  TRY(const auto started,
      start_process(
          place, {"serve", "--data", self->data_, "--listen", "127.0.0.1:0", "--log-level", "warn"},
          settings));
  self->pid_ = started.pid;
  const auto ready = self->wait_until_ready(started.pipe);
  ::close(started.pipe);
  if (!ready) return ready.error();
  self->start_seconds_ =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return self;
}

Result<void> Server::wait_until_ready(int pipe) {
  std::string line;
  char c = 0;
  while (::read(pipe, &c, 1) == 1 && c != '\n') line += c;
  constexpr std::string_view kReady = "stepwell ready on ";
  if (!line.starts_with(kReady))
    return fail(ErrorKind::kInternal, "the server did not start: '{}'", line);
  address_ = line.substr(kReady.size(), line.find(',') - kReady.size());
  return ok();
}

void Server::kill() {
  if (pid_ == 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

Server::~Server() {
  kill();
  std::error_code ignored;
  if (remove_) std::filesystem::remove_all(data_, ignored);
}

std::uint64_t Server::anonymous_bytes() const {
  std::ifstream in(fmt::format("/proc/{}/status", pid_));
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("RssAnon:")) return std::strtoull(line.c_str() + 8, nullptr, 10) << 10;
  }
  return 0;
}

std::uint64_t Server::processor_ticks() const {
  return tools::processor_ticks(pid_);
}

std::uint64_t Server::log_bytes() const {
  std::uint64_t bytes = 0;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(data_ + "/wal", ignored)) {
    bytes += entry.file_size(ignored);
  }
  return bytes;
}

Result<index::Environment::Stats> index_stats(const Server& server) {
  // LMDB's locks belong to the process: the first to close would let go of the other's.
  static std::mutex one_at_a_time;
  const std::scoped_lock lock(one_at_a_time);
  index::Options options;
  options.observe = true;
  TRY(const auto index,
      index::Environment::open(server.data() + "/index.lmdb",
                               store::Layout::tables(tracking::Fold().tables()), options));
  return index->stats();
}

}  // namespace stepwell::bench
