// Sorted columns against plain sets, at every boundary size.
#include "engine/store/columns.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/store/point_models.hpp"

namespace stepwell::store {
namespace {

constexpr std::size_t kCounts[] = {0, 1, 2, 3, 7, 8, 9, 63, 64, 65, 1023, 1024, 1025};

// Worked out by hand: what has equal rank is in the order of its bits.
TEST(Columns, ValuesOfOneMomentHaveOneOrder) {
  const double infinity = std::numeric_limits<double>::infinity();
  const double least = std::numeric_limits<double>::denorm_min();
  const auto nan = [](std::uint64_t bits) { return std::bit_cast<double>(bits); };
  const std::vector<double> rising = {-infinity,
                                      -1.0,
                                      -least,
                                      0.0,
                                      nan(0x7ff0000000000001),
                                      nan(0x7ff8000000000000),
                                      nan(0x7ff800000000beef),
                                      -0.0,
                                      nan(0xfff8000000000000),
                                      least,
                                      1.0,
                                      infinity};
  Columns points;
  for (const std::int64_t time : {kMin, std::int64_t{0}, kMax}) {
    for (const double value : rising) points.push_back({7, time, value});
  }
  EXPECT_TRUE(is_strictly_sorted(points));
  for (std::size_t i = 0; i < points.size(); ++i) {
    EXPECT_EQ(points.view().lower_bound(points.view()[i]), i);
    EXPECT_EQ(points.view().upper_bound(points.view()[i]), i + 1);
    EXPECT_TRUE(least_point() < points.view()[i] && points.view()[i] < greatest_point());
  }
  Columns shuffled = points;
  std::ranges::reverse(shuffled.times);
  std::ranges::reverse(shuffled.values);
  shuffled.append(points);
  sort_unique(shuffled);
  EXPECT_EQ(points_of(shuffled), points_of(points));
}

TEST(Columns, SortUniqueMakesASetOfWhatIsBehindFirst) {
  SeededRandom random(21);
  for (const std::size_t count : kCounts) {
    for (const std::size_t before : {0u, 1u, 5u}) {
      for (const std::uint64_t steps : {std::uint64_t{2}, std::uint64_t{1} << 40}) {
        Columns points = columns_of(std::vector<Point>(before, greatest_point()));
        PointSet set;
        for (std::size_t i = 0; i < count; ++i) {
          points.push_back(i > 0 && random.one_in(4) ? points.view()[before + random.below(i)]
                                                     : some_point(random, steps));
          set.insert(points.view().back());
        }
        sort_unique(points, before);
        ASSERT_EQ(points_of(points.view().part(0, before)),
                  std::vector<Point>(before, greatest_point()));
        ASSERT_EQ(points_of(points.view().part(before, points.size() - before)), listed(set))
            << count << " points behind " << before;
        sort_unique(points, before);
        ASSERT_EQ(points.size(), before + set.size()) << "sorted ones stay as they are";
      }
    }
  }
}

// Apart, touching, interleaved, the same, and with some in common.
TEST(Columns, MergeUniqueIsTheUnion) {
  SeededRandom random(22);
  for (const std::size_t a_count : kCounts) {
    for (const std::size_t b_count : kCounts) {
      const PointSet all = some_set(random, a_count + b_count, 50);
      const int how = static_cast<int>(random.below(4));
      PointSet a, b;
      for (const Point& point : all) {
        const bool is_low = a.size() < a_count && (how != 1 || b.size() == b_count);
        const bool into_a = how < 2 ? is_low : random.one_in(2);
        (into_a ? a : b).insert(point);
        if (how == 3 && random.one_in(3)) (into_a ? b : a).insert(point);
      }
      for (const std::size_t before : {0u, 2u}) {
        Columns points = columns_of(std::vector<Point>(before, greatest_point()));
        points.append(columns_of(a));
        points.append(columns_of(b));
        merge_unique(points, before, before + a.size());
        ASSERT_EQ(points_of(points.view().part(before, points.size() - before)), listed(all))
            << a.size() << " and " << b.size() << " behind " << before;
        ASSERT_EQ(points_of(points.view().part(0, before)),
                  std::vector<Point>(before, greatest_point()));
      }
      Columns same = columns_of(a);
      same.append(columns_of(a));
      merge_unique(same, 0, a.size());
      ASSERT_EQ(points_of(same), listed(a));
    }
  }
}

TEST(Columns, BoundsAreThoseOfAList) {
  SeededRandom random(23);
  for (const std::size_t count : kCounts) {
    const std::vector<Point> list = listed(some_set(random, count, 30));
    const Columns points = columns_of(list);
    std::vector<Point> probes = list;
    probes.insert(probes.end(), {least_point(), greatest_point()});
    for (int i = 0; i < 100; ++i) probes.push_back(some_point(random, 30));
    for (const Point& probe : probes) {
      const auto low = std::ranges::lower_bound(list, probe) - list.begin();
      const auto high = std::ranges::upper_bound(list, probe) - list.begin();
      ASSERT_EQ(points.view().lower_bound(probe), static_cast<std::size_t>(low)) << count;
      ASSERT_EQ(points.view().upper_bound(probe), static_cast<std::size_t>(high)) << count;
    }
  }
}

TEST(Columns, OneFaultAnywhereIsNotStrictlySorted) {
  SeededRandom random(24);
  for (const std::size_t count : kCounts) {
    for (const std::uint64_t steps :
         {std::uint64_t{1}, std::uint64_t{30}, std::uint64_t{1} << 40}) {
      const Columns sound = columns_of(some_set(random, count, steps));
      ASSERT_TRUE(is_strictly_sorted(sound)) << count;
      for (std::size_t i = 1; i < count; i += 1 + count / 40) {
        const Point a = sound.view()[i - 1], b = sound.view()[i];
        Columns swapped, repeated;
        for (std::size_t k = 0; k < count; ++k) {
          swapped.push_back(k == i ? a : k + 1 == i ? b : sound.view()[k]);
          repeated.push_back(k == i ? a : sound.view()[k]);
        }
        ASSERT_FALSE(is_strictly_sorted(swapped)) << i << " of " << count;
        ASSERT_FALSE(is_strictly_sorted(repeated)) << i << " of " << count;
      }
    }
  }
}

}  // namespace
}  // namespace stepwell::store
