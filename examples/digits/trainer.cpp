// One worker of the job: trains, exchanges gradients with the other ranks, logs more than 60
// metrics a step to Stepwell, and writes what it logged to its own journal. Rank 0 says on stdout
// how far it is.

#include <chrono>
#include <cstdio>
#include <exception>
#include <stdexcept>

#include <CLI/CLI.hpp>

#include "examples/digits/dataset.hpp"
#include "examples/digits/exchange.hpp"
#include "examples/digits/journal.hpp"
#include "examples/digits/metrics.hpp"
#include "examples/digits/network.hpp"
#include "protocol/client/client.hpp"

namespace digits {
namespace {

using Clock = std::chrono::steady_clock;
using stepwell::client::Client;

constexpr int kBatch = 64;
constexpr int kReportEvery = 20;  // Steps.
constexpr std::uint64_t kWeightsSeed = 1;
constexpr std::chrono::seconds kHandOverPatience(60);

struct Options {
  std::string digits, server, spool, run, exchange, journal, context;
  int rank = 0;
  int ranks = 1;
  int steps = 1000;
  std::uint64_t seed = 1;
};

std::string name_of(const Options& options) {
  return options.context.empty() ? "rank=" + std::to_string(options.rank) : options.context;
}

// Rank 0 logs to the empty context, so that a run's plain view is never empty.
stepwell::client::Labels labels_of(const Options& options) {
  const std::string name = name_of(options);
  const auto equals = name.find('=');
  if (options.context.empty() && options.rank == 0) return {};
  return {{name.substr(0, equals), name.substr(equals + 1)}};
}

stepwell::client::ClientOptions client_options(const Options& options) {
  stepwell::client::ClientOptions client;
  client.server = options.server;
  client.spool = options.spool;
  client.experiment = "digits";
  client.run_name = "data-parallel MLP";
  client.run = stepwell::RunId::parse(options.run).value_or(stepwell::RunId{});
  client.slot = name_of(options);
  client.labels = labels_of(options);
  // A demo has no time for the usual pause of up to 10 s between attempts.
  client.backoff_max = std::chrono::seconds(1);
  return client;
}

std::int64_t now_ms() {
  using std::chrono::system_clock;
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             system_clock::now().time_since_epoch())
      .count();
}

// Logs each row twice: to Stepwell, and to the journal.
class Logger {
 public:
  Logger(const Options& options, const std::string& context)
      : client_(client_options(options)), journal_(options.journal, context) {}

  int add_keys(const std::vector<std::string>& keys) {
    keys_.push_back(keys);
    return journal_.add_keys(keys);
  }

  void log(int keys, int step, std::span<const double> values) {
    const std::int64_t time_ms = now_ms();
    row_.clear();
    const auto& names = keys_[static_cast<std::size_t>(keys)];
    for (std::size_t i = 0; i < names.size(); ++i) row_.emplace_back(names[i], values[i]);
    const auto start = Clock::now();
    client_.log_at(Client::Context::kDefault, step, time_ms, row_);
    took_ += Clock::now() - start;
    values_ += values.size();
    journal_.row(keys, step, time_ms, values);
  }

  void describe(const Options& options) {
    const std::string ranks = std::to_string(options.ranks), batch = std::to_string(kBatch);
    const std::string steps = std::to_string(options.steps);
    client_.params({{"layers", "64-128-64-32-10"},
                    {"optimizer", "sgd"},
                    {"momentum", "0.9"},
                    {"learning_rate", "0.05"},
                    {"schedule", "warmup, cosine"},
                    {"batch_per_rank", batch},
                    {"ranks", ranks},
                    {"steps", steps}});
    client_.tags({{"dataset", "UCI optical digits"}, {"framework", "none, C++"}});
    commands_ += 2;
  }

  // True once the server has it all, or, offline, the spool.
  bool finish() {
    client_.end();
    const bool handed_over = client_.flush(kHandOverPatience);
    const auto account = client_.account();
    // The client counts what follows the opening frame.
    journal_.fact("frames", std::to_string(account.frames_spooled + 1));
    journal_.fact("batches", std::to_string(account.frames_spooled - commands_));
    journal_.fact("log_ns_a_value",
                  std::to_string(std::chrono::nanoseconds(took_).count() /
                                 static_cast<std::int64_t>(std::max<std::size_t>(values_, 1))));
    journal_.close();
    if (!handed_over || account.dropped + account.lost + account.rejected > 0)
      std::fprintf(stderr, "not all handed over: %lu dropped, %lu lost, %lu rejected; %s\n",
                   account.dropped, account.lost, account.rejected, account.last_error.c_str());
    return handed_over && account.dropped + account.lost + account.rejected == 0;
  }

 private:
  Client client_;
  JournalWriter journal_;
  std::vector<std::vector<std::string>> keys_;
  std::vector<Client::Value> row_;
  std::uint64_t commands_ = 1;  // Frames that are no batch: end.
  Clock::duration took_{};
  std::size_t values_ = 0;
};

class Worker {
 public:
  explicit Worker(const Options& options)
      : options_(options),
        data_(load_dataset(options.digits)),
        network_(kWeightsSeed),
        momentum_(network_.weights().size()),
        metrics_(network_),
        chance_(options.seed * 1000 + static_cast<std::uint64_t>(options.rank)),
        exchange_(options.rank, options.ranks, options.exchange),
        logger_(options, labels_of(options).empty() ? "" : name_of(options)),
        gradients_(network_.weights().size()),
        step_keys_(logger_.add_keys(metrics_.names())),
        held_out_keys_(logger_.add_keys({"held_out/loss", "held_out/accuracy"})) {}

  bool run() {
    if (is_reporter()) logger_.describe(options_);
    for (int step = 1; step <= options_.steps; ++step) {
      const Score score = train(step);
      if (options_.rank == 0 && step % kReportEvery == 0) report(step, score);
    }
    return logger_.finish();
  }

 private:
  // The offline worker trains alone, as rank 0 of 1; it does not speak for the run.
  bool is_reporter() const { return options_.rank == 0 && options_.context.empty(); }

  const Digits& next_batch() {
    batch_.clear();
    for (int i = 0; i < kBatch; ++i) {
      const auto size = static_cast<int>(data_.training.size());
      const auto& digit = data_.training[static_cast<std::size_t>(chance_.below(size))];
      const int right = chance_.below(3) - 1;
      batch_.push_back(shifted(digit, right, chance_.below(3) - 1));
    }
    return batch_;
  }

  Score train(int step) {
    const auto start = Clock::now();
    const Score score = network_.differentiate(next_batch(), gradients_);
    metrics_.set_gradients(gradients_);
    exchange_.average(gradients_);
    const float rate = learning_rate(step - 1, options_.steps);
    momentum_.step(network_.weights(), gradients_, rate);
    metrics_.set_weights(network_.weights(), momentum_.update());
    const std::chrono::duration<double> took = Clock::now() - start;
    metrics_.set_training(score, rate, kBatch / took.count());
    logger_.log(step_keys_, step, metrics_.values());
    return score;
  }

  void report(int step, const Score& score) {
    const Score held_out = network_.evaluate(data_.held_out);
    const double values[] = {held_out.loss, held_out.accuracy};
    logger_.log(held_out_keys_, step, values);
    if (!is_reporter()) return;
    std::printf("step %d loss %.4f held out accuracy %.3f\n", step, score.loss, held_out.accuracy);
    std::fflush(stdout);
  }

  const Options& options_;
  const Dataset data_;
  Network network_;
  Momentum momentum_;
  Metrics metrics_;
  Chance chance_;
  Exchange exchange_;
  Logger logger_;
  std::vector<float> gradients_;
  Digits batch_;
  const int step_keys_;
  const int held_out_keys_;
};

}  // namespace
}  // namespace digits

int main(int argc, char** argv) {
  digits::Options options;
  CLI::App app{"One worker of a data-parallel training job"};
  app.add_option("--digits", options.digits, "digits.csv")->required();
  app.add_option("--server", options.server, "HOST:PORT; none: offline");
  app.add_option("--spool", options.spool, "the client's spool")->required();
  app.add_option("--run", options.run, "the run's id, 32 hex digits")->required();
  app.add_option("--journal", options.journal, "what was logged, in our own words")->required();
  app.add_option("--exchange", options.exchange, "the Unix socket where ranks meet");
  app.add_option("--context", options.context, "KEY=VALUE instead of rank=N");
  app.add_option("--rank", options.rank, "from 0");
  app.add_option("--ranks", options.ranks, "workers in all");
  app.add_option("--steps", options.steps, "training steps");
  app.add_option("--seed", options.seed, "of the order of images");
  CLI11_PARSE(app, argc, argv);
  try {
    return digits::Worker(options).run() ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", digits::name_of(options).c_str(), error.what());
    return 1;
  }
}
