#include "protocol/kinds.hpp"

#include <utility>

namespace stepwell::protocol {

namespace {

constexpr std::pair<Kind, std::string_view> kKindNames[] = {
    {Kind::kHello, "hello"},
    {Kind::kWelcome, "welcome"},
    {Kind::kPing, "ping"},
    {Kind::kPong, "pong"},
    {Kind::kError, "error"},
    {Kind::kAck, "ack"},
    {Kind::kPositions, "positions"},
    {Kind::kOpen, "open"},
    {Kind::kBatch, "batch"},
    {Kind::kParams, "params"},
    {Kind::kTags, "tags"},
    {Kind::kEnd, "end"},
    {Kind::kSkip, "skip"},
    {Kind::kRefused, "refused"},
    {Kind::kCreateExperiment, "create_experiment"},
    {Kind::kUpdateExperiment, "update_experiment"},
    {Kind::kExperimentStage, "experiment_stage"},
    {Kind::kExperimentTag, "experiment_tag"},
    {Kind::kCreateRun, "create_run"},
    {Kind::kUpdateRun, "update_run"},
    {Kind::kRunStage, "run_stage"},
    {Kind::kDeleteTag, "delete_tag"},
    {Kind::kPurgeRun, "purge_run"},
    {Kind::kPurgeExperiment, "purge_experiment"},
    {Kind::kSettings, "settings"},
    {Kind::kLogBatch, "log_batch"},
    {Kind::kDeleteExperimentTag, "delete_experiment_tag"},
    {Kind::kListExperiments, "list_experiments"},
    {Kind::kExperiments, "experiments"},
    {Kind::kListRuns, "list_runs"},
    {Kind::kRuns, "runs"},
    {Kind::kGetRun, "get_run"},
    {Kind::kRun, "run"},
    {Kind::kHistory, "history"},
    {Kind::kPoints, "points"},
    {Kind::kReadDone, "read_done"},
    {Kind::kBuckets, "buckets"},
    {Kind::kBucketColumns, "bucket_columns"},
    {Kind::kRunStorage, "run_storage"},
    {Kind::kRunStorageData, "run_storage_data"},
};

}  // namespace

std::string_view to_string(Kind kind) {
  for (const auto& [known, name] : kKindNames) {
    if (known == kind) return name;
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
