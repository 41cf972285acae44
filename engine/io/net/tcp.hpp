#pragma once

// TCP over AsioExecutors. Streams have TCP_NODELAY. A stream belongs to the executor it was made
// for: every call on it, its destruction included, happens there.

#include <memory>

#include "engine/base/stream.hpp"
#include "engine/io/net/address.hpp"
#include "engine/io/net/asio_executor.hpp"

namespace stepwell::net {

// Belongs to the executor that tcp_listen() was given. Closed when destroyed.
class Listener {
 public:
  virtual ~Listener() = default;

  // The next connection, for use on the listener's own executor. When the process is out of
  // descriptors or memory it waits and tries again; it fails (kIo, "closed") only after close().
  // One accept at a time.
  virtual Task<Result<std::unique_ptr<Stream>>> accept() = 0;
  // The same, as a stream of `home`: hand it over by posting it there.
  virtual Task<Result<std::unique_ptr<Stream>>> accept(AsioExecutor& home) = 0;

  // The port that it got, where 0 was asked for.
  virtual std::uint16_t port() const = 0;
  virtual void close() = 0;
};

// Resolves the host, binds and listens; blocks shortly. kIo names the address.
Result<std::unique_ptr<Listener>> tcp_listen(AsioExecutor& executor, const std::string& host,
                                             std::uint16_t port);

// Resolves the name anew at every connect and tries all its addresses, at most `timeout` in all.
class AsioConnector final : public Connector {
 public:
  AsioConnector(AsioExecutor& executor, Address address, Instant timeout = std::chrono::seconds(5));
  Task<Result<std::unique_ptr<Stream>>> connect() override;
  std::string address() const override { return address_.text(); }

 private:
  AsioExecutor& executor_;
  const Address address_;
  const Instant timeout_;
};

}  // namespace stepwell::net
