#include "engine/tracking/state.hpp"

#include <algorithm>

#include "engine/base/assert.hpp"
#include "engine/base/bytes.hpp"
#include "engine/tracking/row_keys.hpp"

namespace stepwell::tracking {
namespace {

// Bounds on what is kept decoded, whatever its shape: one run with many series, one with many lists
// of keys, many runs. Beyond them the least recently used runs are read again from rows.
constexpr std::size_t kRunsKept = 4096;
constexpr std::uint64_t kRunsBytesKept = 128 << 20;
constexpr std::uint64_t kKeysBytesKept = 32 << 20;

}  // namespace

Result<RunState*> State::find_run(const store::ApplyTransaction& rows, const RunId& id) {
  if (const auto known = runs_.find(id); known != runs_.end()) {
    touch(*known->second);
    return known->second.get();
  }
  TRY(const auto number, rows.get(table::kRunIds, key_of(id)));
  if (!number) return nullptr;
  Decoder in(*number);
  const RunNumber run{in.big<std::uint64_t>()};
  TRY(const auto row, rows.get(table::kRuns, key_of(run.value)));
  if (!row) return fail(ErrorKind::kCorrupt, "index: run {} has an id but no row", id.hex());
  auto state = std::make_unique<RunState>();
  state->number = run;
  TRY(state->row, RunRow::decode(*row));
  touch(*state);
  keep(*state, sizeof(RunState) + row->size());
  return (runs_[id] = std::move(state)).get();
}

void State::keep(RunState& run, std::uint64_t bytes) {
  run.kept_bytes += bytes;
  kept_bytes_ += bytes;
}

void State::touch(RunState& run) {
  if (run.touched == group_) return;
  run.touched = group_;
  touched_.push_back(&run);
}

RunState& State::add_run(RunNumber number, RunRow row) {
  auto state = std::make_unique<RunState>();
  state->number = number;
  state->row = std::move(row);
  state->changed = true;
  touch(*state);
  keep(*state, sizeof(RunState));
  const RunId id = state->row.id;
  return *(runs_[id] = std::move(state));
}

Result<WriterState*> State::find_writer(const store::ApplyTransaction& rows, RunState& run,
                                        const WriterId& id) {
  if (const auto known = run.writers.find(id); known != run.writers.end()) {
    run.used_writers.emplace_back(id, &known->second);
    return &known->second;
  }
  TRY(const auto row, rows.get(table::kWriters, key_of(run.number, id)));
  if (!row) return nullptr;
  TRY(auto decoded, WriterRow::decode(*row));
  WriterState& writer =
      run.writers[id] = {std::move(decoded), false, kStateEntryBytes + row->size()};
  keep(run, writer.kept_bytes);
  run.used_writers.emplace_back(id, &writer);
  return &writer;
}

void State::drop_run(RunState& run) {
  std::erase(touched_, &run);
  changed_.push_back({run.row.experiment, run.number});
  kept_bytes_ -= run.kept_bytes;
  runs_.erase(RunId{run.row.id});  // A copy: the run's own ends with it.
}

Result<bool> State::was_purged(const store::ApplyTransaction& rows, const RunId& id) {
  TRY(const auto row, rows.get(table::kTombstones, key_of(id)));
  return row.has_value();
}

WriterState& State::add_writer(RunState& run, const WriterId& id, WriterRow row) {
  WriterState& writer = run.writers[id] = {std::move(row), true, 0};
  run.used_writers.emplace_back(id, &writer);
  return writer;
}

Result<Counters*> State::counters(const store::ApplyTransaction& rows) {
  if (!counters_) {
    TRY(const auto row, rows.get(table::kCounters, "counters"));
    counters_.emplace();
    if (row) {
      TRY(*counters_, Counters::decode(*row));
    }
  }
  // Whoever asks takes a number.
  counters_changed_ = true;
  return &*counters_;
}

Result<std::optional<ExperimentRow>> State::find_experiment(const store::ApplyTransaction& rows,
                                                            ExperimentId id) const {
  TRY(const auto row, rows.get(table::kExperiments, key_of(id.value)));
  if (!row) return std::optional<ExperimentRow>();
  TRY(auto experiment, ExperimentRow::decode(*row));
  return std::optional(std::move(experiment));
}

Result<std::optional<ExperimentId>> State::find_experiment(const store::ApplyTransaction& rows,
                                                           std::string_view name) const {
  TRY(const auto list, rows.get(table::kExperimentNames, key_of_name(name)));
  const auto id = list ? find_name(*list, name) : std::nullopt;
  return id ? std::optional(ExperimentId{*id}) : std::nullopt;
}

Result<void> State::write_back(store::ApplyTransaction& rows) {
  for (RunState* run : std::exchange(touched_, {})) {
    changed_.push_back({run->row.experiment, run->number});
    if (std::exchange(run->changed, false)) {
      rows.put(table::kRuns, key_of(run->number.value), run->row.encode());
    }
    for (auto& [id, writer] : std::exchange(run->used_writers, {})) {
      if (!std::exchange(writer->changed, false)) continue;
      std::string row = writer->row.encode();
      const std::uint64_t bytes = kStateEntryBytes + row.size();
      keep(*run, bytes - writer->kept_bytes);  // Also where it became less: unsigned wraps back.
      writer->kept_bytes = bytes;
      rows.put(table::kWriters, key_of(run->number, id), std::move(row));
    }
  }
  if (std::exchange(counters_changed_, false) && counters_) {
    rows.put(table::kCounters, "counters", counters_->encode());
  }
  forget();
  ++group_;
  return ok();
}

void State::forget() {
  if (keys_bytes_ > kKeysBytesKept) {
    keys_.clear();
    keys_bytes_ = 0;
  }
  if (runs_.size() <= kRunsKept && kept_bytes_ <= kRunsBytesKept) return;
  std::vector<std::uint64_t> ages;
  ages.reserve(runs_.size());
  for (const auto& [id, run] : runs_) ages.push_back(run->touched);
  const auto middle = ages.begin() + static_cast<std::ptrdiff_t>(ages.size() / 2);
  std::nth_element(ages.begin(), middle, ages.end());
  const std::uint64_t younger_than = *middle;
  std::erase_if(runs_, [&](const auto& entry) { return entry.second->touched < younger_than; });
  kept_bytes_ = 0;
  for (const auto& [id, run] : runs_) kept_bytes_ += run->kept_bytes;
  if (kept_bytes_ <= kRunsBytesKept && runs_.size() <= kRunsKept) return;
  runs_.clear();
  kept_bytes_ = 0;
}

}  // namespace stepwell::tracking
