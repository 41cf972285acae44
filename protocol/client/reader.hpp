#pragma once

// Reads over the binary protocol: list experiments and runs, get a run, stream histories and
// charts; and deletion, whose commands are asked and answered the same way. Reader is for
// coroutines on an executor; BlockingReader has a thread of its own, for tools.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "protocol/client/connection.hpp"

namespace stepwell::client {

// Each points frame of a history: payload = a Batch (protocol/batch.hpp) of matrix blocks, each
// with one or more keys. Valid during the call. False ends the history early.
using PointsCallback = std::function<bool(Bytes payload)>;
// Each page of a chart: some of its series. False ends it early.
using BucketsCallback = std::function<bool(const wire::BucketColumnsT& page)>;

class Reader {
 public:
  // Connects. One read at a time.
  static Task<Result<std::unique_ptr<Reader>>> open(Executor& executor, Connector& connector,
                                                    ConnectionOptions options = {});
  ~Reader();

  const wire::WelcomeT& welcome() const;

  // One page; `next` of the answer is the following page's `after`, 0 at the end.
  Task<Result<wire::ExperimentsT>> list_experiments(wire::ListExperimentsT question);
  Task<Result<wire::RunsT>> list_runs(wire::ListRunsT question);
  Task<Result<wire::RunDataT>> get_run(RunId id);
  // Points delivered. After an early end the reader is closed.
  Task<Result<std::uint64_t>> history(wire::HistoryT question, PointsCallback on_points);
  // Points in all buckets delivered. After an early end the reader is closed.
  Task<Result<std::uint64_t>> buckets(wire::BucketsT question, BucketsCallback on_buckets);
  Task<Result<wire::RunStorageDataT>> run_storage(RunId id);

  // On the server's disk when they return. kNotFound: it does not exist, or was purged.
  Task<Result<void>> set_run_deleted(RunId id, bool deleted);
  Task<Result<void>> set_experiment_deleted(std::uint64_t id, bool deleted);
  // For good. kInvalid: it is not deleted, or was so only after `deleted_until_ms` (0: whenever),
  // or the experiment has runs.
  Task<Result<void>> purge_run(RunId id, std::int64_t deleted_until_ms = 0);
  Task<Result<void>> purge_experiment(std::uint64_t id, std::int64_t deleted_until_ms = 0);

 private:
  struct State;
  explicit Reader(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

// The same, blocking the caller; callbacks run on the reader's thread, one at a time.
class BlockingReader {
 public:
  // "HOST:PORT".
  static Result<std::unique_ptr<BlockingReader>> open(const std::string& address,
                                                      ConnectionOptions options = {});
  ~BlockingReader();

  const wire::WelcomeT& welcome() const;
  Result<wire::ExperimentsT> list_experiments(const wire::ListExperimentsT& question = {});
  Result<wire::RunsT> list_runs(const wire::ListRunsT& question = {});
  // Every page, at most `limit` in all.
  Result<std::vector<wire::RunInfoT>> all_runs(wire::ListRunsT question = {},
                                               std::size_t limit = SIZE_MAX);
  Result<wire::RunDataT> get_run(RunId run);
  Result<std::uint64_t> history(const wire::HistoryT& question, PointsCallback on_points);
  Result<std::uint64_t> buckets(const wire::BucketsT& question, BucketsCallback on_buckets);
  Result<wire::RunStorageDataT> run_storage(RunId run);
  Result<void> set_run_deleted(RunId run, bool deleted);
  Result<void> set_experiment_deleted(std::uint64_t id, bool deleted);
  Result<void> purge_run(RunId run, std::int64_t deleted_until_ms = 0);
  Result<void> purge_experiment(std::uint64_t id, std::int64_t deleted_until_ms = 0);

 private:
  struct State;
  explicit BlockingReader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace stepwell::client
