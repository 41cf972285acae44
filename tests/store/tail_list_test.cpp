// A run's list of tail blobs, and which of them a checkpoint merges.
#include <gtest/gtest.h>

#include "engine/base/clock.hpp"
#include "engine/store/chunk.hpp"
#include "engine/store/tail.hpp"

namespace stepwell::store {
namespace {

constexpr std::size_t kBlobBytes = 37;

std::vector<TailBlob> some_blobs(std::size_t count) {
  std::vector<TailBlob> blobs;
  for (std::uint64_t i = 0; i < count; ++i) {
    blobs.push_back({i + 1, i << 40, 3 * i, ~i, static_cast<std::uint32_t>(i + 7),
                     static_cast<std::uint8_t>(255 - i)});
  }
  return blobs;
}

TEST(TailList, GivesBackUpToEightBlobsAndOnlyWholeOnes) {
  for (std::size_t count = 0; count <= kTailBlobsMax; ++count) {
    const auto blobs = some_blobs(count);
    const std::string row = encode_tail_list(blobs);
    ASSERT_EQ(row.size(), count * kBlobBytes);
    const auto decoded = decode_tail_list(row);
    ASSERT_TRUE(decoded.has_value());
    ASSERT_EQ(decoded.value().size(), count);
    for (std::size_t i = 0; i < count; ++i) {
      const TailBlob &a = decoded.value()[i], &b = blobs[i];
      EXPECT_EQ(std::tie(a.number, a.bytes, a.points, a.series, a.parts, a.level),
                std::tie(b.number, b.bytes, b.points, b.series, b.parts, b.level));
    }
    for (std::size_t cut = 0; cut < row.size(); ++cut) {
      const auto part = decode_tail_list(row.substr(0, cut));
      ASSERT_EQ(part.has_value(), cut % kBlobBytes == 0) << cut << " of " << row.size();
      ASSERT_TRUE(part || part.error().kind == ErrorKind::kCorrupt);
    }
  }
  for (const std::size_t count : {9u, 10u, 1000u}) {
    const auto decoded = decode_tail_list(encode_tail_list(some_blobs(count)));
    ASSERT_FALSE(decoded.has_value()) << count;
    EXPECT_EQ(decoded.error().kind, ErrorKind::kCorrupt);
  }
}

// What a checkpoint makes of a list, if no point is sealed or there twice.
struct TailOfRun {
  std::vector<TailBlob> blobs;
  std::uint64_t added = 0, written = 0;

  TailMerge add(std::uint64_t points, std::uint64_t series, std::size_t chunk_points) {
    const TailMerge merge = plan_merge(blobs, points, series, chunk_points);
    TailBlob blob{0, 0, points, series, 1, merge.level};
    for (std::size_t i = 0; i < merge.blobs; ++i) {
      blob.points += blobs.back().points;
      blob.series = std::max(blob.series, blobs.back().series);
      blobs.pop_back();
    }
    blobs.push_back(blob);
    added += points;
    written += blob.points;
    return merge;
  }
  double written_per_point() const {
    return static_cast<double>(written) / static_cast<double>(added);
  }
};

TEST(PlanMerge, EqualCheckpointsWriteEachPointAFewTimes) {
  for (const std::size_t checkpoints : {10u, 45u, 90u, 165u, 500u}) {
    for (const std::uint64_t points : {1u, 7u, 1000u, 100000u}) {
      TailOfRun run;
      for (std::size_t i = 0; i < checkpoints; ++i) {
        run.add(points, points, kChunkPoints);
        ASSERT_LE(run.blobs.size(), kTailBlobsMax) << "after checkpoint " << i;
      }
      EXPECT_LT(run.written_per_point(), 4.6) << checkpoints << " of " << points;
    }
  }
}

// docs/STORE.md gives these figures.
TEST(PlanMerge, WritesAsOftenAsTheDocumentSays) {
  const auto after = [](std::size_t checkpoints) {
    TailOfRun run;
    for (std::size_t i = 0; i < checkpoints; ++i) run.add(100, 100, kChunkPoints);
    return run.written_per_point();
  };
  EXPECT_NEAR(after(45), 2.7, 0.1);
  EXPECT_NEAR(after(90), 2.7, 0.1);
  EXPECT_NEAR(after(165), 3.7, 0.1);
}

TEST(PlanMerge, TheListNeverExceedsItsLimitWhateverComes) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    SeededRandom random(seed);
    TailOfRun run;
    for (int i = 0; i < 400; ++i) {
      const std::uint64_t points = 1 + random.below(std::uint64_t{1} << random.below(24));
      run.add(points, 1 + random.below(points), std::size_t{1} << 40);
      ASSERT_LE(run.blobs.size(), kTailBlobsMax) << "seed " << seed << " checkpoint " << i;
    }
  }
}

TEST(PlanMerge, EverythingIsMergedOnceThereIsAChunkForEachSeries) {
  TailOfRun run;
  std::uint64_t points = 0;
  // Ten series with a point each: after 64 checkpoints there are 64 of each.
  for (int i = 1; i < 64; ++i) {
    const TailMerge without_chunks = plan_merge(run.blobs, 10, 10, std::size_t{1} << 40);
    const TailMerge merge = run.add(10, 10, 64);
    points += 10;
    ASSERT_EQ(merge.blobs, without_chunks.blobs) << "checkpoint " << i;
    ASSERT_EQ(merge.level, without_chunks.level) << "checkpoint " << i;
  }
  ASSERT_EQ(points, 630u);
  ASSERT_EQ(plan_merge(run.blobs, 9, 9, 64).blobs, 0u) << "one point is missing";
  const TailMerge merge = plan_merge(run.blobs, 10, 10, 64);
  EXPECT_EQ(merge.blobs, run.blobs.size());
  EXPECT_EQ(merge.level, 0);
  // The widest of all decides how many series there are.
  EXPECT_LT(plan_merge(run.blobs, 10, 11, 64).blobs, run.blobs.size());
}

TEST(PlanMerge, WhatIsCheapIsMergedAtOnce) {
  struct Case {
    std::vector<std::uint64_t> blobs;  // Oldest first.
    std::uint64_t fresh;
    std::size_t merged;
  };
  const std::vector<Case> cases = {{{}, 100, 0},
                                   {{50}, 100, 1},
                                   {{51}, 100, 0},
                                   {{1}, 1, 0},
                                   {{1}, 2, 1},
                                   {{75, 50}, 100, 2},
                                   {{76, 50}, 100, 1},
                                   {{10, 51}, 100, 0},
                                   {{1000, 10, 10, 10}, 100, 3},
                                   {{62, 37, 25, 12}, 50, 4},
                                   {{63, 37, 25, 12}, 50, 3}};
  for (const Case& test : cases) {
    std::vector<TailBlob> blobs;
    for (const std::uint64_t points : test.blobs) blobs.push_back({0, 0, points, 1000, 1, 3});
    const TailMerge merge = plan_merge(blobs, test.fresh, 1000, kChunkPoints);
    EXPECT_EQ(merge.blobs, test.merged) << testing::PrintToString(test.blobs) << test.fresh;
    EXPECT_EQ(merge.level, 0);
  }
}

// A full list: the youngest blob's level goes, with all that is younger or lower.
TEST(PlanMerge, AFullListLosesItsLowestLevel) {
  const auto plan = [](const std::vector<std::uint8_t>& levels) {
    std::vector<TailBlob> blobs;
    for (const std::uint8_t level : levels) blobs.push_back({0, 0, 1000, 1000, 1, level});
    return plan_merge(blobs, 1000, 1000, kChunkPoints);
  };
  EXPECT_EQ(plan({0, 0, 0, 0, 0, 0, 0}).blobs, 0u) << "there is room";
  EXPECT_EQ(plan({0, 0, 0, 0, 0, 0, 0, 0}).blobs, 8u);
  EXPECT_EQ(plan({0, 0, 0, 0, 0, 0, 0, 0}).level, 1);
  EXPECT_EQ(plan({3, 2, 1, 1, 0, 0, 0, 0}).blobs, 4u);
  EXPECT_EQ(plan({3, 2, 1, 1, 1, 1, 1, 0}).blobs, 1u);
  EXPECT_EQ(plan({3, 2, 1, 1, 1, 1, 1, 1}).blobs, 6u);
  EXPECT_EQ(plan({3, 2, 1, 1, 1, 1, 1, 1}).level, 2);
  EXPECT_EQ(plan({3, 2, 0, 0, 1, 1, 0, 1}).blobs, 6u) << "lower ones on the way go as well";
  EXPECT_EQ(plan({255, 255, 255, 255, 255, 255, 255, 255}).level, 255);
}

}  // namespace
}  // namespace stepwell::store
