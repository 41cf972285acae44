#pragma once

// What can be asked of one snapshot: a value that any thread may query, and that nobody holds
// across a wait. Answers are the protocol's own messages.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/store/snapshot.hpp"
#include "engine/tracking/rows.hpp"
#include "protocol/messages.hpp"

namespace stepwell::tracking {

// A series by its names.
struct SeriesName {
  std::string key;
  std::string context;  // Canonical.
  SeriesNumber number;
};

class View {
 public:
  explicit View(store::Snapshot snapshot) : snapshot_(std::move(snapshot)) {}

  // Pages in the order of ids or of creation; `next` in the answer is the next page's `after`, 0 at
  // the end. limit 0: the default of 1000; at most 10,000.
  Result<wire::ExperimentsT> list_experiments(const wire::ListExperimentsT& question) const;
  Result<wire::RunsT> list_runs(const wire::ListRunsT& question) const;

  // Everything about a run but its histories; nothing if there is no such run.
  Result<std::optional<wire::RunDataT>> run(const RunId& id) const;
  // What the run takes. kNotFound: there is no such run.
  Result<wire::RunStorageDataT> run_storage(const RunId& id) const;

  // The next expected sequence of each, 1 for unknown ones; and which below it were skipped.
  Result<wire::PositionsT> positions(const wire::PositionsT& question) const;

  Result<std::optional<RunNumber>> find_run(const RunId& id) const;
  // A run's series in the order of key and context.
  Result<std::vector<SeriesName>> series_of(RunNumber run) const;

  const store::Snapshot& snapshot() const { return snapshot_; }
  const store::RowReader& rows() const { return snapshot_.rows(); }

  // Rows as names: for the answers above and for the digest.
  Result<std::string> key_name(KeyId key) const;
  Result<std::vector<std::pair<std::string, std::string>>> texts(TableNumber table,
                                                                 std::uint64_t owner) const;
  Result<std::optional<ExperimentRow>> experiment(ExperimentId id) const;
  Result<std::vector<std::pair<WriterId, WriterRow>>> writers_of(RunNumber run) const;

 private:
  Result<wire::RunInfoT> run_info(RunNumber number, const RunRow& row) const;
  store::Snapshot snapshot_;
};

}  // namespace stepwell::tracking
