#pragma once

// The wiring: executors, store, tracking and the front door, started and stopped in order. Threads:
// network (sockets and hashes), sequencer (log and fold), compactor (checkpoints, segments), query.

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

class Server {
 public:
  // Recovers the store and listens. On an error nothing is left running. `on_poisoned` may be
  // called on any thread: the process must stop then.
  static Result<std::unique_ptr<Server>> start(const Config& config,
                                               std::function<void(const Error&)> on_poisoned);
  // Stops at once: what was not acknowledged is as if the process had been killed.
  ~Server();

  // Refuse, drain, sync, close. kOverloaded: clients were still waiting when the time was up; the
  // store is closed in order all the same.
  Result<void> stop(Instant timeout);

  std::string address() const;
  const store::Store& store() const { return *store_; }
  const store::OpenReport& opened() const { return opened_; }

 private:
  explicit Server(const Config& config);
  Result<void> open_store(std::function<void(const Error&)> on_poisoned);
  Result<void> settle();
  Result<void> listen();

  const Config config_;
  SystemClock clock_;
  SystemRandom random_;
  io::PosixFileSystem files_;
  tracking::Fold fold_;
  store::OpenReport opened_;

  std::unique_ptr<net::AsioExecutor> sequencer_ = std::make_unique<net::AsioExecutor>();
  std::unique_ptr<net::AsioExecutor> compactor_ = std::make_unique<net::AsioExecutor>();
  std::vector<std::unique_ptr<net::AsioExecutor>> query_;
  std::vector<std::unique_ptr<net::AsioExecutor>> network_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<tracking::Tracking> tracking_;
  std::unique_ptr<ingest::Shared> shared_;
  std::shared_ptr<FrontDoor> door_;
};

}  // namespace stepwell::server
