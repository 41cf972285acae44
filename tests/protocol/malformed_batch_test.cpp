// Batches that no builder makes: one field wrong at a time, each refused.

#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "protocol/batch.hpp"
#include "protocol/frame.hpp"
#include "protocol/limits.hpp"
#include "protocol/schema/batch_generated.h"

namespace stepwell::protocol {
namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

// 8-aligned, as a frame's payload is.
struct Payload {
  std::string frame;
  explicit Payload(std::string_view bytes) : frame(make_frame({}, bytes)) {}
  Bytes bytes() const { return as_bytes(frame).subspan(sizeof(FrameHeader)); }
};

// A block by hand, one field wrong at a time.
struct Hand {
  std::uint32_t points = 2;
  std::uint32_t key_count = 1;
  std::string keys = std::string("\x01\x00k", 3);
  std::string contexts;
  std::vector<std::uint16_t> key_contexts;
  std::vector<std::uint32_t> key_index;
  bool has_key_index = false;
  wire::StepsForm steps_form = wire::StepsForm::Stride;
  std::int64_t step_base = 0, step_stride = 1;
  std::vector<std::int64_t> steps;
  wire::TimesForm times_form = wire::TimesForm::Arrival;
  std::int64_t time_base = 0;
  std::vector<std::uint32_t> deltas;
  std::vector<std::int64_t> times;
  std::vector<double> values = {1, 2};
  std::vector<float> floats;

  Payload payload() const {
    wire::BatchT batch;
    auto block = std::make_unique<wire::BlockT>();
    block->points = points;
    block->key_count = key_count;
    block->keys.assign(keys.begin(), keys.end());
    block->contexts.assign(contexts.begin(), contexts.end());
    block->key_contexts = key_contexts;
    block->key_index = key_index;
    block->steps_form = steps_form;
    block->step_base = step_base;
    block->step_stride = step_stride;
    block->steps = steps;
    block->times_form = times_form;
    block->time_base = time_base;
    block->time_deltas = deltas;
    block->times = times;
    block->values = values;
    block->values_f32 = floats;
    batch.blocks.push_back(std::move(block));
    flatbuffers::FlatBufferBuilder out;
    out.Finish(wire::Batch::Pack(out, &batch));
    return Payload({reinterpret_cast<const char*>(out.GetBufferPointer()), out.GetSize()});
  }
};

bool parses(const Hand& hand) {
  const Payload payload = hand.payload();
  return BatchView::parse(payload.bytes()).has_value();
}

TEST(Batch, EveryMalformedBlockIsRefused) {
  ASSERT_TRUE(parses(Hand()));
  const std::vector<std::pair<std::string, std::function<void(Hand&)>>> faults = {
      {"no points",
       [](Hand& h) {
         h.points = 0;
         h.values = {};
       }},
      {"too many points", [](Hand& h) { h.points = kPointsMax + 1; }},
      {"no keys", [](Hand& h) { h.key_count = 0; }},
      {"too many keys", [](Hand& h) { h.key_count = kKeysMax + 1; }},
      {"more keys than in the blob",
       [](Hand& h) {
         h.key_count = 2;
         h.values = {1, 2, 3, 4};
       }},
      {"key blob cut", [](Hand& h) { h.keys = std::string("\x05\x00k", 3); }},
      {"key blob too long", [](Hand& h) { h.keys += "x"; }},
      {"one value missing", [](Hand& h) { h.values = {1}; }},
      {"one value too many", [](Hand& h) { h.values = {1, 2, 3}; }},
      {"both value forms",
       [](Hand& h) {
         h.values = {1};
         h.floats = {1, 2};
       }},
      {"steps overflow", [](Hand& h) { h.step_base = kMax; }},
      {"stride overflows",
       [](Hand& h) {
         h.points = 4;
         h.values = {1, 2, 3, 4};
         h.step_stride = kMax;
       }},
      {"step column short",
       [](Hand& h) {
         h.steps_form = wire::StepsForm::Column;
         h.steps = {1};
       }},
      {"no step column", [](Hand& h) { h.steps_form = wire::StepsForm::Column; }},
      {"unknown steps form", [](Hand& h) { h.steps_form = static_cast<wire::StepsForm>(9); }},
      {"deltas short",
       [](Hand& h) {
         h.times_form = wire::TimesForm::Deltas;
         h.deltas = {1};
       }},
      {"deltas overflow",
       [](Hand& h) {
         h.times_form = wire::TimesForm::Deltas;
         h.deltas = {1, 2};
         h.time_base = kMax - 1;
       }},
      {"time column long",
       [](Hand& h) {
         h.times_form = wire::TimesForm::Column;
         h.times = {1, 2, 3};
       }},
      {"unknown times form", [](Hand& h) { h.times_form = static_cast<wire::TimesForm>(3); }},
      {"key index out of range", [](Hand& h) { h.key_index = {0, 1}; }},
      {"key index short", [](Hand& h) { h.key_index = {0}; }},
      {"contexts without indexes", [](Hand& h) { h.contexts = std::string(4, '\0'); }},
      {"context index out of range",
       [](Hand& h) {
         h.contexts = std::string(2, '\0');
         h.key_contexts = {1};
       }},
      {"context blob cut",
       [](Hand& h) {
         h.contexts = "\x05";
         h.key_contexts = {0};
       }},
  };
  for (const auto& [name, spoil] : faults) {
    Hand hand;
    spoil(hand);
    EXPECT_FALSE(parses(hand)) << name;
  }
}

TEST(Batch, AKeyWithoutAPointIsRefused) {
  Hand hand;
  hand.key_count = 2;
  hand.keys = std::string("\x01\x00k\x01\x00l", 6);
  hand.key_index = {1, 0};
  EXPECT_TRUE(parses(hand));
  hand.key_index = {1, 1};
  EXPECT_FALSE(parses(hand));
}

TEST(Batch, KeysAreCheckedApart) {
  Hand hand;
  hand.keys = std::string("\x01\x00\x07", 3);
  const Payload payload = hand.payload();
  const auto batch = BatchView::parse(payload.bytes());
  ASSERT_TRUE(batch);
  EXPECT_FALSE(check_keys(batch.value().blocks[0].keys));
}

}  // namespace
}  // namespace stepwell::protocol
