#pragma once

// The wiring: executors, store, tracking and the front door, started and stopped in order. Threads:
// network (sockets and hashes), sequencer (log and fold), compactor (checkpoints, segments), query
// (reads), lookup (positions: what a client needs before it can go on).

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/clock.hpp"
#include "engine/ingest/session.hpp"
#include "engine/io/net/asio_executor.hpp"
#include "engine/io/posix.hpp"
#include "engine/server/config.hpp"
#include "engine/server/front_door.hpp"
#include "engine/store/store.hpp"
#include "engine/tracking/fold.hpp"
#include "engine/tracking/tracking.hpp"

namespace stepwell::server {

struct Budgets;

class Server {
 public:
  // Takes the address, recovers the store and serves. On an error nothing is left running; if the
  // address was not to be had, nothing was created either. `on_poisoned` may be called on any
  // thread, also before this returns: the process must stop then.
  static Result<std::unique_ptr<Server>> start(const Config& config,
                                               std::function<void(const Error&)> on_poisoned);
  // Stops at once: what was not acknowledged is as if the process had been killed. Waits for what
  // the threads are doing.
  ~Server();

  struct Stopped {
    std::size_t connections_left = 0;  // Cut off while clients were still waiting.
    bool store_closed = false;         // In order; else the next start recovers.
    bool threads_ended = false;
    bool in_order() const { return store_closed && threads_ended; }
  };
  // Refuse, drain, sync, close, within `timeout`, of which clients get three quarters, and closing
  // a second at least. Where it is not `in_order` the process must _exit(): destruction would wait.
  // kIo: the store failed.
  Result<Stopped> stop(Instant timeout);

  std::string address() const;
  const store::Store& store() const { return *store_; }
  const store::OpenReport& opened() const { return opened_; }
  // Sequencer, compactor, lookup, then query and network threads; for tests that hold one up.
  std::vector<net::AsioExecutor*> threads() const;

 private:
  explicit Server(const Config& config);
  Result<std::unique_ptr<net::Listener>> listen(const Budgets& budgets);
  Result<void> open_store(const Budgets& budgets, std::function<void(const Error&)> on_poisoned);
  Result<void> settle();
  void open_door(std::unique_ptr<net::Listener> listener);

  const Config config_;
  SystemClock clock_;
  SystemRandom random_;
  io::PosixFileSystem files_;
  tracking::Fold fold_;
  store::OpenReport opened_;

  // Sessions, which jobs and tasks on the executors hold, refer to them.
  std::unique_ptr<tracking::Tracking> tracking_;
  std::unique_ptr<ingest::Shared> shared_;
  std::unique_ptr<http::Shared> http_;

  std::unique_ptr<net::AsioExecutor> sequencer_ = std::make_unique<net::AsioExecutor>();
  std::unique_ptr<net::AsioExecutor> compactor_ = std::make_unique<net::AsioExecutor>();
  std::unique_ptr<net::AsioExecutor> lookup_ = std::make_unique<net::AsioExecutor>();
  std::vector<std::unique_ptr<net::AsioExecutor>> query_;
  std::vector<std::unique_ptr<net::AsioExecutor>> network_;
  std::unique_ptr<store::Store> store_;
  std::shared_ptr<FrontDoor> door_;
};

}  // namespace stepwell::server
