#pragma once

// A server as one process of a simulation: store, tracking and the binary door on an executor of
// its own; connections are pipes in memory. It dies at once, with or without the machine's power.

#include <memory>
#include <string>
#include <vector>

#include "engine/ingest/session.hpp"
#include "engine/io/net/memory_pipe.hpp"
#include "engine/tracking/tracking.hpp"
#include "tests/crash/store_on_world.hpp"

namespace stepwell::sim {

struct SimulatedClock final : Clock {
  explicit SimulatedClock(const Executor& e) : executor(e) {}
  std::int64_t now_ms() const override {
    return 1'700'000'000'000 + executor.now() / milliseconds(1);
  }
  const Executor& executor;
};

class ServerProcess {
 public:
  ServerProcess(io::World& world, const std::string& real_directory, std::uint64_t seed);

  Result<void> start();
  // The client's end of a new connection, for use on `client`.
  std::unique_ptr<Stream> accept(Executor& client, Instant latency);
  // A network that goes away; the server does not hear of it before it reads or writes.
  void cut_connections();
  void advance(Instant time) { store_.settle(time); }
  bool is_running() const { return shared_ != nullptr; }
  // No further event of this process happens. Keep the object: its clients may still hold pipes.
  void die();

  crash::StoreOnWorld& store() { return store_; }

 private:
  static Task<void> serve(std::shared_ptr<ingest::Session> session);

  crash::StoreOnWorld store_;
  SimulatedClock clock_{store_.executor};
  std::unique_ptr<tracking::Tracking> tracking_;
  std::unique_ptr<ingest::Shared> shared_;
  std::vector<std::shared_ptr<net::PipeControl>> controls_;
};

}  // namespace stepwell::sim
