#include "protocol/kinds.hpp"

namespace stepwell::protocol {

std::string_view to_string(Kind kind) {
  switch (kind) {
    case Kind::kHello:
      return "hello";
    case Kind::kWelcome:
      return "welcome";
    case Kind::kPing:
      return "ping";
    case Kind::kPong:
      return "pong";
    case Kind::kError:
      return "error";
    case Kind::kAck:
      return "ack";
    case Kind::kPositions:
      return "positions";
    case Kind::kOpen:
      return "open";
    case Kind::kBatch:
      return "batch";
    case Kind::kParams:
      return "params";
    case Kind::kTags:
      return "tags";
    case Kind::kEnd:
      return "end";
    case Kind::kSkip:
      return "skip";
    case Kind::kRefused:
      return "refused";
    case Kind::kCreateExperiment:
      return "create_experiment";
    case Kind::kUpdateExperiment:
      return "update_experiment";
    case Kind::kExperimentStage:
      return "experiment_stage";
    case Kind::kExperimentTag:
      return "experiment_tag";
    case Kind::kCreateRun:
      return "create_run";
    case Kind::kUpdateRun:
      return "update_run";
    case Kind::kRunStage:
      return "run_stage";
    case Kind::kDeleteTag:
      return "delete_tag";
    case Kind::kSettings:
      return "settings";
    case Kind::kListExperiments:
      return "list_experiments";
    case Kind::kExperiments:
      return "experiments";
    case Kind::kListRuns:
      return "list_runs";
    case Kind::kRuns:
      return "runs";
    case Kind::kGetRun:
      return "get_run";
    case Kind::kRun:
      return "run";
    case Kind::kHistory:
      return "history";
    case Kind::kPoints:
      return "points";
    case Kind::kReadDone:
      return "read_done";
    case Kind::kBuckets:
      return "buckets";
    case Kind::kBucketColumns:
      return "bucket_columns";
  }
  return "unknown";
}

std::string_view to_string(VerdictCode code) {
  switch (code) {
    case VerdictCode::kApplied:
      return "applied";
    case VerdictCode::kDuplicate:
      return "duplicate";
    case VerdictCode::kGap:
      return "gap";
    case VerdictCode::kOverloaded:
      return "overloaded";
    case VerdictCode::kGone:
      return "gone";
    case VerdictCode::kInvalid:
      return "invalid";
    case VerdictCode::kConflict:
      return "conflict";
    case VerdictCode::kNotFound:
      return "not_found";
    case VerdictCode::kExists:
      return "exists";
    case VerdictCode::kLimit:
      return "limit";
    case VerdictCode::kUnsupported:
      return "unsupported";
    case VerdictCode::kDamaged:
      return "damaged";
  }
  return "unknown";
}

}  // namespace stepwell::protocol
