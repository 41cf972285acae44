#include "tests/tools/stepwell_process.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

namespace stepwell::tools {

std::string stepwell_binary() {
  return STEPWELL_BINARY;
}

std::string contents_of(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

Child::Child(const std::vector<std::string>& arguments, const std::string& out,
             const std::string& err) {
  std::vector<std::string> all = {stepwell_binary()};
  all.insert(all.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& argument : all) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const pid_t parent = getpid();
  pid_ = ::fork();
  if (pid_ != 0) return;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
  const int out_file = ::open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  const int err_file = ::open(err.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::dup2(out_file, STDOUT_FILENO);
  ::dup2(err_file, STDERR_FILENO);
  ::execv(argv[0], argv.data());
  _exit(127);
}

Child::~Child() {
  if (running()) send(SIGKILL);
  wait(10);
}

void Child::send(int signal) const {
  if (code_ == -2) ::kill(pid_, signal);
}

bool Child::running() {
  if (code_ != -2) return false;
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) != pid_) return true;
  code_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return false;
}

int Child::wait(double seconds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (running()) {
    if (std::chrono::steady_clock::now() > end) {
      send(SIGKILL);
      while (running()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      return -1;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return code_;
}

Finished run_stepwell(const std::vector<std::string>& arguments) {
  const TestDirectory scratch;
  Child child(arguments, scratch / "out", scratch / "err");
  Finished finished;
  finished.code = child.wait(120);
  finished.out = contents_of(scratch / "out");
  finished.err = contents_of(scratch / "err");
  return finished;
}

TestDirectory::TestDirectory() {
  std::string name = testing::TempDir() + "stepwell-tools-XXXXXX";
  path_ = ::mkdtemp(name.data());
}

TestDirectory::~TestDirectory() {
  std::error_code ignored;
  if (!testing::Test::HasFailure()) std::filesystem::remove_all(path_, ignored);
}

namespace {

int free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  ::bind(socket, reinterpret_cast<sockaddr*>(&address), length);
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &length);
  ::close(socket);
  return ntohs(address.sin_port);
}

}  // namespace

TestServer::TestServer(std::string directory, std::string logs, std::vector<std::string> arguments)
    : directory_(std::move(directory)),
      logs_(std::move(logs)),
      arguments_(std::move(arguments)),
      port_(free_port()) {}

std::string TestServer::address() const {
  return "127.0.0.1:" + std::to_string(port_);
}

void TestServer::launch() {
  std::filesystem::remove(logs_ + ".out");
  std::vector<std::string> arguments = {"serve", "--data", directory_, "--listen", address()};
  arguments.insert(arguments.end(), arguments_.begin(), arguments_.end());
  child_ = std::make_unique<Child>(arguments, logs_ + ".out", logs_ + ".err");
}

bool TestServer::start() {
  launch();
  for (int i = 0; i < 15'000; ++i) {
    if (contents_of(logs_ + ".out").find("stepwell ready on ") != std::string::npos) return true;
    if (!child_->running()) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return false;
}

void TestServer::kill() {
  child_->send(SIGKILL);
  child_->wait(30);
}

int TestServer::stop() {
  child_->send(SIGTERM);
  return child_->wait(60);
}

std::string TestServer::errors() const {
  return contents_of(logs_ + ".err");
}

}  // namespace stepwell::tools
