#include "tests/sim/server_process.hpp"
#include "engine/base/spawn.hpp"

namespace stepwell::sim {

ServerProcess::ServerProcess(io::World& world, const std::string& real_directory,
                             std::uint64_t seed)
    : store_(world, real_directory, seed) {}

Result<void> ServerProcess::start() {
  TRY(store_.open());
  tracking_ = std::make_unique<tracking::Tracking>(*store_.store, clock_);
  shared_ = std::make_unique<ingest::Shared>(*tracking_, ingest::Options{});
  return ok();
}

Task<void> ServerProcess::serve(std::shared_ptr<ingest::Session> session) {
  auto running = session->run("");
  co_await std::move(running);
}

std::unique_ptr<Stream> ServerProcess::accept(Executor& client, Instant latency) {
  net::PipeOptions options;
  options.latency = latency;
  auto pipe = net::memory_pipe(client, store_.executor, options);
  controls_.push_back(pipe.control);
  Executor& executor = store_.executor;
  auto session = std::make_shared<ingest::Session>(*shared_, std::move(pipe.second), executor,
                                                   executor, executor);
  spawn(store_.executor, serve(std::move(session)));
  return std::move(pipe.first);
}

void ServerProcess::cut_connections() {
  for (const auto& control : controls_) control->cut();
  controls_.clear();
}

void ServerProcess::die() {
  cut_connections();
  store_.die();
  shared_.reset();
  tracking_.reset();
}

}  // namespace stepwell::sim
