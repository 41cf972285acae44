// Where points are cut into chunks: never too long, and where charts' buckets begin.
#include <gtest/gtest.h>

#include <bit>
#include <numeric>

#include "engine/store/sealer.hpp"
#include "tests/store/point_models.hpp"

namespace stepwell::store {
namespace {

// The promises that hold for all points. Of two neighbours one is long enough, or both together
// are too long for a chunk: else they would share one.
std::vector<std::size_t> cut(const ColumnsView& points, const Sizes& sizes) {
  auto pieces = cut_pieces(points, sizes);
  EXPECT_EQ(std::accumulate(pieces.begin(), pieces.end(), std::size_t{0}), points.size());
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    EXPECT_GE(pieces[i], 1u);
    EXPECT_LE(pieces[i], sizes.chunk_points);
    if (i + 1 == pieces.size()) break;
    EXPECT_TRUE(pieces[i] >= sizes.seal_points || pieces[i] + pieces[i + 1] > sizes.chunk_points)
        << "pieces of " << pieces[i] << " and " << pieces[i + 1];
  }
  return pieces;
}

constexpr std::size_t kCounts[] = {1, 2, 511, 512, 513, 1023, 1024, 1025, 2049, 5000};

TEST(CutPieces, RegularStepsAreCutWhereTheirBucketsChange) {
  for (const std::int64_t stride : {1, 2, 3, 10, 100, 1023, 1025}) {
    // 1024 steps of the stride, to a power of two below: as many points as fit.
    const auto bits =
        static_cast<unsigned>(std::bit_width(static_cast<std::uint64_t>(1024 * stride))) - 1;
    for (const std::size_t count : kCounts) {
      const auto length = static_cast<std::int64_t>(count) * stride;
      for (const std::int64_t first : {std::int64_t{0}, std::int64_t{5}, std::int64_t{-5000},
                                       -length, -length / 2, kMin, kMax - length}) {
        const Columns points = regular_points(first, stride, count);
        const auto pieces = cut(points, {});
        if (count < 2) continue;
        std::size_t at = 0;
        for (std::size_t i = 0; i + 1 < pieces.size(); ++i) {
          at += pieces[i];
          ASSERT_NE(points.steps[at - 1] >> bits, points.steps[at] >> bits)
              << "stride " << stride << " from " << first << ", border before " << at;
          if (i == 0) continue;
          const bool is_whole = std::has_single_bit(static_cast<std::uint64_t>(stride));
          ASSERT_GE(pieces[i], is_whole ? kChunkPoints : kChunkPoints / 2) << "stride " << stride;
        }
      }
    }
  }
}

TEST(CutPieces, AlignedOnesAreWholeChunks) {
  EXPECT_EQ(cut(regular_points(0, 1, 3000), {}), (std::vector<std::size_t>{1024, 1024, 952}));
  EXPECT_EQ(cut(regular_points(-2048, 2, 3000), {}), (std::vector<std::size_t>{1024, 1024, 952}));
  EXPECT_EQ(cut(regular_points(1000, 1, 2072), {}), (std::vector<std::size_t>{24, 1024, 1024}));
  // 1048 would be too many, 915 are not.
  EXPECT_EQ(cut(regular_points(3000, 3, 1500), {}), (std::vector<std::size_t>{366, 682, 452}));
  EXPECT_EQ(cut(regular_points(3400, 3, 1500), {}), (std::vector<std::size_t>{232 + 683, 585}));
}

// Several points a step: the same with their count in place of the stride.
TEST(CutPieces, SeveralPointsAStepStayTogether) {
  for (const std::size_t per_step : {2u, 4u, 64u, 512u}) {
    Columns points;
    for (std::size_t i = 0; i < 4096; ++i) {
      points.push_back({static_cast<std::int64_t>(i / per_step), static_cast<std::int64_t>(i), 0});
    }
    EXPECT_EQ(cut(points, {}), (std::vector<std::size_t>{1024, 1024, 1024, 1024})) << per_step;
  }
}

TEST(CutPieces, OneStepIsCutByCountOnly) {
  for (const std::int64_t step : {kMin, std::int64_t{-1}, std::int64_t{0}, kMax}) {
    for (const std::size_t count : kCounts) {
      Columns points;
      for (std::size_t i = 0; i < count; ++i) {
        points.push_back({step, static_cast<std::int64_t>(i), 0});
      }
      std::vector<std::size_t> wanted(count / kChunkPoints, kChunkPoints);
      if (count % kChunkPoints > 0) wanted.push_back(count % kChunkPoints);
      EXPECT_EQ(cut(points, {}), wanted) << count << " points at step " << step;
    }
  }
}

TEST(CutPieces, ExtremesAndGapsKeepThePromises) {
  EXPECT_EQ(cut(Columns(), {}), std::vector<std::size_t>());
  EXPECT_EQ(cut(columns_of(std::vector<Point>{least_point(), greatest_point()}), {}),
            (std::vector<std::size_t>{2}));
  // A cluster at each power of two, and at each one's negative.
  for (const std::size_t cluster : {1u, 10u, 511u, 513u, 1025u}) {
    PointSet set;
    for (unsigned bits = 0; bits < 63; ++bits) {
      for (std::size_t i = 0; i < cluster; ++i) {
        const auto step = static_cast<std::int64_t>(std::uint64_t{1} << bits);
        set.insert({step, static_cast<std::int64_t>(i), 1});
        set.insert({-step, static_cast<std::int64_t>(i), 1});
      }
    }
    cut(columns_of(set), {});
  }
}

TEST(CutPieces, RandomPointsKeepThePromises) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SeededRandom random(seed);
    Sizes sizes;
    sizes.chunk_points = 2 + random.below(70);
    sizes.seal_points = 1 + random.below(sizes.chunk_points);
    Columns points;
    std::int64_t step = random.one_in(3) ? kMin : static_cast<std::int64_t>(random.below(1000));
    for (std::uint64_t i = 0; i < 400; ++i) {
      points.push_back({step, static_cast<std::int64_t>(i), 0});
      if (random.one_in(4)) step += static_cast<std::int64_t>(random.below(3));
      if (random.one_in(30)) step += std::int64_t{1} << random.below(40);
    }
    cut(points, sizes);
    ASSERT_FALSE(HasFailure()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace stepwell::store
