// What one of MLflow's calls logs to a run: metrics, params and tags, all or nothing. Everything
// that may refuse it is looked at before anything changes, and conflicts are told in MLflow's
// words.

#include <set>

#include "engine/tracking/apply.hpp"
#include "engine/tracking/row_keys.hpp"
#include "protocol/log_batch.hpp"

namespace stepwell::tracking {
namespace {

using protocol::TextView;

constexpr std::string_view kRunNameTag = "mlflow.runName";
// A value as a message shows it, and what a message may hold of them.
constexpr std::size_t kShownBytes = 256;
constexpr std::size_t kConflictsShown = 10;

std::string shown(std::string_view value) {
  if (value.size() <= kShownBytes) return std::string(value);
  std::size_t end = kShownBytes;
  while (end > 0 && (static_cast<unsigned char>(value[end]) & 0xC0) == 0x80) --end;
  return std::string(value.substr(0, end)) + "...";
}

Refusal duplicate_keys(const std::vector<TextView>& params) {
  std::set<std::string_view> known, twice;
  for (const TextView& param : params) {
    if (!known.insert(param.key).second) twice.insert(param.key);
  }
  std::string list;
  for (const std::string_view key : twice) {
    if (list.size() > kShownBytes * kConflictsShown) break;
    list += fmt::format("{}'{}'", list.empty() ? "" : ", ", shown(key));
  }
  return refuse(VerdictCode::kInvalid,
                fmt::format("Duplicate parameter keys have been submitted: [{}]. Please ensure the "
                            "request contains only one param value per param key.",
                            list));
}

struct Conflict {
  std::string_view key;
  std::string old_value;
  std::string_view new_value;
};

Refusal changed_params(const Step& step, bool single, const std::vector<Conflict>& conflicts) {
  const std::string id = step.run->row.id.hex();
  const Conflict& first = conflicts.front();
  if (single) {
    return refuse(
        VerdictCode::kConflict,
        fmt::format("Changing param values is not allowed. Param with key='{}' was already "
                    "logged with value='{}' for run ID='{}'. Attempted logging new value "
                    "'{}'.",
                    first.key, shown(first.old_value), id, shown(first.new_value)));
  }
  std::string list;
  for (std::size_t i = 0; i < std::min(conflicts.size(), kConflictsShown); ++i) {
    list +=
        fmt::format("{}{{'key': '{}', 'old_value': '{}', 'new_value': '{}'}}", i ? ", " : "",
                    conflicts[i].key, shown(conflicts[i].old_value), shown(conflicts[i].new_value));
  }
  return refuse(VerdictCode::kConflict,
                fmt::format("Changing param values is not allowed. Params were already "
                            "logged='[{}]' for run ID='{}'.",
                            list, id));
}

// The params that are new to the run, or why they are refused.
Result<std::variant<std::vector<TextView>, Refusal>> new_params(
    Step& step, const protocol::LogBatchView& command) {
  using Answer = std::variant<std::vector<TextView>, Refusal>;
  std::set<std::string_view> keys;
  for (const TextView& param : command.params) {
    if (auto checked = check_text("param", param); !checked) {
      return Answer(refuse_invalid(checked.error()));
    }
    keys.insert(param.key);
  }
  if (keys.size() < command.params.size()) return Answer(duplicate_keys(command.params));
  std::vector<TextView> fresh;
  std::vector<Conflict> conflicts;
  for (const TextView& param : command.params) {
    TRY(const auto key, step.state.find_key(step.rows, param.key));
    std::optional<std::string> known;
    if (key) {
      TRY(known, step.rows.get(table::kParams, key_of(step.run->number, *key)));
    }
    if (!known) {
      fresh.push_back(param);
    } else if (*known != param.value) {
      conflicts.push_back({param.key, std::move(*known), param.value});
    }
  }
  if (!conflicts.empty()) return Answer(changed_params(step, command.single, conflicts));
  return Answer(std::move(fresh));
}

Result<void> put_texts(Step& step, const std::vector<TextView>& params,
                       const std::vector<TextView>& tags) {
  for (const TextView& param : params) {
    TRY(const KeyId key, step.state.intern_key(step.rows, param.key));
    step.rows.put(table::kParams, key_of(step.run->number, key), std::string(param.value));
  }
  for (const TextView& tag : tags) {
    // The name of a run is this tag, and no run loses its name.
    if (tag.key == kRunNameTag && tag.value.empty()) continue;
    TRY(set_tag(step, *step.run, tag.key, tag.value));
  }
  return ok();
}

}  // namespace

Result<Outcome> apply_log_batch(Step& step) {
  auto parsed = protocol::LogBatchView::parse(step.frame.payload());
  if (!parsed) return Outcome(refuse_invalid(parsed.error()));
  protocol::LogBatchView& command = parsed.value();
  for (const TextView& tag : command.tags) {
    if (auto checked = check_text("tag", tag); !checked) {
      return Outcome(refuse_invalid(checked.error()));
    }
  }
  TRY(auto params, new_params(step, command));
  if (auto* refusal = std::get_if<Refusal>(&params)) return Outcome(std::move(*refusal));
  Applied applied;
  if (command.metrics) {
    TRY(auto planned, plan_batch(step, std::move(*command.metrics)));
    if (auto* refusal = std::get_if<Refusal>(&planned)) return Outcome(std::move(*refusal));
    TRY(applied, apply_planned(step, std::get<PlannedBatch>(planned)));
  }
  TRY(put_texts(step, std::get<std::vector<TextView>>(params), command.tags));
  return Outcome(applied);
}

}  // namespace stepwell::tracking
