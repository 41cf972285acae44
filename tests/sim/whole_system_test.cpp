// Real clients (recorder, spool, connection) and the real door over pipes in memory, a network that
// cuts, a server that is killed or loses power: at the end every point that was logged is there
// once, and the digest is that of a life in which nothing went wrong.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <map>
#include <set>

#include "protocol/client/client_core.hpp"
#include "protocol/context.hpp"
#include "tests/sim/job_script.hpp"
#include "tests/sim/reference_model.hpp"
#include "tests/sim/server_process.hpp"

namespace stepwell::sim {
namespace {

constexpr std::size_t kClients = 3;
constexpr int kSteps = 60;

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text && *text ? std::strtoull(text, nullptr, 10) : otherwise;
}

class System {
 public:
  System(std::uint64_t seed, bool trouble)
      : random_(seed), job_(seed + 1), trouble_(trouble), assigned_(seed % 2 == 0) {
    world_ = std::make_unique<io::World>(seed);
    run_ = job_.next_id<RunId>();
    start_server();
    for (std::size_t i = 0; i < kClients; ++i) start_client(i);
  }

  ~System() { stop(); }

  // The same for every life of a seed: what is logged, and when.
  void run() {
    for (int tick = 0; !all_decided() || !server_->is_running(); ++tick) {
      ASSERT_LT(tick, 60'000) << "the clients do not get through: " << state();
      if (testing::Test::HasFailure()) return;
      const Instant step = std::chrono::microseconds(500);
      clients_executor_.advance(step);
      if (server_->is_running()) server_->advance(step);
      if (server_->is_running() && server_->store().poisoned) {
        FAIL() << *server_->store().poisoned;
      }
      if (trouble_) make_trouble();
    }
    ASSERT_NO_FATAL_FAILURE(judge());
  }

  std::string digest() { return server_->store().digest().value(); }
  bool has_assigned_steps() const { return assigned_; }

 private:
  struct Network final : Connector {
    explicit Network(System& s) : system(s) {}
    Task<Result<std::unique_ptr<Stream>>> connect() override {
      if (!system.server_->is_running()) co_return fail(ErrorKind::kIo, "connection refused");
      co_return system.server_->accept(system.clients_executor_,
                                       std::chrono::microseconds(system.random_.below(2000)));
    }
    std::string address() const override { return "simulated"; }
    System& system;
  };
  struct Client {
    std::shared_ptr<client::ClientCore> core;
    std::string context;
    bool decided = false;
  };

  void start_server() {
    retired_.push_back(std::move(server_));
    server_ = std::make_unique<ServerProcess>(*world_, directory_.path(), random_.next_u64());
    world_->set_durable_delay_max(std::chrono::microseconds(300));
    server_->advance(clients_executor_.now());  // One machine's time for all.
    const auto started = server_->start();
    ASSERT_TRUE(started.has_value()) << started.error().text;
  }

  void start_client(std::size_t number) {
    client::CoreOptions options;
    options.run = run_;
    options.writer = job_.next_id<WriterId>();
    options.open.experiment = "whole system";
    options.open.start_ms = 1'700'000'000'000;
    options.spool_directory = "spool-" + std::to_string(number);
    options.spool.segment_bytes = 6000;
    options.flush_interval = milliseconds(7);
    options.backoff_max = milliseconds(200);
    Client client;
    if (number > 0) {
      client.context = protocol::encode_context({{"rank", std::to_string(number)}}).value();
    }
    client.core = client::ClientCore::make(clients_executor_, client_files_, &network_, clock_,
                                           client_random_, options);
    client.core->recorder().add_context(client.context);
    client.core->start();
    clients_.push_back(client);
    log_later(number, 1);
  }

  void log_later(std::size_t number, int step) {
    const Instant delay = std::chrono::microseconds(500 + job_.below(4000));
    clients_executor_.post_after(delay, [this, number, step] {
      Client& client = clients_[number];
      log_step(client, number, step);
      if (step < kSteps) return log_later(number, step + 1);
      wire::EndT end;
      end.end_ms = 1'700'000'100'000;
      client.core->recorder().command(Kind::kEnd, protocol::encode(end));
      client.core->flush();
      client.core->when_decided([&client](bool decided) { client.decided = decided; });
    });
  }

  void log_step(Client& client, std::size_t number, int step) {
    // What a job logs must not depend on the network: made from the numbers alone.
    SeededRandom values(number * 1000 + static_cast<std::uint64_t>(step));
    const std::int64_t time = 1'700'000'000'000 + step;
    const client::Value logged[] = {{"loss", some_value(values)}, {"accuracy", some_value(values)}};
    client.core->recorder().log(0, step, time, logged);
    for (const auto& [key, value] : logged) {
      expected_[{std::string(key), client.context}].insert(model_point(step, time, value));
    }
    if (!assigned_) return;
    const client::Value counted[] = {{"counted", static_cast<double>(number) * 1e6 + step}};
    client.core->recorder().log(0, std::nullopt, time, counted);
  }

  // Everybody goes home: what was started comes to its end.
  void stop() {
    for (Client& client : clients_) client.core->stop();
    if (server_->is_running()) server_->cut_connections();
    for (int i = 0; i < 100; ++i) {
      clients_executor_.advance(milliseconds(200));
      if (server_->is_running()) server_->advance(milliseconds(200));
    }
  }

  std::string state() const {
    std::string text;
    for (const Client& one : clients_) {
      const client::Account account = one.core->account();
      text += fmt::format("decided {} accepted {} acknowledged {} rejected {} connected {} {} {}\n",
                          one.decided, account.accepted, account.acknowledged, account.rejected,
                          account.connected, account.last_error, account.stopped.value_or(""));
    }
    return text;
  }

  bool all_decided() const {
    return std::all_of(clients_.begin(), clients_.end(), [](const Client& c) { return c.decided; });
  }

  void make_trouble() {
    if (server_->is_running()) {
      if (random_.one_in(200)) server_->cut_connections();
      if (random_.one_in(300) && retired_.size() < 6) {
        auto left =
            random_.one_in(2) ? world_->after_kill() : world_->after_cut(random_.next_u64());
        server_->die();
        worlds_.push_back(std::exchange(world_, std::move(left)));
      }
    } else if (random_.one_in(60)) {
      start_server();
    }
  }

  void judge() {
    std::uint64_t accepted = 0;
    for (const Client& client : clients_) {
      const client::Account account = client.core->account();
      EXPECT_EQ(account.acknowledged, account.accepted);
      EXPECT_EQ(account.rejected + account.lost + account.dropped + account.queued, 0u);
      accepted += account.accepted;
    }
    auto snapshot = server_->store().store->snapshot();
    ASSERT_TRUE(snapshot.has_value());
    const tracking::View view(std::move(snapshot.value()));
    const auto run = view.find_run(run_);
    ASSERT_TRUE(run.value().has_value());
    const auto series = view.series_of(*run.value());
    std::uint64_t found = 0;
    std::map<std::int64_t, int> assigned;
    for (const tracking::SeriesName& name : series.value()) {
      const auto points = view.snapshot().points(
          *run.value(), name.number, {store::least_point(), store::greatest_point()}, 1 << 20);
      ASSERT_TRUE(points.has_value());
      found += points.value().size();
      std::set<ModelPoint> set;
      double last = -1;
      for (const Point point : points.value()) {
        set.insert(model_point(point.step, point.timestamp_ms, point.value));
        if (name.key != "counted") continue;
        ++assigned[point.step];
        EXPECT_GT(point.value, last) << "a writer's points are in its order";
        last = point.value;
      }
      if (name.key != "counted") {
        EXPECT_EQ(set, (expected_[{name.key, name.context}]));
      }
    }
    EXPECT_EQ(found, accepted);
    for (const auto& [step, times] : assigned) EXPECT_EQ(times, 1) << "step " << step;
    const auto data = view.run(run_);
    ASSERT_TRUE(data.value().has_value());
    EXPECT_TRUE(data.value()->losses.empty());
    EXPECT_EQ(static_cast<int>(data.value()->info->status), 3);
  }

  crash::ScratchDirectory directory_;
  SeededRandom random_;
  SeededRandom job_;
  bool trouble_;
  bool assigned_;
  RunId run_;
  HandExecutor clients_executor_;
  SimulatedClock clock_{clients_executor_};
  SeededRandom client_random_{7};
  io::World client_world_{5};
  io::MemoryFileSystem client_files_{client_world_};
  std::vector<std::unique_ptr<io::World>> worlds_;
  std::unique_ptr<io::World> world_;
  std::vector<std::unique_ptr<ServerProcess>> retired_;
  std::unique_ptr<ServerProcess> server_;
  Network network_{*this};
  std::deque<Client> clients_;
  std::map<std::pair<std::string, std::string>, std::set<ModelPoint>> expected_;
};

constexpr std::uint64_t kShards = 4;

class WholeSystem : public testing::TestWithParam<std::uint64_t> {};

TEST_P(WholeSystem, EveryPointIsThereOnce) {
  const std::uint64_t seeds = number_from("STEPWELL_SIM_SEEDS", 300) / 2;
  const std::uint64_t only = number_from("STEPWELL_SEED", 0);
  for (std::uint64_t seed = 1 + GetParam(); seed <= std::max(seeds, only); seed += kShards) {
    if (only != 0 && seed != only) continue;
    SCOPED_TRACE(testing::Message() << "STEPWELL_SEED=" << seed);
    System troubled(seed, true);
    troubled.run();
    if (HasFailure()) return;
    System undisturbed(seed, false);
    undisturbed.run();
    if (HasFailure()) return;
    // Steps that the server assigns depend on who comes first.
    if (!troubled.has_assigned_steps()) {
      EXPECT_EQ(troubled.digest(), undisturbed.digest());
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, WholeSystem, testing::Range(std::uint64_t{0}, kShards));

}  // namespace
}  // namespace stepwell::sim
