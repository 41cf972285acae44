#include "engine/tracking/rows.hpp"
#include "engine/tracking/row_keys.hpp"

#include <gtest/gtest.h>

#include <set>

namespace stepwell::tracking {
namespace {

// Every prefix and every longer text of a row is refused, never read past its end.
template <typename Row>
void expect_exact(const std::string& row) {
  ASSERT_TRUE(Row::decode(row).has_value());
  EXPECT_EQ(Row::decode(row).value().encode(), row);
  for (std::size_t n = 0; n < row.size(); ++n) {
    const auto cut = Row::decode(std::string_view(row).substr(0, n));
    ASSERT_FALSE(cut.has_value()) << n;
    EXPECT_EQ(cut.error().kind, ErrorKind::kCorrupt);
  }
  EXPECT_FALSE(Row::decode(row + '\0').has_value());
}

TEST(RowsTest, EveryRowComesBackAndCutOnesAreCorrupt) {
  expect_exact<Counters>(Counters{7, 8, 9, 10, 11}.encode());
  ExperimentRow experiment{"name", "s3://x", -5, 6, {true, Lsn{9}, 1000}};
  expect_exact<ExperimentRow>(experiment.encode());
  RunRow run;
  run.id.bytes[3] = 9;
  run.name = "run";
  run.user = "user";
  run.status = RunStatus::kKilled;
  run.stage = {true, Lsn{77}, -5};
  run.greatest_step = -3;
  run.has_steps = true;
  run.ended_killed = 5;
  expect_exact<RunRow>(run.encode());
  WriterRow writer;
  writer.holes = {
      {1, 4, false, VerdictCode::kApplied, "why", 5, {{"key", 1, 2, 3}, {"", -1, 0, 0}}},
      {6, 6, true, VerdictCode::kConflict, "", 0, {}}};
  writer.slot = "rank-0";
  expect_exact<WriterRow>(writer.encode());
}

TEST(RowsTest, KeysLieInTheOrderOfTheirNumbers) {
  const std::uint64_t numbers[] = {
      0, 1, 255, 256, 65536, std::uint64_t{1} << 40, ~std::uint64_t{0}};
  for (std::size_t i = 1; i < std::size(numbers); ++i) {
    EXPECT_LT(key_of(numbers[i - 1]), key_of(numbers[i]));
    EXPECT_LT(key_of(5, numbers[i - 1]), key_of(5, numbers[i]));
    EXPECT_LT(key_of(numbers[i - 1], ~std::uint64_t{0}), key_of(numbers[i], 0));
  }
  EXPECT_EQ(key_of_name(std::string(10'000, 'x')).size(), 16u) << "whatever the name's length";
}

TEST(RowsTest, NamesOfOneHashAreToldApart) {
  std::string list = add_name("", "a", 1);
  list = add_name(list, "b", 2);
  list = add_name(list, "", 3);
  EXPECT_EQ(find_name(list, "a"), 1u);
  EXPECT_EQ(find_name(list, "b"), 2u);
  EXPECT_EQ(find_name(list, ""), 3u);
  EXPECT_EQ(find_name(list, "c"), std::nullopt);
  list = remove_name(list, "a");
  EXPECT_EQ(find_name(list, "a"), std::nullopt);
  EXPECT_EQ(find_name(list, "b"), 2u);
  EXPECT_EQ(remove_name(remove_name(list, "b"), ""), "");
}

TEST(RowsTest, TheLaterStageDecidesForARun) {
  RunRow run;
  ExperimentRow experiment;
  EXPECT_FALSE(is_deleted(run, experiment));
  experiment.stage = {true, Lsn{5}};
  EXPECT_TRUE(is_deleted(run, experiment));
  run.stage = {false, Lsn{6}};
  EXPECT_FALSE(is_deleted(run, experiment));
  run.stage = {true, Lsn{7}};
  experiment.stage = {false, Lsn{8}};
  EXPECT_FALSE(is_deleted(run, experiment));
}

TEST(RowsTest, TableNamesAreDistinctAndMatchTheNumbers) {
  std::vector<std::string> names;
  for (const auto& info : tables()) names.push_back(info.name);
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), names.size());
  EXPECT_EQ(names.at(table::kCounters.value), "counters");
  EXPECT_EQ(names.at(table::kRuns.value), "runs");
  EXPECT_EQ(names.at(table::kSeries.value), "series");
  EXPECT_EQ(names.at(table::kSettings.value), "settings");
  EXPECT_EQ(names.at(table::kTombstones.value), "tombstones");
}

}  // namespace
}  // namespace stepwell::tracking
