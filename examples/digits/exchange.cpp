#include "examples/digits/exchange.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <stdexcept>
#include <thread>

namespace digits {
namespace {

constexpr auto kMeetingTimeout = std::chrono::seconds(30);

[[noreturn]] void give_up(const std::string& what) {
  throw std::runtime_error("exchange: " + what + ": " + std::strerror(errno));
}

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    throw std::runtime_error("exchange: path too long for a socket: " + path);
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

int open_socket() {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) give_up("socket");
  return fd;
}

const sockaddr* generic(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

void send_all(int fd, const void* data, std::size_t size) {
  const auto* bytes = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t sent = ::send(fd, bytes, size, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) give_up("a worker is gone");
    bytes += sent;
    size -= static_cast<std::size_t>(sent);
  }
}

void receive_all(int fd, void* data, std::size_t size) {
  auto* bytes = static_cast<char*>(data);
  while (size > 0) {
    const ssize_t received = ::recv(fd, bytes, size, 0);
    if (received < 0 && errno == EINTR) continue;
    if (received <= 0) give_up("a worker is gone");
    bytes += received;
    size -= static_cast<std::size_t>(received);
  }
}

}  // namespace

Exchange::Exchange(int rank, int ranks, const std::string& path) : rank_(rank), ranks_(ranks) {
  if (ranks == 1) return;
  if (rank == 0)
    gather_workers(path);
  else
    join_rank_0(path);
}

Exchange::~Exchange() {
  for (const int fd : peers_) ::close(fd);
}

void Exchange::gather_workers(const std::string& path) {
  const int listener = open_socket();
  ::unlink(path.c_str());
  const auto address = address_of(path);
  if (::bind(listener, generic(address), sizeof address) != 0) give_up("bind " + path);
  if (::listen(listener, ranks_) != 0) give_up("listen " + path);
  peers_.resize(static_cast<std::size_t>(ranks_) - 1);
  for (int i = 1; i < ranks_; ++i) {
    const int fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) give_up("accept " + path);
    int rank = 0;
    receive_all(fd, &rank, sizeof rank);
    if (rank < 1 || rank >= ranks_) throw std::runtime_error("exchange: a stranger called");
    peers_[static_cast<std::size_t>(rank) - 1] = fd;
  }
  ::close(listener);
  ::unlink(path.c_str());
}

void Exchange::join_rank_0(const std::string& path) {
  const auto address = address_of(path);
  const auto deadline = std::chrono::steady_clock::now() + kMeetingTimeout;
  const int fd = open_socket();
  // Rank 0 may not listen yet.
  while (::connect(fd, generic(address), sizeof address) != 0) {
    if (std::chrono::steady_clock::now() > deadline) give_up("connect " + path);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  send_all(fd, &rank_, sizeof rank_);
  peers_.push_back(fd);
}

void Exchange::average(std::span<float> values) {
  if (ranks_ == 1) return;
  const std::size_t bytes = values.size_bytes();
  if (rank_ != 0) {
    send_all(peers_[0], values.data(), bytes);
    receive_all(peers_[0], values.data(), bytes);
    return;
  }
  received_.resize(values.size());
  for (const int fd : peers_) {
    receive_all(fd, received_.data(), bytes);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] += received_[i];
  }
  for (float& value : values) value /= static_cast<float>(ranks_);
  for (const int fd : peers_) send_all(fd, values.data(), bytes);
}

}  // namespace digits
