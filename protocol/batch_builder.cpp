#include "protocol/batch_builder.hpp"

#include <algorithm>
#include <bit>
#include <limits>

#include "engine/base/assert.hpp"
#include "engine/base/bytes.hpp"
#include "protocol/context.hpp"
#include "protocol/schema/batch_generated.h"
#include "protocol/schema/commands_generated.h"
#include "protocol/text.hpp"

namespace stepwell::protocol {
namespace {

template <typename T>
using Vector = flatbuffers::Offset<flatbuffers::Vector<T>>;

Vector<std::uint8_t> bytes_of(flatbuffers::FlatBufferBuilder& out, std::string_view text) {
  return out.CreateVector(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
}

// The common difference, if there is one (and no overflow on the way).
std::optional<std::int64_t> stride_of(std::span<const std::int64_t> steps) {
  if (steps.size() < 2) return 0;
  std::int64_t stride = 0;
  if (__builtin_sub_overflow(steps[1], steps[0], &stride)) return std::nullopt;
  for (std::size_t i = 2; i < steps.size(); ++i) {
    std::int64_t difference = 0;
    if (__builtin_sub_overflow(steps[i], steps[i - 1], &difference) || difference != stride) {
      return std::nullopt;
    }
  }
  return stride;
}

bool fits_deltas(std::span<const std::int64_t> times) {
  constexpr std::uint64_t kSpan = std::numeric_limits<std::uint32_t>::max();
  const auto [low, high] = std::ranges::minmax(times);
  const bool no_overflow =
      low <= std::numeric_limits<std::int64_t>::max() - static_cast<std::int64_t>(kSpan);
  return no_overflow && static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low) <= kSpan;
}

// True if every value's 64 bits survive float32: signalling NaNs and lost payload bits do not.
bool fits_float(std::span<const double> values) {
  return std::ranges::all_of(values, [](double value) {
    const auto narrow = static_cast<float>(value);
    return std::bit_cast<std::uint64_t>(static_cast<double>(narrow)) ==
           std::bit_cast<std::uint64_t>(value);
  });
}

}  // namespace

Result<std::uint32_t> KeyListBuilder::add(std::string_view key, std::string_view context) {
  TRY(check_key("metric key", key));
  TRY(check_context(context));
  auto known = std::ranges::find(known_contexts_, context);
  if (known == known_contexts_.end()) {
    known_contexts_.emplace_back(context);
    known = std::prev(known_contexts_.end());
    contexts_ += Encoder().put(static_cast<std::uint16_t>(context.size())).raw(context).take();
  }
  key_contexts_.push_back(static_cast<std::uint16_t>(known - known_contexts_.begin()));
  keys_ += Encoder().put(static_cast<std::uint16_t>(key.size())).raw(key).take();
  return count_++;
}

struct BatchBuilder::State {
  flatbuffers::FlatBufferBuilder out;
  std::vector<flatbuffers::Offset<wire::Block>> blocks;
};

BatchBuilder::BatchBuilder() : state_(std::make_unique<State>()) {}
BatchBuilder::~BatchBuilder() = default;

std::size_t BatchBuilder::blocks() const {
  return state_->blocks.size();
}

void BatchBuilder::add_block(const KeyListBuilder& keys, std::size_t points,
                             const Columns& columns) {
  const bool rows = !columns.key_index.empty();
  STEPWELL_ASSERT(columns.values.size() == (rows ? points : points * keys.count()));
  STEPWELL_ASSERT(columns.steps.empty() || columns.steps.size() == points);
  STEPWELL_ASSERT(columns.times.empty() || columns.times.size() == points);
  auto& out = state_->out;

  const auto key_bytes = bytes_of(out, keys.keys_);
  Vector<std::uint8_t> contexts;
  Vector<std::uint16_t> key_contexts;
  if (keys.known_contexts_.size() > 1 || !keys.known_contexts_.front().empty()) {
    contexts = bytes_of(out, keys.contexts_);
    if (keys.known_contexts_.size() > 1) key_contexts = out.CreateVector(keys.key_contexts_);
  }
  Vector<std::uint32_t> key_index;
  if (rows) key_index = out.CreateVector(columns.key_index.data(), points);

  const auto stride = narrow_ ? stride_of(columns.steps) : std::nullopt;
  Vector<std::int64_t> steps, times;
  if (!columns.steps.empty() && !stride) steps = out.CreateVector(columns.steps.data(), points);
  Vector<std::uint32_t> deltas;
  std::int64_t time_base = 0;
  if (!columns.times.empty() && narrow_ && fits_deltas(columns.times)) {
    time_base = std::ranges::min(columns.times);
    std::vector<std::uint32_t> narrow(points);
    std::ranges::transform(columns.times, narrow.begin(), [&](std::int64_t t) {
      return static_cast<std::uint32_t>(t - time_base);
    });
    deltas = out.CreateVector(narrow);
  } else if (!columns.times.empty()) {
    times = out.CreateVector(columns.times.data(), points);
  }
  Vector<double> values;
  Vector<float> values_f32;
  if (narrow_ && fits_float(columns.values)) {
    std::vector<float> narrow(columns.values.begin(), columns.values.end());
    values_f32 = out.CreateVector(narrow);
  } else {
    values = out.CreateVector(columns.values.data(), columns.values.size());
  }

  wire::BlockBuilder block(out);
  block.add_points(static_cast<std::uint32_t>(points));
  block.add_key_count(keys.count());
  block.add_keys(key_bytes);
  if (!contexts.IsNull()) block.add_contexts(contexts);
  if (!key_contexts.IsNull()) block.add_key_contexts(key_contexts);
  if (!key_index.IsNull()) block.add_key_index(key_index);
  if (columns.steps.empty()) {
    block.add_steps_form(wire::StepsForm::Server);
  } else if (stride) {
    block.add_step_base(columns.steps.front());
    block.add_step_stride(*stride);
  } else {
    block.add_steps_form(wire::StepsForm::Column);
    block.add_steps(steps);
  }
  if (!deltas.IsNull()) {
    block.add_times_form(wire::TimesForm::Deltas);
    block.add_time_base(time_base);
    block.add_time_deltas(deltas);
  } else if (!times.IsNull()) {
    block.add_times_form(wire::TimesForm::Column);
    block.add_times(times);
  }
  if (!values_f32.IsNull()) {
    block.add_values_f32(values_f32);
  } else {
    block.add_values(values);
  }
  state_->blocks.push_back(block.Finish());
}

std::string BatchBuilder::finish() {
  auto& out = state_->out;
  const auto blocks = out.CreateVector(state_->blocks);
  out.Finish(wire::CreateBatch(out, blocks));
  std::string payload(reinterpret_cast<const char*>(out.GetBufferPointer()), out.GetSize());
  out.Clear();
  state_->blocks.clear();
  return payload;
}

std::string BatchBuilder::finish_log_batch(const std::vector<TextView>& params,
                                           const std::vector<TextView>& tags, bool single) {
  auto& out = state_->out;
  const auto texts_of = [&](const std::vector<TextView>& texts) {
    std::vector<flatbuffers::Offset<wire::Text>> offsets;
    for (const TextView& text : texts) {
      const auto key = out.CreateString(text.key.data(), text.key.size());
      const auto value = out.CreateString(text.value.data(), text.value.size());
      offsets.push_back(wire::CreateText(out, key, value));
    }
    return out.CreateVector(offsets);
  };
  Vector<flatbuffers::Offset<wire::Block>> blocks;
  if (!state_->blocks.empty()) blocks = out.CreateVector(state_->blocks);
  Vector<flatbuffers::Offset<wire::Text>> param_list, tag_list;
  if (!params.empty()) param_list = texts_of(params);
  if (!tags.empty()) tag_list = texts_of(tags);
  out.Finish(wire::CreateLogBatch(out, blocks, param_list, tag_list, single));
  std::string payload(reinterpret_cast<const char*>(out.GetBufferPointer()), out.GetSize());
  out.Clear();
  state_->blocks.clear();
  return payload;
}

}  // namespace stepwell::protocol
