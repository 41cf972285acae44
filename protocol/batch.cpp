#include "protocol/batch.hpp"

#include <xxhash.h>

#include <algorithm>
#include <limits>

#include "protocol/context.hpp"
#include "protocol/limits.hpp"
#include "protocol/schema/batch_generated.h"
#include "protocol/text.hpp"

namespace stepwell::protocol {
namespace {

constexpr std::int64_t kInt64Max = std::numeric_limits<std::int64_t>::max();

std::string_view text_of(const flatbuffers::Vector<std::uint8_t>* bytes) {
  if (!bytes) return {};
  return {reinterpret_cast<const char*>(bytes->data()), bytes->size()};
}

// FlatBuffers' verifier looks at a vector's length field only, which is aligned to 4 bytes.
template <typename T>
bool is_aligned(const flatbuffers::Vector<T>& column) {
  return reinterpret_cast<std::uintptr_t>(column.data()) % alignof(T) == 0;
}

template <typename T>
bool has(const flatbuffers::Vector<T>* column, std::size_t count) {
  return column && column->size() == count && is_aligned(*column);
}

// Entries of a blob of {u16 length, bytes}; nothing if it is not exactly filled by them.
std::optional<std::uint32_t> count_entries(std::string_view blob) {
  std::uint32_t count = 0;
  Decoder in(blob);
  while (!in.done()) {
    in.take(in.get<std::uint16_t>());
    if (!in.ok()) return std::nullopt;
    ++count;
  }
  return count;
}

Result<KeyList> parse_keys(const wire::Block& block) {
  KeyList list;
  list.count = block.key_count();
  list.keys = text_of(block.keys());
  list.contexts = text_of(block.contexts());
  if (list.count == 0 || list.count > kKeysMax) {
    return fail(ErrorKind::kInvalid, "{} keys, expected 1 to {}", list.count, kKeysMax);
  }
  if (count_entries(list.keys) != list.count) {
    return fail(ErrorKind::kInvalid, "key blob of {} bytes does not hold exactly {} keys",
                list.keys.size(), list.count);
  }
  const auto contexts = count_entries(list.contexts);
  if (!contexts) return fail(ErrorKind::kInvalid, "context blob is cut");
  if (const auto* indexes = block.key_contexts()) {
    if (!is_aligned(*indexes)) return fail(ErrorKind::kInvalid, "key_contexts are not aligned");
    list.key_contexts = {indexes->data(), indexes->size()};
    const bool in_range = std::all_of(list.key_contexts.begin(), list.key_contexts.end(),
                                      [&](std::uint16_t index) { return index < *contexts; });
    if (indexes->size() != list.count || !in_range) {
      return fail(ErrorKind::kInvalid, "key_contexts has {} indexes for {} keys and {} contexts",
                  indexes->size(), list.count, *contexts);
    }
  } else if (*contexts > 1) {
    return fail(ErrorKind::kInvalid, "{} contexts but no key_contexts", *contexts);
  }
  return list;
}

Result<void> parse_steps(const wire::Block& block, BlockView& view) {
  switch (block.steps_form()) {
    case wire::StepsForm::Stride: {
      std::int64_t span = 0, last = 0;
      if (__builtin_mul_overflow(block.step_stride(), std::int64_t{view.points} - 1, &span) ||
          __builtin_add_overflow(block.step_base(), span, &last)) {
        return fail(ErrorKind::kInvalid, "steps {} + i * {} overflow within {} points",
                    block.step_base(), block.step_stride(), view.points);
      }
      view.steps = {nullptr, block.step_base(), block.step_stride()};
      return ok();
    }
    case wire::StepsForm::Column:
      if (!has(block.steps(), view.points)) {
        return fail(ErrorKind::kInvalid, "step column has not {} steps", view.points);
      }
      view.steps.column = block.steps()->data();
      return ok();
    case wire::StepsForm::Server:
      view.step_source = StepSource::kServer;
      return ok();
  }
  return fail(ErrorKind::kInvalid, "steps form {} is not known",
              static_cast<int>(block.steps_form()));
}

Result<void> parse_times(const wire::Block& block, BlockView& view) {
  switch (block.times_form()) {
    case wire::TimesForm::Arrival:
      view.time_source = TimeSource::kArrival;
      return ok();
    case wire::TimesForm::Deltas:
      if (!has(block.time_deltas(), view.points) ||
          block.time_base() > kInt64Max - std::numeric_limits<std::uint32_t>::max()) {
        return fail(ErrorKind::kInvalid, "timestamp deltas are not {} or overflow", view.points);
      }
      view.times = {nullptr, block.time_deltas()->data(), block.time_base()};
      return ok();
    case wire::TimesForm::Column:
      if (!has(block.times(), view.points)) {
        return fail(ErrorKind::kInvalid, "timestamp column has not {} timestamps", view.points);
      }
      view.times.column = block.times()->data();
      return ok();
  }
  return fail(ErrorKind::kInvalid, "times form {} is not known",
              static_cast<int>(block.times_form()));
}

Result<void> parse_rows(const wire::Block& block, BlockView& view) {
  if (!block.key_index()) return ok();
  if (!is_aligned(*block.key_index())) {
    return fail(ErrorKind::kInvalid, "key_index is not aligned");
  }
  view.key_index = {block.key_index()->data(), block.key_index()->size()};
  const bool in_range = std::all_of(view.key_index.begin(), view.key_index.end(),
                                    [&](std::uint32_t index) { return index < view.keys.count; });
  if (view.key_index.size() != view.points || !in_range) {
    return fail(ErrorKind::kInvalid, "key_index has {} indexes for {} points of {} keys",
                view.key_index.size(), view.points, view.keys.count);
  }
  // A series exists from its first point on: a key without one would make an empty series.
  std::vector<bool> used(view.keys.count);
  for (const std::uint32_t index : view.key_index) used[index] = true;
  if (const auto idle = std::find(used.begin(), used.end(), false); idle != used.end()) {
    return fail(ErrorKind::kInvalid, "key {} of {} has no point in its rows", idle - used.begin(),
                view.keys.count);
  }
  return ok();
}

Result<BlockView> parse_block(const wire::Block& block) {
  BlockView view;
  view.points = block.points();
  if (view.points == 0 || view.points > kPointsMax) {
    return fail(ErrorKind::kInvalid, "{} points, expected 1 to {}", view.points, kPointsMax);
  }
  TRY(view.keys, parse_keys(block));
  TRY(parse_rows(block, view));
  TRY(parse_steps(block, view));
  TRY(parse_times(block, view));
  if (has(block.values(), view.values_count())) {
    view.values.f64 = block.values()->data();
  } else if (!block.values() && has(block.values_f32(), view.values_count())) {
    view.values.f32 = block.values_f32()->data();
  } else {
    return fail(ErrorKind::kInvalid, "value column has not exactly {} values", view.values_count());
  }
  return view;
}

}  // namespace

std::uint64_t KeyList::hash() const {
  const std::uint64_t parts[3] = {XXH3_64bits(keys.data(), keys.size()),
                                  XXH3_64bits(contexts.data(), contexts.size()),
                                  XXH3_64bits(key_contexts.data(), key_contexts.size_bytes())};
  return contexts.empty() ? parts[0] : XXH3_64bits(parts, sizeof parts);
}

bool KeyList::operator==(const KeyList& other) const {
  return count == other.count && keys == other.keys && contexts == other.contexts &&
         std::ranges::equal(key_contexts, other.key_contexts);
}

void KeyList::for_each(const std::function<void(std::string_view, std::string_view)>& visit) const {
  std::vector<std::string_view> context_list;
  for (Decoder in(contexts); !in.done();) context_list.push_back(in.take(in.get<std::uint16_t>()));
  if (context_list.empty()) context_list.emplace_back();
  Decoder in(keys);
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::string_view key = in.take(in.get<std::uint16_t>());
    visit(key, context_list[key_contexts.empty() ? 0 : key_contexts[i]]);
  }
}

Result<BatchView> BatchView::parse(Bytes payload) {
  const auto* data = reinterpret_cast<const std::uint8_t*>(payload.data());
  flatbuffers::Verifier verifier(data, payload.size(), 3, kBlocksMax + 1);
  if (!verifier.VerifyBuffer<wire::Batch>(nullptr)) {
    return fail(ErrorKind::kInvalid, "batch payload of {} bytes is not well-formed",
                payload.size());
  }
  const auto* blocks = flatbuffers::GetRoot<wire::Batch>(data)->blocks();
  if (!blocks || blocks->size() == 0) return fail(ErrorKind::kInvalid, "batch has no block");
  BatchView batch;
  batch.blocks.reserve(blocks->size());
  for (const wire::Block* block : *blocks) {
    auto view = parse_block(*block);
    if (!view) return in_context(fmt::format("block {}", batch.blocks.size()), view.error());
    batch.blocks.push_back(view.value());
  }
  return batch;
}

std::uint64_t BatchView::points() const {
  std::uint64_t points = 0;
  for (const BlockView& block : blocks) points += block.values_count();
  return points;
}

Result<void> check_keys(const KeyList& keys) {
  for (Decoder in(keys.keys); !in.done();) {
    TRY(check_key("metric key", in.take(in.get<std::uint16_t>())));
  }
  for (Decoder in(keys.contexts); !in.done();) {
    TRY(check_context(in.take(in.get<std::uint16_t>())));
  }
  return ok();
}

}  // namespace stepwell::protocol
