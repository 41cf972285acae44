// Points into chunks and directory rows: in order, late, repeated; against plain sets.
#include "engine/store/sealer.hpp"

#include <algorithm>

#include "tests/store/layers_fixture.hpp"
#include "tests/store/point_models.hpp"

namespace stepwell::store {
namespace {

constexpr SeriesKey kSeries{kRun, {5}};

class SealerTest : public LayersFixture {
 protected:
  struct Sealed {
    Columns rest;
    std::uint64_t points = 0, rewritten = 0, bytes = 0, journal_rows = 0;
  };

  // One checkpoint's worth, copied into place.
  Sealed seal(Columns points, const SeriesKey& series = kSeries) {
    Sealed sealed;
    sealed_series.insert(series);
    auto transaction = index->begin_write();
    Journal journal(*layout);
    Sealer sealer(*layout, sizes, meta, journal);
    const auto done = sealer.seal(transaction.value(), series, points);
    EXPECT_TRUE(done.has_value()) << done.error().text;
    EXPECT_TRUE(journal.flush(transaction.value()));
    meta.journal_first = 0;
    meta.journal_end = journal.rows();
    EXPECT_TRUE(layout->write_meta(transaction.value(), meta));
    EXPECT_TRUE(transaction.value().commit());
    while (meta.has_journal()) {
      EXPECT_TRUE(Journal::copy(*index, *layout, meta, kTransactionBytes));
    }
    sealed.rest = std::move(points);
    sealed.points = sealer.points_sealed();
    sealed.rewritten = sealer.points_rewritten();
    sealed.bytes = sealer.chunk_bytes();
    sealed.journal_rows = journal.rows();
    expect_sound();
    return sealed;
  }

  std::vector<DirectoryRow> rows(const SeriesKey& series = kSeries) const {
    std::vector<DirectoryRow> rows;
    const auto transaction = index->begin_read();
    EXPECT_TRUE(visit_rows(transaction.value(), *layout, series, least_point(), greatest_point(),
                           [&](DirectoryRow row) {
                             rows.push_back(std::move(row));
                             return true;
                           }));
    return rows;
  }

  std::vector<ChunkEntry> entries(const SeriesKey& series = kSeries) const {
    std::vector<ChunkEntry> entries;
    for (const DirectoryRow& row : rows(series)) {
      entries.insert(entries.end(), row.entries.begin(), row.entries.end());
    }
    return entries;
  }

  // In all chunks, one after another.
  std::vector<Point> chunked(const SeriesKey& series = kSeries) const {
    const auto transaction = index->begin_read();
    ChunkReader chunks(transaction.value(), *layout);
    Columns points;
    for (const ChunkEntry& entry : entries(series)) EXPECT_TRUE(chunks.read(entry, points));
    return points_of(points);
  }

  // Short rows; a value's chunks in one of them; no value that nobody names. (expect_sound() looks
  // at every chunk.)
  void expect_tidy() const {
    std::set<std::uint64_t> values;
    for (const SeriesKey& series : sealed_series) {
      for (const DirectoryRow& row : rows(series)) {
        EXPECT_LE(row.entries.size(), sizes.row_entries);
        std::set<std::uint64_t> of_row;
        for (const ChunkEntry& entry : row.entries) of_row.insert(entry.value);
        for (const std::uint64_t value : of_row) {
          EXPECT_TRUE(values.insert(value).second) << "value " << value << " is named in two rows";
        }
      }
    }
    const auto transaction = index->begin_read();
    EXPECT_EQ(transaction.value().count(layout->chunks).value(), values.size())
        << "freed values are gone";
  }

  // A series' values, in the order of their points, and the step at which each begins.
  std::vector<std::pair<std::uint64_t, std::int64_t>> values(const SeriesKey& series) const {
    std::vector<std::pair<std::uint64_t, std::int64_t>> values;
    for (const ChunkEntry& entry : entries(series)) {
      if (!values.empty() && values.back().first == entry.value) continue;
      values.emplace_back(entry.value, entry.stats.first.step);
    }
    return values;
  }

  // Sixteen chunks of even steps: eight values of two.
  Columns seal_even_steps(const SeriesKey& series) {
    SeededRandom random(52);
    Columns points = regular_points(0, 2, 64 * 16);
    for (double& value : points.values) value = 1 / static_cast<double>(1 + random.below(1 << 30));
    EXPECT_TRUE(seal(points, series).rest.empty());
    EXPECT_EQ(values(series).size(), 8u) << "half of a row's entries a value";
    return points;
  }

  // `count` points at odd steps, dealt to the first `values` of them.
  Columns late_points(const SeriesKey& series, std::size_t values, std::size_t count) const {
    const auto known = this->values(series);
    PointSet set;
    for (std::size_t i = 0; i < count; ++i) {
      set.insert({known[i % values].second + static_cast<std::int64_t>(i / values) * 2 + 1, 0, 7});
    }
    return columns_of(set);
  }

  std::set<SeriesKey> sealed_series;
};

std::vector<Point> united(const Columns& a, const Columns& b) {
  Columns both = a;
  both.append(b);
  sort_unique(both);
  return points_of(both);
}

TEST_F(SealerTest, TooFewPointsStay) {
  const Columns points = regular_points(0, 1, sizes.seal_points - 1);
  const Sealed sealed = seal(points);
  EXPECT_EQ(points_of(sealed.rest), points_of(points));
  EXPECT_EQ(sealed.points, 0u);
  EXPECT_EQ(sealed.journal_rows, 0u);
  EXPECT_TRUE(rows().empty());
}

TEST_F(SealerTest, AFullBucketIsSealedAndAnOpenOneStays) {
  for (const std::size_t count : {32u, 63u, 64u, 65u, 127u, 128u, 129u, 1000u}) {
    const SeriesKey series{kRun, {count}};
    const Columns points = regular_points(0, 1, count);
    const Sealed sealed = seal(points, series);
    const std::size_t whole = count / sizes.chunk_points * sizes.chunk_points;
    EXPECT_EQ(sealed.points, whole) << count;
    EXPECT_EQ(points_of(sealed.rest), points_of(points.view().part(whole, count - whole))) << count;
    EXPECT_EQ(chunked(series), points_of(points.view().part(0, whole))) << count;
    for (const ChunkEntry& entry : entries(series)) EXPECT_EQ(entry.stats.count, 64u);
  }
}

TEST_F(SealerTest, InOrderNothingIsEverRewritten) {
  SeededRandom random(51);
  Columns tail;
  std::vector<Point> all;
  for (int round = 0; round < 60; ++round) {
    const auto first = static_cast<std::int64_t>(all.size()) * 3;
    const Columns fresh = regular_points(first, 3, 1 + random.below(300));
    for (const Point& point : points_of(fresh)) all.push_back(point);
    tail.append(fresh);
    const auto before = entries();
    const Sealed sealed = seal(tail);
    EXPECT_EQ(sealed.rewritten, 0u);
    tail = sealed.rest;
    EXPECT_LT(tail.size(), 2 * sizes.chunk_points);
    const auto after = entries();
    ASSERT_GE(after.size(), before.size());
    for (std::size_t i = 0; i < before.size(); ++i) ASSERT_EQ(after[i].value, before[i].value);
    std::vector<Point> found = chunked();
    for (const Point& point : points_of(tail)) found.push_back(point);
    ASSERT_EQ(found, all) << "round " << round;
    ASSERT_NO_FATAL_FAILURE(expect_tidy());
  }
  EXPECT_GT(rows().size(), 20u);
}

// 32 late points pay for 8 * 32 = 256 points: for two values.
TEST_F(SealerTest, LatePointsAreRewrittenWhereThatIsCheap) {
  for (const std::size_t count : {1u, 2u, 3u, 8u}) {
    const SeriesKey series{kRun, {count}};
    const Columns known = seal_even_steps(series);
    const Columns late = late_points(series, count, 32);
    const auto before = values(series);
    const Sealed sealed = seal(late, series);
    const bool is_cheap = count <= 2;
    EXPECT_EQ(sealed.rewritten, is_cheap ? count * 128 : 0u) << count;
    EXPECT_EQ(sealed.points, is_cheap ? count * 128 + 32 : 0u) << count;
    EXPECT_EQ(sealed.rest.size(), is_cheap ? 0u : 32u) << count;
    EXPECT_EQ(chunked(series), is_cheap ? united(known, late) : points_of(known)) << count;
    const auto after = values(series);
    for (std::size_t i = 0; i < before.size(); ++i) {
      const bool is_there = std::ranges::find(after, before[i]) != after.end();
      EXPECT_EQ(is_there, !is_cheap || i >= count) << "value " << i << " of " << count;
    }
    expect_tidy();
  }
}

TEST_F(SealerTest, TooManyLatePointsAreRewrittenAnyhow) {
  const Columns known = seal_even_steps(kSeries);
  sizes.late_points_max = 33;
  EXPECT_EQ(seal(late_points(kSeries, 8, 32)).rest.size(), 32u);
  const Columns late = late_points(kSeries, 8, 33);
  const Sealed sealed = seal(late);
  EXPECT_TRUE(sealed.rest.empty());
  EXPECT_EQ(sealed.rewritten, known.size());
  EXPECT_EQ(chunked(), united(known, late));
  expect_tidy();
}

TEST_F(SealerTest, WhatIsThereAlreadyVanishesAndChangesNothing) {
  const Columns known = seal_even_steps(kSeries);
  const auto before = values(kSeries);
  Columns some;
  some.append(known.view().part(40, 70));
  const Sealed sealed = seal(some);
  EXPECT_TRUE(sealed.rest.empty());
  EXPECT_EQ(sealed.bytes + sealed.points + sealed.rewritten + sealed.journal_rows, 0u);
  EXPECT_EQ(values(kSeries), before);
  // Among new ones as well.
  const Columns late = late_points(kSeries, 1, 20);
  some.append(late);
  sort_unique(some);
  EXPECT_TRUE(seal(some).rest.empty());
  EXPECT_EQ(chunked(), united(known, late));
  expect_tidy();
}

// One point does not pay for a look into its chunk: it stays, and still counts once.
TEST_F(SealerTest, TheLastPointAgainIsNotTheFirstOfTheNextChunk) {
  const Columns known = seal_even_steps(kSeries);
  const ColumnsView again = known.view().part(known.size() - 1, 1);
  const Columns fresh = regular_points(known.steps.back() + 2, 2, 128);
  const Sealed sealed = seal(columns_of(united(columns_of(points_of(again)), fresh)));
  EXPECT_EQ(points_of(sealed.rest), points_of(again));
  EXPECT_EQ(chunked(), united(known, fresh));
  expect_tidy();
}

TEST_F(SealerTest, PointsBeforeTheFirstMoveItsRow) {
  const Columns known = seal_even_steps(kSeries);
  const Columns early = regular_points(-1000, 3, 40);
  EXPECT_TRUE(seal(early).rest.empty());
  EXPECT_EQ(chunked(), united(early, known));
  EXPECT_EQ(rows().front().key, directory_key(kSeries, early.view().front()));
  expect_tidy();
}

// Dear late ones stay, new ones behind them are sealed, and the rest is in order.
TEST_F(SealerTest, LateAndNewPointsComeTogether) {
  const Columns known = seal_even_steps(kSeries);
  const Columns late = late_points(kSeries, 8, 20);
  const Columns fresh = regular_points(known.steps.back() + 2, 2, 64 + 5);
  const Sealed sealed = seal(columns_of(united(late, fresh)));
  const ColumnsView open = fresh.view().part(64, 5);
  EXPECT_EQ(points_of(sealed.rest), united(late, columns_of(points_of(open))));
  EXPECT_TRUE(is_strictly_sorted(sealed.rest));
  EXPECT_EQ(sealed.points, 64u);
  expect_tidy();
}

TEST_F(SealerTest, RandomPointsAreInChunksOrInTheRest) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    SeededRandom random(seed);
    const SeriesKey series{kRun, {seed}};
    Columns tail;
    PointSet model;
    std::uint64_t rewritten = 0;
    for (int round = 0; round < 40; ++round) {
      const auto end = std::int64_t{round} * 100;
      const std::int64_t from =
          random.one_in(2)
              ? end
              : static_cast<std::int64_t>(random.below(1 + static_cast<std::uint64_t>(end)));
      for (std::uint64_t i = random.below(300); i > 0; --i) {
        Point point = some_point(random, 60);
        if (point.step >= 0 && point.step < 60) point.step += from;
        tail.push_back(point);
      }
      for (const Point& point : points_of(tail)) model.insert(point);
      sort_unique(tail);
      const Sealed sealed = seal(tail, series);
      tail = sealed.rest;
      rewritten += sealed.rewritten;
      ASSERT_TRUE(is_strictly_sorted(tail)) << "seed " << seed << " round " << round;
      const Columns chunks = columns_of(chunked(series));
      ASSERT_TRUE(is_strictly_sorted(chunks)) << "chunks are apart";
      ASSERT_EQ(united(chunks, tail), listed(model)) << "seed " << seed << " round " << round;
      ASSERT_NO_FATAL_FAILURE(expect_tidy());
    }
    EXPECT_GT(rewritten, 1000u);
  }
}

}  // namespace
}  // namespace stepwell::store
