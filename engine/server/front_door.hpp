#pragma once

// The one port: accepts connections, looks at the first byte of each and hands it to the door that
// speaks its language: frames to ingest/, HTTP to http/. Belongs to its executor, the acceptor's.

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "engine/base/guarded.hpp"
#include "engine/http/session.hpp"
#include "engine/ingest/session.hpp"
#include "engine/io/net/tcp.hpp"

namespace stepwell::server {

class FrontDoor : public std::enable_shared_from_this<FrontDoor> {
 public:
  // Who does what for connections: they are spread over `network` and, with their reads, over
  // `query`, so that a heavy read holds up a part of the others and no reconnect (`lookup`).
  struct Workers {
    std::vector<net::AsioExecutor*> network;
    std::vector<Executor*> query;
    Executor& lookup;
  };
  // All outlives it.
  FrontDoor(std::unique_ptr<net::Listener> listener, ingest::Shared& shared, http::Shared& http,
            Workers workers);

  std::uint16_t port() const { return listener_->port(); }
  Task<void> accept_all();
  // Accepts no more and lets sessions finish what is in flight. On the acceptor's executor.
  void drain();
  // Sessions that are still open. Any thread.
  std::size_t open_sessions();

 private:
  Task<void> welcome(std::unique_ptr<Stream> stream, net::AsioExecutor& home, Executor& query);

  Task<void> tell_full(std::unique_ptr<Stream> stream, net::AsioExecutor& home);
  bool is_full() const;
  // Lets drain() and open_sessions() know of it.
  template <typename Session>
  void know(const std::shared_ptr<Session>& session, Executor& home);

  struct Known {
    std::weak_ptr<void> session;
    std::function<void()> drain;  // Any thread.
  };

  std::unique_ptr<net::Listener> listener_;
  ingest::Shared& shared_;
  http::Shared& http_;
  const Workers workers_;
  std::atomic<bool> draining_{false};
  std::atomic<std::uint32_t> telling_full_{0};
  Guarded<std::vector<Known>> sessions_;
};

}  // namespace stepwell::server
