#include "engine/server/server.hpp"

#include <future>
#include <thread>

#include "engine/base/logging.hpp"
#include "engine/server/budgets.hpp"
#include "protocol/messages.hpp"

namespace stepwell::server {
namespace {

constexpr std::string_view kArtifactRoot = "artifact_root";

// Runs `start`, which calls back on another thread, and waits for that.
template <typename Start>
Result<void> wait_for(const Start& start) {
  std::promise<Result<void>> promise;
  auto future = promise.get_future();
  start([&promise](Result<void> result) { promise.set_value(std::move(result)); });
  return future.get();
}

}  // namespace

Server::Server(const Config& config) : config_(config) {}

Result<std::unique_ptr<Server>> Server::start(const Config& config,
                                              std::function<void(const Error&)> on_poisoned) {
  std::unique_ptr<Server> self(new Server(config));
  TRY(self->open_store(std::move(on_poisoned)));
  TRY(self->settle());
  TRY(self->listen());
  return self;
}

Server::~Server() {
  std::vector<net::AsioExecutor*> threads = {sequencer_.get(), compactor_.get()};
  for (auto& executor : query_) threads.push_back(executor.get());
  for (auto& executor : network_) threads.push_back(executor.get());
  for (net::AsioExecutor* executor : threads) executor->stop();
  for (net::AsioExecutor* executor : threads) executor->join();
  // Writes in flight complete onto the sequencer; its queued jobs hold sessions, whose sockets
  // belong to the network's event loops.
  store_.reset();
  compactor_.reset();
  sequencer_.reset();
  door_.reset();
}

Result<void> Server::open_store(std::function<void(const Error&)> on_poisoned) {
  const Budgets budgets = budgets_of(config_);
  sequencer_->start("sequencer");
  compactor_->start("compactor");
  const store::Environment environment{files_, *sequencer_, *compactor_, random_};
  TRY(store_, store::Store::open(environment, config_.data, budgets.store, fold_, opened_));
  store_->on_poisoned(std::move(on_poisoned));
  tracking_ = std::make_unique<tracking::Tracking>(*store_, clock_);
  shared_ = std::make_unique<ingest::Shared>(*tracking_, budgets.ingest);
  for (std::uint64_t i = 0; i < budgets.query_threads; ++i) {
    query_.push_back(std::make_unique<net::AsioExecutor>());
    query_.back()->start(fmt::format("query-{}", i));
  }
  for (std::uint64_t i = 0; i < budgets.network_threads; ++i) {
    network_.push_back(std::make_unique<net::AsioExecutor>());
    network_.back()->start(fmt::format("net-{}", i));
  }
  return ok();
}

// Logs the artifact root if it is not the one in force: the fold knows no configuration.
Result<void> Server::settle() {
  {
    TRY(const auto view, tracking_->snapshot());
    TRY(const auto root, view.rows().get(tracking::table::kSettings, kArtifactRoot));
    if (root == config_.artifact_root) return ok();
  }
  wire::SettingsT settings;
  settings.artifact_root = config_.artifact_root;
  const std::string frame = protocol::make_frame_of(protocol::Kind::kSettings, settings);
  const auto memory = std::make_shared<const std::string>(frame);
  const protocol::FrameView view{load_le<protocol::FrameHeader>(memory->data()), as_bytes(*memory)};
  return wait_for([&](auto done) {
    tracking_->submit(
        {view}, wal::Door::kServer, memory, [done](std::vector<Result<store::Verdict>> results) {
          done(results.front() ? Result<void>(ok()) : Result<void>(results.front().error()));
        });
  });
}

Result<void> Server::listen() {
  TRY(const net::Address address, net::parse_address(config_.listen));
  net::AsioExecutor& acceptor = *network_.front();
  TRY(auto listener, net::tcp_listen(acceptor, address.host, address.port));
  std::vector<net::AsioExecutor*> network;
  for (auto& executor : network_) network.push_back(executor.get());
  door_ = std::make_shared<FrontDoor>(std::move(listener), *shared_, std::move(network),
                                      *query_.front());
  spawn(acceptor, door_->accept_all());
  return ok();
}

std::string Server::address() const {
  net::Address address = net::parse_address(config_.listen).value();
  address.port = door_->port();
  return address.text();
}

Result<void> Server::stop(Instant timeout) {
  network_.front()->post([door = door_] { door->drain(); });
  const Instant until = sequencer_->now() + timeout;
  while (door_->open_sessions() > 0 && sequencer_->now() < until) {
    std::this_thread::sleep_for(milliseconds(2));
  }
  const std::size_t left = door_->open_sessions();
  TRY(wait_for([&](auto done) { store_->close(done); }));
  if (left > 0) return fail(ErrorKind::kOverloaded, "{} connections were still open", left);
  return ok();
}

}  // namespace stepwell::server
