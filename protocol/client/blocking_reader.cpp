#include <future>

#include "engine/base/spawn.hpp"
#include "engine/io/net/tcp.hpp"
#include "protocol/client/reader.hpp"

namespace stepwell::client {

struct BlockingReader::State {
  explicit State(net::Address address) : connector(executor, std::move(address)) {
    executor.start("reader");
  }
  ~State() {
    executor.post([this] { reader.reset(); });
    executor.finish();
    executor.join();
  }

  // Runs the task that `start` makes on the executor's thread and waits for its result.
  template <typename Start>
  auto run(Start start) {
    using Value = std::remove_cvref_t<decltype(start().operator co_await().await_resume())>;
    std::promise<Value> promise;
    auto drive = [](Start begin, std::promise<Value>& to) -> Task<void> {
      auto task = begin();
      to.set_value(co_await std::move(task));
    };
    spawn(executor, drive(std::move(start), promise));
    return promise.get_future().get();
  }

  net::AsioExecutor executor;
  net::AsioConnector connector;
  std::unique_ptr<Reader> reader;
};

BlockingReader::BlockingReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
BlockingReader::~BlockingReader() = default;

Result<std::unique_ptr<BlockingReader>> BlockingReader::open(const std::string& address,
                                                             ConnectionOptions options) {
  TRY(net::Address parsed, net::parse_address(address));
  auto state = std::make_unique<State>(std::move(parsed));
  State* self = state.get();
  TRY(state->reader, state->run([self, options] {
    return Reader::open(self->executor, self->connector, options);
  }));
  return std::unique_ptr<BlockingReader>(new BlockingReader(std::move(state)));
}

const wire::WelcomeT& BlockingReader::welcome() const {
  return state_->reader->welcome();
}

Result<wire::ExperimentsT> BlockingReader::list_experiments(
    const wire::ListExperimentsT& question) {
  return state_->run([&] { return state_->reader->list_experiments(question); });
}

Result<wire::RunsT> BlockingReader::list_runs(const wire::ListRunsT& question) {
  return state_->run([&] { return state_->reader->list_runs(question); });
}

Result<std::vector<wire::RunInfoT>> BlockingReader::all_runs(wire::ListRunsT question,
                                                             std::size_t limit) {
  std::vector<wire::RunInfoT> runs;
  for (;;) {
    TRY(auto page, list_runs(question));
    for (const auto& run : page.runs) {
      if (runs.size() < limit) runs.push_back(*run);
    }
    if (page.next == 0 || runs.size() >= limit) return runs;
    question.after = page.next;
  }
}

Result<wire::RunDataT> BlockingReader::get_run(RunId run) {
  return state_->run([&] { return state_->reader->get_run(run); });
}

Result<std::uint64_t> BlockingReader::history(const wire::HistoryT& question,
                                              PointsCallback on_points) {
  return state_->run([&] { return state_->reader->history(question, on_points); });
}

Result<wire::RunStorageDataT> BlockingReader::run_storage(RunId run) {
  return state_->run([&] { return state_->reader->run_storage(run); });
}

Result<void> BlockingReader::set_run_deleted(RunId run, bool deleted) {
  return state_->run([&] { return state_->reader->set_run_deleted(run, deleted); });
}

Result<void> BlockingReader::set_experiment_deleted(std::uint64_t id, bool deleted) {
  return state_->run([&] { return state_->reader->set_experiment_deleted(id, deleted); });
}

Result<void> BlockingReader::purge_run(RunId run, std::int64_t deleted_until_ms) {
  return state_->run([&] { return state_->reader->purge_run(run, deleted_until_ms); });
}

Result<void> BlockingReader::purge_experiment(std::uint64_t id, std::int64_t deleted_until_ms) {
  return state_->run([&] { return state_->reader->purge_experiment(id, deleted_until_ms); });
}

Result<std::uint64_t> BlockingReader::buckets(const wire::BucketsT& question,
                                              BucketsCallback on_buckets) {
  return state_->run([&] { return state_->reader->buckets(question, on_buckets); });
}

}  // namespace stepwell::client
