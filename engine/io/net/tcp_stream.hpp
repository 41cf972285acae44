#pragma once

// For the sources of this folder only: a connected socket as a Stream, and the bridge from Asio's
// callbacks to coroutines.

#include <boost/asio/ip/tcp.hpp>
#include <coroutine>
#include <memory>

#include "engine/base/stream.hpp"

namespace stepwell::net {

std::unique_ptr<Stream> make_tcp_stream(boost::asio::ip::tcp::socket socket);

Error closed_error();
Error socket_error(const boost::system::error_code& error, std::string_view what);

// co_await Callback<T>(start): start(handler) begins an Asio operation whose handler takes
// (error_code, T). Asio never calls a handler before start() returns, so no lock is needed; the
// coroutine goes on in the handler, on the socket's executor.
template <typename T, typename Start>
class Callback {
 public:
  struct Outcome {
    boost::system::error_code error;
    T value{};
  };

  explicit Callback(Start start) : start_(std::move(start)) {}
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting) {
    start_([this, waiting](const boost::system::error_code& error, T value) {
      outcome_.error = error;
      outcome_.value = std::move(value);
      waiting.resume();
    });
  }
  Outcome await_resume() { return std::move(outcome_); }

 private:
  Start start_;
  Outcome outcome_;
};

template <typename T, typename Start>
Callback<T, Start> callback(Start start) {
  return Callback<T, Start>(std::move(start));
}

}  // namespace stepwell::net
