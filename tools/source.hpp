#pragma once

// Where `runs`, `metrics`, `history` and `chart` read from: a server, or a stopped store's
// directory. Both give the protocol's own messages, so that the commands do not know the
// difference.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/tracking/view.hpp"
#include "protocol/client/reader.hpp"
#include "protocol/messages.hpp"

namespace stepwell::tools {

class Source {
 public:
  virtual ~Source() = default;
  virtual Result<wire::ExperimentsT> list_experiments(const wire::ListExperimentsT& question) = 0;
  virtual Result<wire::RunsT> list_runs(const wire::ListRunsT& question) = 0;
  // kNotFound: there is no such run.
  virtual Result<wire::RunDataT> run(RunId id) = 0;
  // Payloads are batches of points, in the order of series and of points.
  virtual Result<std::uint64_t> history(const wire::HistoryT& question,
                                        client::PointsCallback on_points) = 0;
  // Pages of a chart.
  virtual Result<std::uint64_t> buckets(const wire::BucketsT& question,
                                        client::BucketsCallback on_buckets) = 0;
};

// What every reading command takes: exactly one of the two.
struct SourceOptions {
  std::string to;    // HOST:PORT
  std::string data;  // Directory
};

Result<std::unique_ptr<Source>> open_source(const SourceOptions& options);
Result<std::unique_ptr<Source>> open_store_source(const std::string& directory);
// Each question is answered from a snapshot of its own.
std::unique_ptr<Source> store_source(std::function<Result<tracking::View>()> view);
Result<std::unique_ptr<client::BlockingReader>> open_reader(const std::string& address);

// 32 hex digits, or the beginning of exactly one run's id.
Result<RunId> find_run_id(Source& source, const std::string& text);
// kNotFound: no experiment, deleted or not, has this name.
Result<wire::ExperimentInfoT> find_experiment(Source& source, const std::string& name);

// kNotFound: the run has no metric of one of these names. A misspelt one is not one without points.
Result<void> check_keys(Source& source, RunId id, const std::vector<std::string>& keys);

}  // namespace stepwell::tools
