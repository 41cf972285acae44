#pragma once

// The one port: accepts connections, looks at the first byte of each and hands it to the door that
// speaks its language. Frames go to ingest/; HTTP is told in one line that this version does not.
// Belongs to its executor, the acceptor's.

#include <functional>
#include <memory>
#include <vector>

#include "engine/base/guarded.hpp"
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
  FrontDoor(std::unique_ptr<net::Listener> listener, ingest::Shared& shared, Workers workers);

  std::uint16_t port() const { return listener_->port(); }
  Task<void> accept_all();
  // Accepts no more and lets sessions finish what is in flight. On the acceptor's executor.
  void drain();
  // Sessions that are still open. Any thread.
  std::size_t open_sessions();

 private:
  Task<void> welcome(std::unique_ptr<Stream> stream, net::AsioExecutor& home, Executor& query);

  struct Known {
    std::weak_ptr<ingest::Session> session;
    Executor* home;
  };

  std::unique_ptr<net::Listener> listener_;
  ingest::Shared& shared_;
  const Workers workers_;
  std::atomic<bool> draining_{false};
  Guarded<std::vector<Known>> sessions_;
};

}  // namespace stepwell::server
