#include "engine/tracking/state.hpp"

#include <algorithm>
#include <set>

#include "engine/base/assert.hpp"
#include "engine/base/bytes.hpp"
#include "engine/tracking/row_keys.hpp"
#include "protocol/limits.hpp"

namespace stepwell::tracking {
namespace {

// Bounds on what is kept decoded, whatever its shape: one run with many series, one with many lists
// of keys, many runs. Beyond them the least recently used runs are read again from rows.
constexpr std::size_t kRunsKept = 4096;
constexpr std::uint64_t kRunsBytesKept = 128 << 20;
constexpr std::uint64_t kKeysBytesKept = 32 << 20;
// What an entry costs beside its bytes: a node, an allocation or two.
constexpr std::uint64_t kEntryBytes = 64;

bool same(const KnownKeys& known, const protocol::KeyList& keys) {
  return protocol::KeyList{known.count, known.keys, known.contexts, known.key_contexts} == keys;
}

}  // namespace

Result<RunState*> State::find_run(const store::ApplyTransaction& rows, const RunId& id) {
  if (const auto known = runs_.find(id); known != runs_.end()) {
    touch(*known->second);
    return known->second.get();
  }
  TRY(const auto number, rows.get(table::kRunIds, as_text(std::as_bytes(std::span(id.bytes)))));
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
  WriterState& writer = run.writers[id] = {std::move(decoded), false, kEntryBytes + row->size()};
  keep(run, writer.kept_bytes);
  run.used_writers.emplace_back(id, &writer);
  return &writer;
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

Result<std::optional<KeyId>> State::find_key(const store::ApplyTransaction& rows,
                                             std::string_view key) const {
  if (const auto known = keys_.find(std::string(key)); known != keys_.end()) return known->second;
  TRY(const auto list, rows.get(table::kKeys, key_of_name(key)));
  const auto known = list ? find_name(*list, key) : std::nullopt;
  if (!known) return std::optional<KeyId>();
  return std::optional(KeyId{static_cast<std::uint32_t>(*known)});
}

Result<KeyId> State::intern_key(store::ApplyTransaction& rows, std::string_view key) {
  const std::string name(key);
  if (const auto known = keys_.find(name); known != keys_.end()) return known->second;
  const std::string hash = key_of_name(key);
  TRY(const auto list, rows.get(table::kKeys, hash));
  KeyId id;
  if (const auto known = list ? find_name(*list, key) : std::nullopt) {
    id.value = static_cast<std::uint32_t>(*known);
  } else {
    TRY(Counters * next, counters(rows));
    id.value = next->key++;
    rows.put(table::kKeys, hash, add_name(list.value_or(""), key, id.value));
    rows.put(table::kKeyNames, Encoder().big(id.value).take(), name);
  }
  keys_bytes_ += kEntryBytes + name.size();
  keys_.emplace(name, id);
  return id;
}

Result<std::optional<ContextId>> State::find_context(const store::ApplyTransaction& rows,
                                                     std::string_view context) const {
  if (context.empty()) return std::optional(ContextId{0});
  TRY(const auto list, rows.get(table::kContexts, key_of_name(context)));
  const auto known = list ? find_name(*list, context) : std::nullopt;
  if (!known) return std::optional<ContextId>();
  return std::optional(ContextId{static_cast<std::uint32_t>(*known)});
}

Result<ContextId> State::intern_context(store::ApplyTransaction& rows, std::string_view context) {
  TRY(const auto known, find_context(rows, context));
  if (known) return *known;
  const std::string hash = key_of_name(context);
  TRY(const auto list, rows.get(table::kContexts, hash));
  TRY(Counters * next, counters(rows));
  const ContextId id{next->context++};
  rows.put(table::kContexts, hash, add_name(list.value_or(""), context, id.value));
  rows.put(table::kContextNames, Encoder().big(id.value).take(), std::string(context));
  return id;
}

Result<SeriesNumber> State::find_or_add_series(store::ApplyTransaction& rows, RunState& run,
                                               KeyId key, ContextId context) {
  const std::uint64_t pair = std::uint64_t{key.value} << 32 | context.value;
  if (const auto known = run.series.find(pair); known != run.series.end()) return known->second;
  const std::string row_key = key_of(run.number, key, context);
  TRY(const auto row, rows.get(table::kSeries, row_key));
  SeriesNumber series;
  if (row) {
    Decoder in(*row);
    series.value = in.get<std::uint64_t>();
    if (!in.done()) return fail(ErrorKind::kCorrupt, "index: series row has {} bytes", row->size());
  } else {
    TRY(Counters * next, counters(rows));
    series.value = next->series++;
    ++run.row.series;
    run.changed = true;
    rows.put(table::kSeries, row_key, Encoder().put(series.value).take());
  }
  keep(run, kEntryBytes);
  run.series.emplace(pair, series);
  return series;
}

Result<std::optional<Refusal>> State::check_keys(const store::ApplyTransaction& rows,
                                                 const RunState& run,
                                                 const protocol::BatchView& batch) const {
  std::uint64_t unknown = 0;
  for (const protocol::BlockView& block : batch.blocks) {
    const auto known = run.known_keys.find(block.keys.hash());
    if (known != run.known_keys.end() && same(known->second, block.keys)) continue;
    if (auto checked = protocol::check_keys(block.keys); !checked) {
      return std::optional(Refusal{VerdictCode::kInvalid, checked.error().text});
    }
    unknown += block.keys.count;
  }
  if (run.row.series + unknown <= protocol::kSeriesMax) return std::optional<Refusal>();
  // Not remembered is not new: the verdict must not depend on what is kept.
  TRY(const std::uint64_t fresh, count_new_series(rows, run, batch));
  if (run.row.series + fresh <= protocol::kSeriesMax) return std::optional<Refusal>();
  return std::optional(
      Refusal{VerdictCode::kLimit,
              fmt::format("run {} has {} series, the frame brings {} more, at most {}",
                          run.row.id.hex(), run.row.series, fresh, protocol::kSeriesMax)});
}

Result<std::uint64_t> State::count_new_series(const store::ApplyTransaction& rows,
                                              const RunState& run,
                                              const protocol::BatchView& batch) const {
  std::set<std::pair<std::string_view, std::string_view>> names;
  for (const protocol::BlockView& block : batch.blocks) {
    block.keys.for_each(
        [&](std::string_view key, std::string_view context) { names.emplace(key, context); });
  }
  std::uint64_t fresh = 0;
  for (const auto& [key, context] : names) {
    TRY(const auto key_id, find_key(rows, key));
    TRY(const auto context_id, find_context(rows, context));
    bool known = false;
    if (key_id && context_id) {
      TRY(const auto row, rows.get(table::kSeries, key_of(run.number, *key_id, *context_id)));
      known = row.has_value();
    }
    if (!known) ++fresh;
  }
  return fresh;
}

Result<SeriesList> State::resolve(store::ApplyTransaction& rows, RunState& run,
                                  const protocol::KeyList& keys) {
  const std::uint64_t hash = keys.hash();
  if (const auto known = run.known_keys.find(hash);
      known != run.known_keys.end() && same(known->second, keys)) {
    return known->second.series;
  }
  std::vector<std::pair<std::string_view, std::string_view>> names;
  keys.for_each(
      [&](std::string_view key, std::string_view context) { names.emplace_back(key, context); });
  auto list = std::make_shared<std::vector<SeriesNumber>>();
  list->reserve(names.size());
  for (const auto& [key, context] : names) {
    TRY(const KeyId key_id, intern_key(rows, key));
    TRY(const ContextId context_id, intern_context(rows, context));
    TRY(const SeriesNumber series, find_or_add_series(rows, run, key_id, context_id));
    list->push_back(series);
  }
  keep(run, 4 * kEntryBytes + keys.keys.size() + keys.contexts.size() +
                keys.key_contexts.size_bytes() + list->size() * sizeof(SeriesNumber));
  run.known_keys[hash] = {std::string(keys.keys),
                          std::string(keys.contexts),
                          {keys.key_contexts.begin(), keys.key_contexts.end()},
                          keys.count,
                          list};
  return SeriesList(std::move(list));
}

Result<void> State::write_back(store::ApplyTransaction& rows) {
  for (RunState* run : std::exchange(touched_, {})) {
    if (std::exchange(run->changed, false)) {
      rows.put(table::kRuns, key_of(run->number.value), run->row.encode());
    }
    for (auto& [id, writer] : std::exchange(run->used_writers, {})) {
      if (!std::exchange(writer->changed, false)) continue;
      std::string row = writer->row.encode();
      const std::uint64_t bytes = kEntryBytes + row.size();
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
