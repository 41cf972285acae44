#include "examples/digits/stage.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <stdexcept>

namespace digits {
namespace {

constexpr std::chrono::seconds kReadyPatience(30);
constexpr std::chrono::seconds kStopPatience(30);
constexpr std::chrono::seconds kToolPatience(60);

}  // namespace

std::string free_local_address() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  const bool bound =
      fd >= 0 && ::bind(fd, generic, size) == 0 && ::getsockname(fd, generic, &size) == 0;
  if (fd >= 0) ::close(fd);
  if (!bound) throw std::runtime_error("no port on 127.0.0.1");
  return "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
}

std::string random_run_id() {
  std::random_device chance;
  std::string id;
  for (int i = 0; i < 32; ++i) id += "0123456789abcdef"[chance() % 16];
  return id;
}

std::string make_directory() {
  std::string name = (std::filesystem::temp_directory_path() / "stepwell-demo-XXXXXX").string();
  if (!::mkdtemp(name.data())) throw std::runtime_error("cannot create " + name);
  return name;
}

std::string Server::start() {
  process_ = std::make_unique<Process>(
      std::vector<std::string>{stage_.stepwell, "serve", "--data", stage_.path("data"), "--listen",
                               stage_.address},
      stage_.path("server.log"));
  auto line = process_->read_line(kReadyPatience);
  if (!line) throw std::runtime_error("the server did not get ready; see its log");
  return *line;
}

void Server::kill() {
  process_->signal(SIGKILL);
  process_->wait(kStopPatience);
}

std::optional<int> Server::stop() {
  process_->signal(SIGTERM);
  return process_->wait(kStopPatience);
}

Outcome run_tool(const Stage& stage, const std::vector<std::string>& arguments) {
  std::vector<std::string> command = {stage.stepwell};
  command.insert(command.end(), arguments.begin(), arguments.end());
  Process process(command, stage.path("tools.log"));
  const auto status = process.wait(kToolPatience);
  if (!status) throw std::runtime_error("stepwell " + arguments.at(0) + " does not end");
  Outcome outcome{*status, {}};
  while (auto line = process.read_line(std::chrono::milliseconds(0)))
    outcome.lines.push_back(*line);
  return outcome;
}

}  // namespace digits
