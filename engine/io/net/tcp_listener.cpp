#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>

#include "engine/base/logging.hpp"
#include "engine/io/net/tcp.hpp"
#include "engine/io/net/tcp_stream.hpp"

namespace asio = boost::asio;
using asio::ip::tcp;

namespace stepwell::net {
namespace {

// Out of descriptors or memory: other connections must end first, trying harder does not help.
constexpr Instant kExhaustedWait = milliseconds(50);

struct Acceptor {
  explicit Acceptor(AsioExecutor& e) : executor(e), acceptor(e.context()) {}
  AsioExecutor& executor;
  tcp::acceptor acceptor;
  bool closed = false;
  bool exhausted = false;  // So that one episode is one line in the log.
};

bool is_exhausted(const boost::system::error_code& error) {
  return error == asio::error::no_descriptors || error == asio::error::no_memory ||
         error == asio::error::no_buffer_space ||
         error == boost::system::errc::too_many_files_open_in_system;
}

// A free function, since the listener may be destroyed while it waits.
Task<Result<std::unique_ptr<Stream>>> accept_of(std::shared_ptr<Acceptor> self,
                                                AsioExecutor& home) {
  while (!self->closed) {
    tcp::socket socket(home.context());
    struct Nothing {};
    boost::system::error_code failed;
    {
      auto accept = callback<Nothing>([&](auto handler) {
        self->acceptor.async_accept(
            socket, [handler = std::move(handler)](const boost::system::error_code& error) mutable {
              handler(error, Nothing{});
            });
      });
      failed = (co_await accept).error;
    }
    if (self->closed) break;
    if (!failed) {
      self->exhausted = false;
      co_return make_tcp_stream(std::move(socket));
    }
    if (is_exhausted(failed) && !self->exhausted) {
      self->exhausted = true;
      log().warn("accept: {}; waiting for connections to end", failed.message());
    }
    // Whatever else failed (the peer went away meanwhile, a firewall) concerns one connection; the
    // pause keeps an error that stays from spinning.
    if (failed != asio::error::connection_aborted) {
      co_await sleep_for(self->executor, kExhaustedWait);
    }
  }
  co_return closed_error();
}

class TcpListener final : public Listener {
 public:
  explicit TcpListener(std::shared_ptr<Acceptor> acceptor) : acceptor_(std::move(acceptor)) {
    port_ = acceptor_->acceptor.local_endpoint().port();
  }
  ~TcpListener() override { TcpListener::close(); }

  Task<Result<std::unique_ptr<Stream>>> accept() override {
    return accept_of(acceptor_, acceptor_->executor);
  }
  Task<Result<std::unique_ptr<Stream>>> accept(AsioExecutor& home) override {
    return accept_of(acceptor_, home);
  }
  std::uint16_t port() const override { return port_; }
  void close() override {
    acceptor_->closed = true;
    boost::system::error_code ignored;
    acceptor_->acceptor.close(ignored);
  }

 private:
  std::shared_ptr<Acceptor> acceptor_;
  std::uint16_t port_ = 0;
};

boost::system::error_code listen_on(tcp::acceptor& acceptor, const tcp::endpoint& endpoint) {
  boost::system::error_code error;
  acceptor.open(endpoint.protocol(), error);
  // A restarted server must get its port back while old connections linger.
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(4096, error);
  if (error) {
    boost::system::error_code ignored;
    acceptor.close(ignored);
  }
  return error;
}

}  // namespace

Result<std::unique_ptr<Listener>> tcp_listen(AsioExecutor& executor, const std::string& host,
                                             std::uint16_t port) {
  const std::string where = "listen on " + Address{host, port}.text();
  boost::system::error_code error;
  tcp::resolver resolver(executor.context());
  const auto found = resolver.resolve(host, std::to_string(port), tcp::resolver::passive, error);
  if (error) return socket_error(error, where);
  auto acceptor = std::make_shared<Acceptor>(executor);
  for (const auto& entry : found) {
    error = listen_on(acceptor->acceptor, entry.endpoint());
    if (!error) {
      return std::unique_ptr<Listener>(std::make_unique<TcpListener>(std::move(acceptor)));
    }
  }
  return socket_error(error, where);
}

}  // namespace stepwell::net
