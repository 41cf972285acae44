#pragma once

// Kinds of frames and verdicts on them. Both travel and are persisted: their numbers never change.

#include <cstdint>
#include <string_view>

namespace stepwell::protocol {

enum class Kind : std::uint8_t {
  // The connection.
  kHello = 1,
  kWelcome = 2,
  kPing = 3,
  kPong = 4,
  kError = 5,
  kAck = 6,
  kPositions = 7,

  // A writer's stream: (run, writer, sequence), decided once each. Skip has no sequence of its own.
  kOpen = 16,
  kBatch = 17,
  kParams = 18,
  kTags = 19,
  kEnd = 20,
  kSkip = 21,
  kRefused = 22,  // Only the server's door writes it.

  // Commands without a writer. Clients may send those of is_client_command().
  kCreateExperiment = 32,
  kUpdateExperiment = 33,
  kExperimentStage = 34,
  kExperimentTag = 35,
  kCreateRun = 40,
  kUpdateRun = 41,
  kRunStage = 42,
  kDeleteTag = 43,
  kPurgeRun = 44,
  kPurgeExperiment = 45,
  kSettings = 46,
  kLogBatch = 47,
  kDeleteExperimentTag = 48,

  // Reads and their answers.
  kListExperiments = 64,
  kExperiments = 65,
  kListRuns = 66,
  kRuns = 67,
  kGetRun = 68,
  kRun = 69,
  kHistory = 70,
  kPoints = 71,
  kReadDone = 72,
  kBuckets = 73,
  kBucketColumns = 74,
  kRunStorage = 76,
  kRunStorageData = 77,
};

std::string_view to_string(Kind kind);

// Kinds that change state and carry (run, writer, sequence).
constexpr bool is_stream_kind(Kind kind) {
  return kind >= Kind::kOpen && kind <= Kind::kRefused;
}
constexpr bool is_command_kind(Kind kind) {
  return kind >= Kind::kCreateExperiment && kind <= Kind::kDeleteExperimentTag;
}

// Deleting, restoring and purging: answered by read_done.
constexpr bool is_client_command(Kind kind) {
  return kind == Kind::kRunStage || kind == Kind::kExperimentStage || kind == Kind::kPurgeRun ||
         kind == Kind::kPurgeExperiment;
}

// What the fold said of a record.
enum class VerdictCode : std::uint8_t {
  kApplied = 0,
  kDuplicate = 1,  // Decided before; not applied again.
  // These consume no sequence: the same frame may come again.
  kGap = 2,  // An earlier sequence is missing; `expected` says which.
  kOverloaded = 3,
  kGone = 4,  // The run was purged.
  // Deterministic rejects: the same on every replay. All but those of open consume their sequence.
  kInvalid = 16,
  kConflict = 17,  // For example a param that has another value.
  kNotFound = 18,
  kExists = 19,
  kLimit = 20,
  kUnsupported = 21,
  kDamaged = 22,  // Refused by the door: the bytes are not what the writer wrote.
};

std::string_view to_string(VerdictCode code);

constexpr bool is_reject(VerdictCode code) {
  return code >= VerdictCode::kInvalid;
}

}  // namespace stepwell::protocol
