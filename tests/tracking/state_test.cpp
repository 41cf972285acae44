// The working state alone, on rows in a map: limits that are too large to reach frame by frame, and
// that what it remembers never decides.

#include "engine/tracking/state.hpp"

#include <gtest/gtest.h>

#include "engine/tracking/row_keys.hpp"
#include "protocol/limits.hpp"
#include "tests/tracking/batch_frames.hpp"
#include "tests/tracking/map_rows.hpp"

namespace stepwell::tracking {
namespace {

class StateTest : public ::testing::Test {
 protected:
  StateTest() {
    RunRow row;
    row.id = run_id(1);
    state.add_run(RunNumber{1}, row);
  }
  RunState& run(State& of) { return *of.find_run(rows, run_id(1)).value(); }
  static std::string payload(const std::vector<std::vector<std::string>>& blocks) {
    std::vector<BlockSpec> specs;
    for (const auto& keys : blocks) {
      BlockSpec spec{.keys = {}, .steps = {1}, .times = {1}};
      for (const auto& key : keys) spec.keys.emplace_back(key, "");
      spec.values.assign(keys.size(), 1.0);
      specs.push_back(std::move(spec));
    }
    return frame(Kind::kBatch, {}, batch_payload(specs));
  }
  // Nothing: they may be applied.
  std::optional<VerdictCode> check(State& of, const std::string& frame) {
    const auto batch = protocol::BatchView::parse(as_bytes(frame).subspan(64)).value();
    const auto refusal = of.check_keys(rows, run(of), batch).value();
    return refusal ? std::optional(refusal->code) : std::nullopt;
  }
  void resolve(State& of, const std::string& frame) {
    const auto batch = protocol::BatchView::parse(as_bytes(frame).subspan(64)).value();
    for (const auto& block : batch.blocks)
      ASSERT_TRUE(of.resolve(rows, run(of), block.keys).has_value());
    ASSERT_TRUE(of.write_back(rows).has_value());
  }
  void register_id() {
    // What create_run() writes beside the row.
    const RunId id = run_id(1);
    rows.put(table::kRunIds, as_text(std::as_bytes(std::span(id.bytes))), key_of(1));
    ASSERT_TRUE(state.write_back(rows).has_value());
  }
  MapRows rows;
  State state;
};

TEST_F(StateTest, ARunHasAtMostItsSeriesCountedExactly) {
  register_id();
  run(state).row.series = protocol::kSeriesMax - 3;
  EXPECT_EQ(check(state, payload({{"a", "b", "c"}})), std::nullopt);
  EXPECT_EQ(check(state, payload({{"a", "b"}, {"c", "d"}})), VerdictCode::kLimit);
  EXPECT_EQ(check(state, payload({{"a", "b"}, {"b", "a"}, {"a", "c"}})), std::nullopt)
      << "three, however often";
  resolve(state, payload({{"a", "b"}}));
  EXPECT_EQ(run(state).row.series, protocol::kSeriesMax - 1);
  EXPECT_EQ(check(state, payload({{"b", "a"}})), std::nullopt) << "known, in another order";
  EXPECT_EQ(check(state, payload({{"a", "b", "c"}})), std::nullopt);
  EXPECT_EQ(check(state, payload({{"c", "d"}})), VerdictCode::kLimit);
  resolve(state, payload({{"c"}}));
  EXPECT_EQ(check(state, payload({{"a", "b", "c"}})), std::nullopt) << "a full run goes on";
  EXPECT_EQ(check(state, payload({{"d"}})), VerdictCode::kLimit);
}

TEST_F(StateTest, WhatItRemembersDecidesNothing) {
  register_id();
  const std::string keys = payload({{"a", "b"}}), more = payload({{"a", "b"}, {"c"}});
  run(state).row.series = protocol::kSeriesMax - 2;
  run(state).changed = true;
  resolve(state, keys);
  State young;  // As after a restart.
  EXPECT_EQ(check(state, keys), std::nullopt);
  EXPECT_EQ(check(young, keys), std::nullopt);
  EXPECT_EQ(check(state, more), VerdictCode::kLimit);
  EXPECT_EQ(check(young, more), VerdictCode::kLimit);
}

TEST_F(StateTest, ACheckThatRefusesWritesNothing) {
  register_id();
  const std::size_t before = rows.size();
  EXPECT_EQ(check(state, poison_frame({})), VerdictCode::kInvalid);
  run(state).row.series = protocol::kSeriesMax;
  EXPECT_EQ(check(state, payload({{"a"}})), VerdictCode::kLimit);
  EXPECT_EQ(rows.size(), before);
}

TEST_F(StateTest, WhatIsForgottenIsReadAgain) {
  register_id();
  SeriesList first;
  {
    const std::string keys = payload({{"key"}});
    const auto batch = protocol::BatchView::parse(as_bytes(keys).subspan(64)).value();
    first = state.resolve(rows, run(state), batch.blocks[0].keys).value();
  }
  state.add_writer(run(state), writer_id(1), {}).row.next = 7;
  ASSERT_TRUE(state.write_back(rows).has_value());
  // More runs than are kept.
  for (std::uint64_t i = 2; i < 6000; ++i) {
    RunRow row;
    row.id = run_id(i);
    state.add_run(RunNumber{i}, row);
    ASSERT_TRUE(state.write_back(rows).has_value());
  }
  const auto writer = state.find_writer(rows, run(state), writer_id(1)).value();
  ASSERT_NE(writer, nullptr);
  EXPECT_EQ(writer->row.next, 7u);
  EXPECT_EQ(run(state).row.series, 1u);
  const std::string keys = payload({{"key"}});
  const auto batch = protocol::BatchView::parse(as_bytes(keys).subspan(64)).value();
  EXPECT_EQ(*state.resolve(rows, run(state), batch.blocks[0].keys).value(), *first);
}

}  // namespace
}  // namespace stepwell::tracking
