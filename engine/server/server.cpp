#include "engine/server/server.hpp"

#include <algorithm>
#include <future>
#include <thread>

#include "engine/base/logging.hpp"
#include "engine/base/spawn.hpp"
#include "engine/server/budgets.hpp"
#include "protocol/messages.hpp"

namespace stepwell::server {
namespace {

constexpr std::string_view kArtifactRoot = "artifact_root";
// Closing gets so long even where clients get nothing.
constexpr Instant kCloseLeast = std::chrono::seconds(1);

using Future = std::shared_future<Result<void>>;

// Runs `start`, which calls back on another thread, perhaps when nobody waits any more.
template <typename Start>
Future result_of(const Start& start) {
  const auto promise = std::make_shared<std::promise<Result<void>>>();
  Future future = promise->get_future().share();
  start([promise](Result<void> result) { promise->set_value(std::move(result)); });
  return future;
}

bool is_loopback(std::string_view host) {
  return host == "localhost" || host == "::1" || host == "[::1]" || host.starts_with("127.");
}

}  // namespace

Server::Server(const Config& config) : config_(config) {}

Result<std::unique_ptr<Server>> Server::start(const Config& config,
                                              std::function<void(const Error&)> on_poisoned) {
  std::unique_ptr<Server> self(new Server(config));
  const Budgets budgets = budgets_of(config);
  // An address that is not to be had is found before anything is created.
  TRY(auto listener, self->listen(budgets));
  TRY(self->open_store(budgets, std::move(on_poisoned)));
  TRY(self->settle());
  self->open_door(std::move(listener));
  return self;
}

Server::~Server() {
  const auto all = threads();
  for (net::AsioExecutor* executor : all) executor->stop();
  for (net::AsioExecutor* executor : all) executor->join();
  for (net::AsioExecutor* executor : all) executor->spawned().destroy_all();
  // Writes in flight complete onto the sequencer. Its queued jobs, and the network's, hold
  // sessions, whose sockets belong to the network's event loops.
  store_.reset();
  compactor_.reset();
  sequencer_.reset();
  door_.reset();
  network_.clear();
}

std::vector<net::AsioExecutor*> Server::threads() const {
  std::vector<net::AsioExecutor*> all = {sequencer_.get(), compactor_.get(), lookup_.get()};
  for (const auto& executor : query_) all.push_back(executor.get());
  for (const auto& executor : network_) all.push_back(executor.get());
  return all;
}

Result<std::unique_ptr<net::Listener>> Server::listen(const Budgets& budgets) {
  TRY(const net::Address address, net::parse_address(config_.listen));
  for (std::uint64_t i = 0; i < budgets.query_threads; ++i) {
    query_.push_back(std::make_unique<net::AsioExecutor>());
  }
  for (std::uint64_t i = 0; i < budgets.network_threads; ++i) {
    network_.push_back(std::make_unique<net::AsioExecutor>());
  }
  TRY(auto listener, net::tcp_listen(*network_.front(), address.host, address.port));
  if (!is_loopback(address.host)) {
    log().warn(
        "listening on {}, beyond this machine, without authentication: whoever reaches it may "
        "read, change and delete everything",
        config_.listen);
  }
  return listener;
}

Result<void> Server::open_store(const Budgets& budgets,
                                std::function<void(const Error&)> on_poisoned) {
  sequencer_->start("sequencer");
  compactor_->start("compactor", net::AsioExecutor::Priority::kBackground);
  const store::Environment environment{files_, *sequencer_, *compactor_, random_,
                                       std::move(on_poisoned)};
  TRY(store_, store::Store::open(environment, config_.data, budgets.store, fold_, opened_));
  tracking_ = std::make_unique<tracking::Tracking>(*store_, clock_);
  shared_ = std::make_unique<ingest::Shared>(*tracking_, budgets.ingest);
  http_ =
      std::make_unique<http::Shared>(*tracking_, fold_.changes(), clock_, random_, budgets.http);
  return ok();
}

// Logs the artifact root if it is not the one in force: the fold knows no configuration.
Result<void> Server::settle() {
  // Ids are put behind it with a slash of their own.
  std::string wanted = config_.artifact_root;
  while (wanted.size() > 1 && wanted.ends_with('/')) wanted.pop_back();
  {
    TRY(const auto view, tracking_->snapshot());
    TRY(const auto root, view.rows().get(tracking::table::kSettings, kArtifactRoot));
    if (root == wanted) return ok();
  }
  wire::SettingsT settings;
  settings.artifact_root = wanted;
  const std::string frame = protocol::make_frame_of(protocol::Kind::kSettings, settings);
  const auto memory = std::make_shared<const std::string>(frame);
  const protocol::FrameView view{load_le<protocol::FrameHeader>(memory->data()), as_bytes(*memory)};
  const auto submit = [&](auto done) {
    tracking_->submit(
        {view}, wal::Door::kServer, memory, [done](std::vector<Result<store::Verdict>> results) {
          done(results.front() ? Result<void>(ok()) : Result<void>(results.front().error()));
        });
  };
  return result_of(submit).get();
}

void Server::open_door(std::unique_ptr<net::Listener> listener) {
  FrontDoor::Workers workers{{}, {}, *lookup_};
  for (auto& executor : network_) workers.network.push_back(executor.get());
  for (auto& executor : query_) workers.query.push_back(executor.get());
  lookup_->start("lookup");
  for (std::size_t i = 0; i < query_.size(); ++i) query_[i]->start(fmt::format("query-{}", i));
  for (std::size_t i = 0; i < network_.size(); ++i) network_[i]->start(fmt::format("net-{}", i));
  door_ = std::make_shared<FrontDoor>(std::move(listener), *shared_, *http_, std::move(workers));
  spawn(*network_.front(), door_->accept_all());
}

std::string Server::address() const {
  net::Address address = net::parse_address(config_.listen).value();
  address.port = door_->port();
  return address.text();
}

Result<Server::Stopped> Server::stop(Instant timeout) {
  const Instant start = sequencer_->now();
  const Instant until = start + std::max(timeout, kCloseLeast);
  const auto left = [&] { return std::max(until - sequencer_->now(), Instant(0)); };
  network_.front()->post([door = door_] { door->drain(); });
  // A quarter is kept for closing.
  while (door_->open_sessions() > 0 && sequencer_->now() < start + timeout / 4 * 3) {
    std::this_thread::sleep_for(milliseconds(2));
  }
  Stopped stopped;
  stopped.connections_left = door_->open_sessions();
  const Future closed = result_of([&](auto done) { store_->close(std::move(done)); });
  stopped.store_closed = closed.wait_for(left()) == std::future_status::ready;
  if (stopped.store_closed) {
    TRY(Result<void>(closed.get()));
  }
  const auto all = threads();
  for (net::AsioExecutor* executor : all) executor->stop();
  stopped.threads_ended =
      std::ranges::all_of(all, [&](net::AsioExecutor* one) { return one->join_for(left()); });
  return stopped;
}

}  // namespace stepwell::server
