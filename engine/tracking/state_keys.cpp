// Names in the fold's working state: keys, contexts, and the series of a run that lists of them
// resolve to.

#include <set>

#include "engine/base/bytes.hpp"
#include "engine/tracking/row_keys.hpp"
#include "engine/tracking/state.hpp"
#include "protocol/limits.hpp"

namespace stepwell::tracking {
namespace {

bool same(const KnownKeys& known, const protocol::KeyList& keys) {
  return protocol::KeyList{known.count, known.keys, known.contexts, known.key_contexts} == keys;
}

}  // namespace

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
  keys_bytes_ += kStateEntryBytes + name.size();
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
  keep(run, kStateEntryBytes);
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
  keep(run, 4 * kStateEntryBytes + keys.keys.size() + keys.contexts.size() +
                keys.key_contexts.size_bytes() + list->size() * sizeof(SeriesNumber));
  run.known_keys[hash] = {std::string(keys.keys),
                          std::string(keys.contexts),
                          {keys.key_contexts.begin(), keys.key_contexts.end()},
                          keys.count,
                          list};
  return SeriesList(std::move(list));
}

}  // namespace stepwell::tracking
