#include <boost/asio/connect.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <vector>

#include "engine/io/net/tcp.hpp"
#include "engine/io/net/tcp_stream.hpp"

namespace asio = boost::asio;
using asio::ip::tcp;

namespace stepwell::net {
namespace {

// What a connect that ran out of time has to abort.
struct Attempt {
  explicit Attempt(AsioExecutor& executor)
      : resolver(executor.context()), socket(executor.context()) {}
  tcp::resolver resolver;
  tcp::socket socket;
  bool timed_out = false;

  void time_out() {
    timed_out = true;
    resolver.cancel();
    boost::system::error_code ignored;
    socket.close(ignored);
  }
};

struct Resolved {
  boost::system::error_code error;
  std::vector<tcp::endpoint> endpoints;
};

// Asio resolves names on a helper thread; an address needs none.
Task<Resolved> resolve(std::shared_ptr<Attempt> attempt, Address address) {
  Resolved resolved;
  const auto literal = asio::ip::make_address(address.host, resolved.error);
  if (!resolved.error) {
    resolved.endpoints.emplace_back(literal, address.port);
    co_return resolved;
  }
  auto lookup = callback<tcp::resolver::results_type>([&](auto handler) {
    attempt->resolver.async_resolve(address.host, std::to_string(address.port), std::move(handler));
  });
  const auto [error, found] = co_await lookup;
  resolved.error = error;
  for (const auto& entry : found) resolved.endpoints.push_back(entry.endpoint());
  co_return resolved;
}

Task<boost::system::error_code> try_all(std::shared_ptr<Attempt> attempt, Address address) {
  auto resolving = resolve(attempt, address);
  const Resolved resolved = co_await std::move(resolving);
  if (resolved.error) co_return resolved.error;
  auto connecting = callback<tcp::endpoint>([&](auto handler) {
    asio::async_connect(attempt->socket, resolved.endpoints, std::move(handler));
  });
  const auto [error, endpoint] = co_await connecting;
  co_return error;
}

}  // namespace

AsioConnector::AsioConnector(AsioExecutor& executor, Address address, Instant timeout)
    : executor_(executor), address_(std::move(address)), timeout_(timeout) {}

Task<Result<std::unique_ptr<Stream>>> AsioConnector::connect() {
  auto attempt = std::make_shared<Attempt>(executor_);
  AsioExecutor& executor = executor_;
  const std::string where = "connect to " + address_.text();
  const TimerId timer = executor.post_after(timeout_, [attempt] { attempt->time_out(); });
  auto trying = try_all(attempt, address_);
  const auto error = co_await std::move(trying);
  executor.cancel(timer);
  if (attempt->timed_out) co_return fail(ErrorKind::kIo, "{}: timed out", where);
  if (error) co_return socket_error(error, where);
  co_return make_tcp_stream(std::move(attempt->socket));
}

}  // namespace stepwell::net
