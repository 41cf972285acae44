#pragma once

// What was applied since the last checkpoint: rows, versioned by LSN, and references to the points
// in the log's memory. The active generation grows; at a checkpoint it is frozen and a new one
// begins.
//
// Written by the sequencer only, read by any thread; each call holds the lock for itself. A reader
// names the LSN as of which it reads.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/base/ids.hpp"
#include "engine/store/fold.hpp"

namespace stepwell::store {

using BlockPtr = std::shared_ptr<const PointBlock>;

class Generation {
 public:
  // A row as of an LSN: its value, or that it was erased.
  using Change = std::optional<std::string>;

  // Sequencer. A row's version at `lsn`, which is above `published`, the LSN as of which snapshots
  // are now taken: versions that no snapshot can see any more are let go.
  void set(Lsn lsn, Lsn published, TableNumber table, std::string_view key, Change change);
  void add(BlockPtr block);
  // The run is garbage: so are its blocks, once no snapshot sees them.
  void retire(RunNumber run);
  // A snapshot as of `lsn` reads this generation from now on.
  void pin(Lsn lsn);

  // Nothing: this generation says nothing about the row.
  std::optional<Change> get(TableNumber table, std::string_view key, Lsn as_of) const;

  struct FoundRow {
    std::string key;
    Change change;
  };
  // Up to `limit` changed rows with keys >= `from` (> if `exclusive`) that start with `prefix`.
  std::vector<FoundRow> rows(TableNumber table, std::string_view prefix, std::string_view from,
                             bool exclusive, Lsn as_of, std::size_t limit) const;

  // A run's blocks at or below `as_of`, in log order.
  std::vector<BlockPtr> blocks(RunNumber run, Lsn as_of) const;
  // Runs that have blocks and were not retired, in the order of their numbers.
  std::vector<RunNumber> runs() const;
  // In the order of their numbers.
  std::vector<RunNumber> retired() const;

  // Rows and points, as counted against the budget.
  std::uint64_t bytes() const;
  bool empty() const;

 private:
  struct Version {
    Lsn lsn;
    Change change;
  };
  using Versions = std::vector<Version>;  // Oldest first; nearly always one.

  static std::string row_key(TableNumber table, std::string_view key);
  static const Version* visible(const Versions& versions, Lsn as_of);

  mutable std::shared_mutex mutex_;
  std::map<std::string, Versions, std::less<>> rows_;
  std::unordered_map<RunNumber, std::vector<BlockPtr>> blocks_;
  std::set<RunNumber> retired_;
  std::uint64_t bytes_ = 0;
  Lsn pinned_;  // Greatest LSN as of which a snapshot was taken.
};

using GenerationPtr = std::shared_ptr<Generation>;

}  // namespace stepwell::store
