// Batches: every column form gives back the same bits, and nothing malformed is let through.

#include "protocol/batch.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "engine/base/clock.hpp"
#include "protocol/batch_builder.hpp"
#include "protocol/context.hpp"
#include "protocol/frame.hpp"

namespace stepwell::protocol {
namespace {

constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

const std::vector<double> kHardValues = {0.0,
                                         -0.0,
                                         1.0,
                                         0.1,
                                         -1.5,
                                         std::numeric_limits<double>::infinity(),
                                         -std::numeric_limits<double>::infinity(),
                                         std::numeric_limits<double>::quiet_NaN(),
                                         std::bit_cast<double>(0x7ff8'0000'0000'1234ULL),
                                         std::bit_cast<double>(0xfff0'0000'0000'0001ULL),
                                         std::bit_cast<double>(0x7ff8'0000'2000'0000ULL),
                                         std::numeric_limits<double>::denorm_min(),
                                         std::numeric_limits<double>::max(),
                                         1e-45,
                                         3.4e38,
                                         1e39};

// 8-aligned, as a frame's payload is.
struct Payload {
  std::string frame;
  explicit Payload(std::string_view bytes) : frame(make_frame({}, bytes)) {}
  Bytes bytes() const { return as_bytes(frame).subspan(sizeof(FrameHeader)); }
};

KeyListBuilder keys(std::size_t n) {
  KeyListBuilder list;
  for (std::size_t i = 0; i < n; ++i) (void)list.add("key" + std::to_string(i)).value();
  return list;
}

void expect_round_trip(std::size_t series, std::size_t points, const Columns& columns,
                       bool narrow) {
  BatchBuilder builder;
  if (!narrow) builder.use_wide_columns();
  builder.add_block(keys(series), points, columns);
  const Payload payload(builder.finish());
  const auto batch = BatchView::parse(payload.bytes());
  ASSERT_TRUE(batch) << batch.error().text;
  const BlockView& block = batch.value().blocks.at(0);
  ASSERT_EQ(block.values_count(), columns.values.size());
  ASSERT_TRUE(check_keys(block.keys));
  for (std::size_t i = 0; i < columns.values.size(); ++i) {
    EXPECT_EQ(std::bit_cast<std::uint64_t>(block.values[i]),
              std::bit_cast<std::uint64_t>(columns.values[i]));
  }
  for (std::size_t i = 0; i < columns.steps.size(); ++i)
    EXPECT_EQ(block.steps[i], columns.steps[i]);
  for (std::size_t i = 0; i < columns.times.size(); ++i)
    EXPECT_EQ(block.times[i], columns.times[i]);
  for (std::size_t i = 0; i < columns.key_index.size(); ++i) {
    EXPECT_EQ(block.key_index[i], columns.key_index[i]);
  }
  EXPECT_EQ(block.step_source == StepSource::kServer, columns.steps.empty());
  EXPECT_EQ(block.time_source == TimeSource::kArrival, columns.times.empty());
}

TEST(Batch, EveryColumnComesBackBitForBit) {
  const std::vector<std::vector<std::int64_t>> step_lists = {{},
                                                             {0, 1, 2, 3},
                                                             {5, 5, 5, 5},
                                                             {kMin, kMin + 1, kMin + 2, kMin + 3},
                                                             {kMin, -1, 0, kMax},
                                                             {kMax, kMax - 1, kMax - 2, kMax - 3},
                                                             {9, 7, 5, 3},
                                                             {kMax, kMin, kMax, kMin}};
  const std::vector<std::vector<std::int64_t>> time_lists = {
      {},
      {1'700'000'000'000, 1'700'000'000'001, 1'700'000'000'000, 1'704'294'967'295},
      {0, 0, 0, 4'294'967'296},
      {kMin, kMax, 0, 1},
      {kMax, kMax, kMax, kMax},
      {-5, -6, -7, -8}};
  for (const auto& steps : step_lists) {
    for (const auto& times : time_lists) {
      for (std::size_t from = 0; from + 8 <= kHardValues.size(); ++from) {
        const std::vector<double> values(
            kHardValues.begin() + static_cast<std::ptrdiff_t>(from),
            kHardValues.begin() + static_cast<std::ptrdiff_t>(from) + 8);
        for (const bool narrow : {true, false}) {
          expect_round_trip(2, 4, {steps, times, values, {}}, narrow);
        }
      }
      const std::vector<std::uint32_t> index = {2, 0, 2, 1};
      expect_round_trip(3, 4, {steps, times, std::span(kHardValues).first(4), index}, true);
    }
  }
}

TEST(Batch, FloatsAreUsedOnlyWhereEveryBitSurvives) {
  for (const double value : kHardValues) {
    const std::vector<double> values(4, value);
    expect_round_trip(2, 2, {{}, {}, values, {}}, true);
  }
}

TEST(Batch, NarrowFormsAreUsedWhereTheyFit) {
  const std::vector<std::int64_t> steps = {1, 2, 3}, times = {1000, 1001, 1002};
  const std::vector<double> values = {0.5, 0.25, -0.0};
  const auto block_of = [&](bool narrow, std::string& keep) {
    BatchBuilder builder;
    if (!narrow) builder.use_wide_columns();
    builder.add_block(keys(1), 3, {steps, times, values, {}});
    keep = Payload(builder.finish()).frame;
    return BatchView::parse(as_bytes(keep).subspan(64)).value().blocks.at(0);
  };
  std::string keep_narrow, keep_wide;
  const BlockView narrow = block_of(true, keep_narrow), wide = block_of(false, keep_wide);
  EXPECT_TRUE(!narrow.steps.column && narrow.times.deltas && narrow.values.f32);
  EXPECT_TRUE(wide.steps.column && wide.times.column && wide.values.f64);
  EXPECT_LT(keep_narrow.size(), keep_wide.size());
}

TEST(Batch, ManyBlocksAndContexts) {
  BatchBuilder builder;
  KeyListBuilder list;
  const std::string rank = encode_context({{"rank", "1"}, {"host", "a"}}).value();
  (void)list.add("a").value();
  (void)list.add("a", rank).value();
  const std::vector<std::int64_t> steps = {7};
  const std::vector<double> values = {1, 2};
  for (int i = 0; i < 10; ++i) builder.add_block(list, 1, {steps, {}, values, {}});
  EXPECT_EQ(builder.blocks(), 10u);
  const Payload payload(builder.finish());
  EXPECT_EQ(builder.blocks(), 0u);
  const auto batch = BatchView::parse(payload.bytes()).value();
  EXPECT_EQ(batch.points(), 20u);
  std::string seen;
  batch.blocks[9].keys.for_each([&](std::string_view key, std::string_view context) {
    seen += std::string(key) + show_context(context) + ";";
  });
  EXPECT_EQ(seen, "a;a{host=a,rank=1};");
  EXPECT_EQ(batch.blocks[0].keys, batch.blocks[9].keys);
  EXPECT_EQ(batch.blocks[0].keys.hash(), batch.blocks[9].keys.hash());
}

TEST(Batch, AnEmptyBatchIsRefused) {
  BatchBuilder builder;
  const Payload payload(builder.finish());
  EXPECT_FALSE(BatchView::parse(payload.bytes()));
  EXPECT_FALSE(BatchView::parse({}));
}

TEST(Batch, MutatedPayloadsNeverCrash) {
  BatchBuilder builder;
  const std::vector<std::int64_t> steps = {1, 5, 6}, times = {1, 2, 3};
  const std::vector<double> values = {0.1, 0.2, 0.3, 4, 5, 6};
  const std::vector<std::uint32_t> index = {0, 1, 1};
  builder.add_block(keys(2), 3, {steps, times, values, {}});
  builder.add_block(keys(2), 3, {steps, times, std::span(values).first(3), index});
  const Payload whole(builder.finish());
  SeededRandom random(11);
  double sum = 0;
  for (int round = 0; round < 50'000; ++round) {
    Payload mutated = whole;
    for (std::uint64_t n = 1 + random.below(4); n > 0; --n) {
      mutated.frame[64 + random.below(mutated.frame.size() - 64)] =
          static_cast<char>(random.next_u64());
    }
    const Bytes bytes = mutated.bytes().first(mutated.bytes().size() - random.below(3) * 8);
    const auto batch = BatchView::parse(bytes);
    if (!batch) continue;
    for (const BlockView& block : batch.value().blocks) {
      (void)check_keys(block.keys);
      block.keys.for_each([&](std::string_view key, std::string_view) { sum += key.size() > 3; });
      for (std::uint64_t i = 0; i < block.values_count(); ++i) sum += block.values[i] > 0;
      for (std::uint32_t i = 0; i < block.points; ++i) {
        sum += static_cast<double>(block.steps[i]) + static_cast<double>(block.times[i]);
      }
      for (const std::uint32_t i : block.key_index) sum += i;
    }
  }
  EXPECT_FALSE(std::isinf(sum) && sum == 0);
}

TEST(KeyListBuilder, RefusesBadKeysAndContexts) {
  KeyListBuilder list;
  EXPECT_FALSE(list.add(""));
  EXPECT_FALSE(list.add("a", "garbage"));
  EXPECT_EQ(list.count(), 0u);
}

}  // namespace
}  // namespace stepwell::protocol
