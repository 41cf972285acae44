// The server's core on one thread from one seed: writers that are cut off, come back and repeat
// themselves, a server that is killed or loses power at any moment, checkpoints in between. At the
// end it holds what the model says, and its digest is that of a run that nothing disturbed.
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <set>

#include "tests/crash/witness.hpp"
#include "tests/sim/frame_client.hpp"
#include "tests/sim/job_script.hpp"

namespace stepwell::sim {
namespace {

using crash::ScratchDirectory;
using crash::StoreOnWorld;
using crash::Witness;

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text && *text ? std::strtoull(text, nullptr, 10) : otherwise;
}

// The stream of a writer whose steps the server assigns: its values say whose they are, and in
// which order they were logged.
std::vector<Command> counting_stream(const RunId& run, SeededRandom& random, std::uint64_t number) {
  std::vector<Command> stream(1);
  stream[0].run = run;
  stream[0].writer = random.next_id<WriterId>();
  stream[0].sequence = 1;
  stream[0].experiment = "counting";
  double value = static_cast<double>(number) * 1e6;
  for (std::uint64_t sequence = 2; sequence < 16; ++sequence) {
    Command batch = stream[0];
    batch.kind = Kind::kBatch;
    batch.sequence = sequence;
    Block block;
    block.series = {{"counted", ""}};
    block.points = 1 + random.below(4);
    for (std::size_t i = 0; i < block.points; ++i) block.values.push_back(value++);
    batch.blocks = {block};
    stream.push_back(batch);
  }
  return stream;
}

class Simulation {
 public:
  explicit Simulation(std::uint64_t seed) : random_(seed), seed_(seed) {
    world_ = std::make_unique<io::World>(seed);
    start();
    ScriptOptions options;
    options.commands = 14;
    options.runs = 2;
    auto streams = make_streams(seed, options);
    counted_ = random_.next_id<RunId>();
    for (std::uint64_t i = 0; i < 3; ++i) {
      streams.push_back(counting_stream(counted_, random_, i));
    }
    doomed_ = random_.next_id<RunId>();
    streams.push_back(counting_stream(doomed_, random_, 9));
    for (auto& stream : streams) {
      clients_.push_back(std::make_unique<FrameClient>(
          network_, random_.next_u64(), std::move(stream),
          [this](FrameClient& from, std::uint64_t connection, std::size_t at) {
            deliver(from, connection, at);
          },
          [this](const Command& of) { return expected(of); }));
    }
    clients_.back()->doom();
  }

  void run() {
    for (int tick = 0; !done(); ++tick) {
      ASSERT_LT(tick, 20'000) << "the clients do not get through";
      if (testing::Test::HasFailure()) return;
      const Instant step = std::chrono::microseconds(random_.below(700));
      network_.advance(step);
      if (server_) tend(step);
      if (random_.one_in(60)) clients_[random_.below(clients_.size())]->cut();
      if (server_ && purges_ < 6 && random_.one_in(80)) purge();
      if (server_ && kills_ < 4 && random_.one_in(120)) kill();
      if (!server_ && random_.one_in(20)) start();
    }
    ASSERT_NO_FATAL_FAILURE(judge());
  }

 private:
  struct Question {
    FrameClient* client;
    std::uint64_t connection;
    std::size_t at;
  };

  bool done() const {
    return server_ && witness_.all_acknowledged() &&
           std::all_of(clients_.begin(), clients_.end(),
                       [](const auto& one) { return one->done(); });
  }

  void tend(Instant step) {
    server_->settle(step);
    const bool well = witness_.take_answers(*server_, [this](std::size_t number, const auto& said) {
      const auto asked = questions_.extract(number);
      if (asked.empty()) return;
      FrameAnswer answer{protocol::VerdictCode::kOverloaded, 0};
      if (said) {
        answer = {protocol::VerdictCode{said.value().code}, said.value().expected};
      }
      asked.mapped().client->answer(asked.mapped().connection, asked.mapped().at, answer);
    });
    EXPECT_TRUE(well) << witness_.error();
  }

  void deliver(FrameClient& from, std::uint64_t connection, std::size_t at) {
    if (!server_) return;
    questions_[witness_.send(*server_, from.frame(at))] = {&from, connection, at};
  }

  std::optional<std::uint64_t> expected(const Command& of) {
    if (!server_) return std::nullopt;
    auto snapshot = server_->store->snapshot();
    EXPECT_TRUE(snapshot.has_value());
    wire::PositionsT question;
    question.positions.emplace_back(protocol::to_wire(of.run), protocol::to_wire(of.writer), 0);
    const auto answer = tracking::View(std::move(snapshot.value())).positions(question);
    EXPECT_TRUE(answer.has_value());
    return answer.value().positions.front().sequence();
  }

  void start() {
    server_ = std::make_unique<StoreOnWorld>(*world_, directory_.path(), random_.next_u64());
    world_->set_durable_delay_max(std::chrono::microseconds(300));
    if (seed_ % 3 == 0) {
      // Little room: overloads, and gaps behind them.
      server_->options.pending_bytes_max = 1 << 10;
      server_->options.checkpoint_bytes = 1 << 20;
    }
    const auto opened = server_->open();
    ASSERT_TRUE(opened.has_value()) << opened.error().text;
    // What had not been acknowledged and did not survive, the clients send again by themselves.
    witness_.find_survivors(*server_);
  }

  // Whether its run is there yet or not, or was purged before.
  void purge() {
    ++purges_;
    Command command;
    command.run = doomed_;
    command.kind = Kind::kRunStage;
    command.deleted = true;
    witness_.send(*server_, command);
    command.kind = Kind::kPurgeRun;
    witness_.send(*server_, command);
  }

  void kill() {
    ++kills_;
    auto left = random_.one_in(2) ? world_->after_kill() : world_->after_cut(random_.next_u64());
    server_.reset();
    world_ = std::move(left);
    questions_.clear();
    for (const auto& client : clients_) client->cut();
  }

  // The same commands in the same order on a server that nothing disturbs.
  std::string undisturbed_digest() const {
    const ScratchDirectory directory;
    io::World world(seed_);
    StoreOnWorld server(world, directory.path(), seed_ + 1);
    EXPECT_TRUE(server.open().has_value());
    for (std::size_t i = 0; i < witness_.sent().size(); ++i) {
      const Witness::Sent& sent = witness_.sent()[i];
      if (sent.refused) continue;
      server.submit(sent.command, sent.arrival_ms, i);
      server.settle(milliseconds(1));
    }
    const auto digest = server.digest();
    EXPECT_TRUE(digest.has_value());
    return digest ? digest.value() : "";
  }

  void judge() {
    witness_.compare(*server_);
    const auto digest = server_->digest();
    ASSERT_TRUE(digest.has_value()) << digest.error().text;
    EXPECT_EQ(digest.value(), undisturbed_digest());
    judge_counted();
  }

  // Steps 0, 1, 2 … without a gap or a double, and each writer's points in its own order.
  void judge_counted() {
    auto snapshot = server_->store->snapshot();
    ASSERT_TRUE(snapshot.has_value());
    const tracking::View view(std::move(snapshot.value()));
    const auto run = view.find_run(counted_);
    const auto series = view.series_of(*run.value());
    const auto points =
        view.snapshot().points(*run.value(), series.value().front().number,
                               {store::least_point(), store::greatest_point()}, 1 << 20);
    ASSERT_TRUE(points.has_value());
    std::map<int, double> last;
    std::int64_t step = 0;
    for (const Point point : points.value()) {
      EXPECT_EQ(point.step, step++);
      const int writer = static_cast<int>(point.value / 1e6);
      const double before = last.contains(writer) ? last[writer] : writer * 1e6 - 1;
      EXPECT_EQ(point.value, before + 1) << "of writer " << writer;
      last[writer] = point.value;
    }
    EXPECT_EQ(last.size(), 3u);
  }

  ScratchDirectory directory_;
  SeededRandom random_;
  std::uint64_t seed_;
  HandExecutor network_;
  std::unique_ptr<io::World> world_;
  std::unique_ptr<StoreOnWorld> server_;
  Witness witness_;
  RunId counted_, doomed_;
  std::vector<std::unique_ptr<FrameClient>> clients_;
  std::map<std::size_t, Question> questions_;
  int kills_ = 0, purges_ = 0;
};

constexpr std::uint64_t kShards = 4;

class ServerCore : public testing::TestWithParam<std::uint64_t> {};

TEST_P(ServerCore, EveryLifeEndsInTheSameState) {
  const std::uint64_t seeds = number_from("STEPWELL_SIM_SEEDS", 300);
  const std::uint64_t only = number_from("STEPWELL_SEED", 0);
  for (std::uint64_t seed = 1 + GetParam(); seed <= std::max(seeds, only); seed += kShards) {
    if (only != 0 && seed != only) continue;
    SCOPED_TRACE(testing::Message() << "STEPWELL_SEED=" << seed);
    Simulation simulation(seed);
    simulation.run();
    if (HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, ServerCore, testing::Range(std::uint64_t{0}, kShards));

// The same streams in other interleavings and with any number of repeats: one digest, one history.
TEST(Interleavings, GiveOneDigest) {
  ScriptOptions options;
  options.runs = 2;
  options.commands = 16;
  const auto streams = make_streams(77, options);
  std::set<std::string> digests, texts;
  for (std::uint64_t seed = 1; seed <= 24; ++seed) {
    SeededRandom random(seed);
    const ScratchDirectory directory;
    io::World world(seed);
    StoreOnWorld server(world, directory.path(), seed);
    ASSERT_TRUE(server.open().has_value());
    std::vector<std::size_t> sent(streams.size(), 0);
    std::size_t left = streams.size();
    for (std::size_t number = 0; left > 0; ++number) {
      const std::size_t which = random.below(streams.size());
      if (sent[which] == streams[which].size()) continue;
      const std::size_t at = random.one_in(4) ? random.below(sent[which] + 1) : sent[which];
      server.submit(streams[which][at], 1'900'000'000'000, number);
      if (at == sent[which] && ++sent[which] == streams[which].size()) --left;
      if (random.one_in(3)) server.settle(std::chrono::microseconds(random.below(2000)));
      if (random.one_in(40)) server.settle(milliseconds(80));
    }
    server.settle(milliseconds(seed % 2 == 0 ? 2 : 500));
    const auto digest = server.digest();
    ASSERT_TRUE(digest.has_value()) << digest.error().text;
    digests.insert(digest.value());
    ASSERT_EQ(server.answers.size(), server.store->status().records);
  }
  EXPECT_EQ(digests.size(), 1u);
}

}  // namespace
}  // namespace stepwell::sim
