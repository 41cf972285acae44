#pragma once

// What the domain keeps in the store's tables: one struct a row, and its bytes. Keys are big-endian
// so that rows of one run or experiment lie together in the order of their numbers.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/ids.hpp"
#include "engine/base/result.hpp"
#include "engine/tracking/tables.hpp"
#include "protocol/kinds.hpp"

namespace stepwell::tracking {

using protocol::VerdictCode;

// Next free numbers.
struct Counters {
  std::uint64_t experiment = 1;  // 0 is Default.
  std::uint64_t run = 1;
  std::uint64_t series = 1;
  std::uint32_t key = 1;
  std::uint32_t context = 1;  // 0 is the empty context.

  std::string encode() const;
  static Result<Counters> decode(std::string_view row);
};

// Numbers never change; they are MLflow's.
enum class RunStatus : std::uint8_t {
  kRunning = 1,
  kScheduled = 2,
  kFinished = 3,
  kFailed = 4,
  kKilled = 5,
};
std::string_view to_string(RunStatus status);
constexpr bool is_end(RunStatus status) {
  return status >= RunStatus::kFinished;
}

// When an experiment or a run was last deleted or restored: the later of the two decides for a run.
struct Stage {
  bool deleted = false;
  Lsn since;
  std::int64_t since_ms = 0;
  std::int64_t deleted_ms() const { return deleted ? since_ms : 0; }
};

struct ExperimentRow {
  std::string name;
  std::string artifact_location;
  std::int64_t created_ms = 0;
  std::int64_t updated_ms = 0;
  Stage stage;

  std::string encode() const;
  static Result<ExperimentRow> decode(std::string_view row);
};

struct RunRow {
  RunId id;
  ExperimentId experiment;
  std::string name;
  std::string user;
  RunStatus status = RunStatus::kRunning;
  Stage stage;
  std::int64_t start_ms = 0;
  std::int64_t end_ms = 0;  // The greatest that an end said. Shown once the run has ended.
  bool has_steps = false;
  std::int64_t greatest_step = 0;  // Of all series, where has_steps.
  std::uint64_t batches = 0;       // Metric batches applied.
  std::uint64_t duplicates = 0;    // Frames that came again. Not in the digest.
  std::uint64_t series = 0;
  std::uint64_t writers = 0;
  // Writers of the current episode. An episode ends when the run's status is set from outside;
  // writers of earlier ones change the status no more.
  std::uint64_t episode = 0;
  std::uint64_t open_writers = 0;
  std::uint64_t ended_finished = 0;
  std::uint64_t ended_failed = 0;
  std::uint64_t ended_killed = 0;

  std::string encode() const;
  static Result<RunRow> decode(std::string_view row);
};

// A run is deleted if the later of its own and its experiment's last change says so.
const Stage& stage_of(const RunRow& run, const ExperimentRow& experiment);
inline bool is_deleted(const RunRow& run, const ExperimentRow& experiment) {
  return stage_of(run, experiment).deleted;
}

struct LostSeriesRow {
  std::string key;
  std::int64_t first_step = 0;
  std::int64_t last_step = 0;
  std::uint64_t points = 0;
};

// Sequences [from, to] of a writer's stream that were not applied.
struct Hole {
  std::uint64_t from = 0;
  std::uint64_t to = 0;
  bool rejected = false;  // Never filled; else skipped, and a sound copy that comes later fills it.
  VerdictCode verdict = VerdictCode::kApplied;  // Rejected: what was said of them.
  std::string reason;
  std::uint64_t points = 0;
  std::vector<LostSeriesRow> series;
};

struct WriterRow {
  std::uint64_t next = 1;          // Next expected sequence.
  std::vector<Hole> holes;         // Sorted, disjoint, at most kHolesMax.
  std::uint64_t closed_holes = 0;  // Sequences of holes beyond the limit: counted only.
  std::uint64_t closed_points = 0;
  std::uint64_t batches = 0;
  std::uint64_t duplicates = 0;  // Not in the digest.
  std::string slot;
  std::uint64_t episode = 0;  // In which it opened.
  bool open = false;
  RunStatus status = RunStatus::kRunning;  // What its end said.

  // Its end would still count: the run's status was not set from outside since it opened.
  bool is_open_in(const RunRow& run) const { return open && episode == run.episode; }

  std::string encode() const;
  static Result<WriterRow> decode(std::string_view row);
};

}  // namespace stepwell::tracking
