// What lies under a retired run is freed, in bounded transactions, and nothing else; in between,
// and after a stop anywhere, everything still fits together.

#include "engine/store/sweep.hpp"

#include "engine/base/bytes.hpp"
#include "tests/store/layers_fixture.hpp"
#include "tests/store/point_models.hpp"

namespace stepwell::store {
namespace {

constexpr RunNumber kBefore{0}, kAfter{2};  // Neighbours of kRun.

class SweepTest : public LayersFixture {
 protected:
  // Chunks of several rows and values, late ones among them, tails of several blobs and parts,
  // rows.
  void fill(RunNumber run, std::uint64_t first_series) {
    for (int round = 0; round < 4; ++round) {
      for (std::uint64_t i = 0; i < 3; ++i) {
        const auto long_one = points_of(regular_points(round * 1000, 1, 700));
        apply({first_series + i}, long_one, run);
        apply({first_series + i}, points_of(regular_points(round * 500 + 3, 7, 5)), run);
      }
      for (std::uint64_t i = 3; i < 60; ++i) {
        apply({first_series + i}, points_of(regular_points(round, 1, 1)), run);
      }
      auto transaction = begin();
      for (std::uint64_t i = 0; i < 20; ++i) {
        const std::string key = Encoder().big(run.value).big(i).take();
        transaction.put(kFirst, key, "stays");
        transaction.put(kSecond, key, std::string(100 * i, 'x'));
      }
      layers->publish(lsn);
      checkpoint();
    }
  }

  void retire(RunNumber run) {
    begin().retire(run);
    layers->publish(lsn);
    checkpoint();
  }

  // Of every table but `meta`.
  std::vector<std::uint64_t> counts() const {
    const auto transaction = index->begin_read();
    std::vector<std::uint64_t> counts;
    for (std::size_t i = 1; i < index->table_count(); ++i) {
      counts.push_back(transaction.value().count(index->table(i)).value());
    }
    return counts;
  }
  std::uint64_t all_rows() const {
    std::uint64_t sum = 0;
    for (const std::uint64_t count : counts()) sum += count;
    return sum;
  }

  std::uint64_t sweep_all(std::uint64_t transaction_bytes = kTransactionBytes) {
    Sweep sweep(*index, *layout, transaction_bytes);
    while (true) {
      const auto more = sweep.step();
      EXPECT_TRUE(more.has_value()) << more.error().text;
      if (!more || !more.value()) return sweep.runs();
    }
  }
};

TEST_F(SweepTest, FreesEverythingOfARunAndNothingElse) {
  fill(kBefore, 1000);
  const auto without = counts();
  fill(kRun, 1);
  const auto with = counts();
  fill(kAfter, 2000);
  auto expected = counts();
  for (std::size_t i = 0; i < expected.size(); ++i) expected[i] -= with[i] - without[i];
  expected[expected.size() - 2] += 20;  // The domain frees what is not by run itself.
  const auto neighbours = std::pair(points({1000}, kBefore), points({2003}, kAfter));
  EXPECT_EQ(sweep_all(), 0u) << "nothing is retired";
  retire(kRun);
  EXPECT_NE(counts(), expected);
  expect_sound();
  EXPECT_EQ(sweep_all(16 * kTransactionBytes), 1u);  // Ends of tables are in the middle of one.
  EXPECT_EQ(counts(), expected);
  EXPECT_EQ(points({1000}, kBefore), neighbours.first);
  EXPECT_EQ(points({2003}, kAfter), neighbours.second);
  expect_sound();
}

TEST_F(SweepTest, GoesOnAfterAStopAnywhereInBoundedTransactionsThatFitTogether) {
  fill(kRun, 1);
  fill(kAfter, 2000);
  begin().retire(kAfter);
  retire(kRun);
  // A page a row: a row of chunks and its values may be a little more.
  constexpr std::uint64_t kRowsMax = 6 * (kTransactionBytes / 4096) + 6;
  int steps = 0;
  for (bool more = true; more; ++steps) {
    const std::uint64_t before = all_rows();
    {
      Sweep sweep(*index, *layout, kTransactionBytes);
      const auto stepped = sweep.step();
      ASSERT_TRUE(stepped.has_value()) << stepped.error().text;
      more = stepped.value();
    }
    EXPECT_LE(before - all_rows(), kRowsMax);
    expect_sound();
    if (HasFailure()) return;
    if (steps % 16 == 0) open();
  }
  EXPECT_GT(steps, 100);
  EXPECT_EQ(all_rows(), 40u) << "only the domain's own";
}

TEST_F(SweepTest, PointsOfARunThatIsRetiredBeforeACheckpointAreNotWritten) {
  apply({7}, points_of(regular_points(0, 1, 500)));
  apply({8}, points_of(regular_points(0, 1, 500)), kAfter);
  const std::uint64_t chunk = meta.next_chunk_value;
  begin().retire(kAfter);
  begin().retire(kRun);
  layers->publish(lsn);
  EXPECT_FALSE(layers->active_is_empty());
  checkpoint();
  EXPECT_EQ(meta.next_chunk_value, chunk);
  EXPECT_EQ(all_rows(), 2u) << "two rows of `retired`";
  EXPECT_EQ(sweep_all(), 2u);
  EXPECT_EQ(all_rows(), 0u);
}

TEST_F(SweepTest, ADamagedRunIsPassedOverAndTheOthersAreFreed) {
  fill(kRun, 1);
  fill(kAfter, 2000);
  auto transaction = index->begin_write();
  const std::string key = directory_key({kRun, {1}}, least_point());
  ASSERT_TRUE(transaction.value().put(layout->directory, key, "no entries"));
  ASSERT_TRUE(transaction.value().commit());
  begin().retire(kRun);
  retire(kAfter);
  EXPECT_EQ(sweep_all(), 1u);
  EXPECT_EQ(counts().at(5), 1u) << "it is still named as retired";
  EXPECT_EQ(sweep_all(), 0u);
}

TEST_F(SweepTest, FreedPagesAreUsedAgain) {
  std::uint64_t most = 0;
  for (std::uint64_t round = 1; round <= 20; ++round) {
    fill({round}, 1);
    begin().retire({round});
    retire({round});
    EXPECT_EQ(sweep_all(), 1u);
    const auto stats = index->stats();
    ASSERT_TRUE(stats.has_value());
    if (round == 4) most = stats.value().file_bytes;
    // The domain's own rows stay: 20 a round, two pages at most.
    if (round > 4) {
      EXPECT_LE(stats.value().file_bytes, most + round * 8192) << round;
    }
    EXPECT_GT(stats.value().free_bytes, 0u);
  }
}

}  // namespace
}  // namespace stepwell::store
