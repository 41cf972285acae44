#pragma once

// The fold's working state: rows it has touched, decoded, so that a frame of a known writer costs
// no row access. What changed is written back after each group. Dropping any of it never changes
// what the fold decides: everything can be read again from the rows. Belongs to the sequencer.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/store/fold.hpp"
#include "engine/tracking/changes.hpp"
#include "engine/tracking/rows.hpp"
#include "protocol/batch.hpp"

namespace stepwell::tracking {

using SeriesList = std::shared_ptr<const std::vector<SeriesNumber>>;

// What an entry that is kept costs beside its bytes: a node, an allocation or two.
inline constexpr std::uint64_t kStateEntryBytes = 64;

struct WriterState {
  WriterRow row;
  bool changed = false;
  std::uint64_t kept_bytes = 0;
};

// A list of keys as frames repeat it, and the series it resolved to.
struct KnownKeys {
  std::string keys, contexts;
  std::vector<std::uint16_t> key_contexts;
  std::uint32_t count = 0;
  SeriesList series;
};

struct RunState {
  RunNumber number;
  RunRow row;
  bool changed = false;
  std::unordered_map<WriterId, WriterState> writers;
  std::unordered_map<std::uint64_t, KnownKeys> known_keys;      // By KeyList::hash().
  std::unordered_map<std::uint64_t, SeriesNumber> series;       // By key id << 32 | context id.
  std::uint64_t touched = 0;                                    // Group in which it was last used.
  std::uint64_t kept_bytes = 0;                                 // Of all the above, about.
  std::vector<std::pair<WriterId, WriterState*>> used_writers;  // In this group; repeats are fine.
};

// Why a record is not applied.
struct Refusal {
  VerdictCode code = VerdictCode::kInvalid;
  std::string text;
};

class State {
 public:
  // Each reads the rows on a miss; nothing where there is no such row.
  Result<RunState*> find_run(const store::ApplyTransaction& rows, const RunId& id);
  Result<WriterState*> find_writer(const store::ApplyTransaction& rows, RunState& run,
                                   const WriterId& id);
  Result<Counters*> counters(const store::ApplyTransaction& rows);
  static Result<bool> was_purged(const store::ApplyTransaction& rows, const RunId& id);
  Result<std::optional<ExperimentRow>> find_experiment(const store::ApplyTransaction& rows,
                                                       ExperimentId id) const;
  Result<std::optional<ExperimentId>> find_experiment(const store::ApplyTransaction& rows,
                                                      std::string_view name) const;

  // A new run; `row` is written at the end of the group.
  RunState& add_run(RunNumber number, RunRow row);
  WriterState& add_writer(RunState& run, const WriterId& id, WriterRow row);
  // The run's rows are gone: nothing of it is written back. `run` and its writers end here.
  void drop_run(RunState& run);

  // Nothing if the batch's keys may be applied, all of them. kLimit: too many series for a run.
  // Changes nothing, so that a batch is refused before any part of it is applied.
  Result<std::optional<Refusal>> check_keys(const store::ApplyTransaction& rows,
                                            const RunState& run,
                                            const protocol::BatchView& batch) const;
  // Series of a checked key list, in its order; created where missing.
  Result<SeriesList> resolve(store::ApplyTransaction& rows, RunState& run,
                             const protocol::KeyList& keys);
  Result<KeyId> intern_key(store::ApplyTransaction& rows, std::string_view key);
  // Nothing: no row was ever written under this key.
  Result<std::optional<KeyId>> find_key(const store::ApplyTransaction& rows,
                                        std::string_view key) const;

  // Writes what changed, and forgets what was not used lately where there is too much.
  Result<void> write_back(store::ApplyTransaction& rows);
  // Runs that were looked at, created or dropped since it was last asked: all that changed are
  // among them. After write_back().
  std::vector<ChangedRun> take_changed() { return std::exchange(changed_, {}); }

 private:
  Result<ContextId> intern_context(store::ApplyTransaction& rows, std::string_view context);
  Result<std::optional<ContextId>> find_context(const store::ApplyTransaction& rows,
                                                std::string_view context) const;
  Result<std::uint64_t> count_new_series(const store::ApplyTransaction& rows, const RunState& run,
                                         const protocol::BatchView& batch) const;
  Result<SeriesNumber> find_or_add_series(store::ApplyTransaction& rows, RunState& run, KeyId key,
                                          ContextId context);
  void touch(RunState& run);
  void keep(RunState& run, std::uint64_t bytes);
  void forget();

  std::unordered_map<RunId, std::unique_ptr<RunState>> runs_;
  std::uint64_t kept_bytes_ = 0;  // Of all runs, about.
  std::unordered_map<std::string, KeyId> keys_;
  std::uint64_t keys_bytes_ = 0;
  std::optional<Counters> counters_;
  bool counters_changed_ = false;
  std::vector<RunState*> touched_;  // In this group.
  std::vector<ChangedRun> changed_;
  std::uint64_t group_ = 1;
};

}  // namespace stepwell::tracking
