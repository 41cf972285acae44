#include "engine/io/net/tcp_stream.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/write.hpp>

#include "engine/io/net/address.hpp"

namespace asio = boost::asio;
using asio::ip::tcp;

namespace stepwell::net {
namespace {

// Shared with the operations under way, which outlive a destroyed stream until they have failed.
struct Socket {
  explicit Socket(tcp::socket s) : socket(std::move(s)) {
    boost::system::error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    socket.non_blocking(true, ignored);
    const auto remote = socket.remote_endpoint(ignored);
    if (!ignored) peer = Address{remote.address().to_string(), remote.port()}.text();
  }

  void close() {
    if (!socket.is_open()) return;
    boost::system::error_code ignored;
    socket.shutdown(tcp::socket::shutdown_both, ignored);
    // Unread bytes would turn the close into a reset, which could overtake our last answer.
    char rest[4096];
    for (int i = 0; i < 16 && socket.read_some(asio::buffer(rest), ignored) > 0; ++i) {
    }
    socket.close(ignored);
  }

  tcp::socket socket;
  std::string peer = "disconnected peer";
};

// Free functions, since a member coroutine's `this` would dangle after the stream is destroyed.
Task<Result<std::size_t>> read_some_of(std::shared_ptr<Socket> socket, MutableBytes into) {
  if (!socket->socket.is_open()) co_return closed_error();
  auto read = callback<std::size_t>([&](auto handler) {
    socket->socket.async_read_some(asio::buffer(into.data(), into.size()), std::move(handler));
  });
  const auto [error, count] = co_await read;
  if (error == asio::error::eof) co_return std::size_t{0};
  if (!socket->socket.is_open()) co_return closed_error();
  if (error) co_return socket_error(error, "read from " + socket->peer);
  co_return count;
}

Task<Result<void>> write_all_of(std::shared_ptr<Socket> socket, Bytes from) {
  if (!socket->socket.is_open()) co_return closed_error();
  auto write = callback<std::size_t>([&](auto handler) {
    asio::async_write(socket->socket, asio::buffer(from.data(), from.size()), std::move(handler));
  });
  const auto [error, count] = co_await write;
  if (!socket->socket.is_open()) co_return closed_error();
  if (error) co_return socket_error(error, "write to " + socket->peer);
  co_return ok();
}

class TcpStream final : public Stream {
 public:
  explicit TcpStream(tcp::socket socket) : socket_(std::make_shared<Socket>(std::move(socket))) {}
  ~TcpStream() override { socket_->close(); }

  Task<Result<std::size_t>> read_some(MutableBytes into) override {
    return read_some_of(socket_, into);
  }
  Task<Result<void>> write_all(Bytes from) override { return write_all_of(socket_, from); }
  void close() override { socket_->close(); }
  std::string peer() const override { return socket_->peer; }

 private:
  std::shared_ptr<Socket> socket_;
};

}  // namespace

std::unique_ptr<Stream> make_tcp_stream(tcp::socket socket) {
  return std::make_unique<TcpStream>(std::move(socket));
}

Error closed_error() {
  return fail(ErrorKind::kIo, "closed");
}

Error socket_error(const boost::system::error_code& error, std::string_view what) {
  return fail(ErrorKind::kIo, "{}: {}", what, error.message());
}

}  // namespace stepwell::net
