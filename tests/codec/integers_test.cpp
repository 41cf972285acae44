#include <cmath>

#include "tests/codec/columns.hpp"

namespace stepwell::codec {
namespace {

TEST(Integers, EveryKindOfColumnComesBackAtEveryBoundarySize) {
  for (const std::size_t count : boundary_counts())
    for (const auto& [name, column] : integer_columns(count, 7 * count))
      round_trip(column, name + ", " + std::to_string(count) + " items");
}

TEST(Integers, EveryCountComesBack) {
  for (std::size_t count = 1; count <= kBlockPointsMax; ++count) {
    Random random(count);
    const std::uint64_t mask = ~std::uint64_t{0} >> random() % 64;
    const auto column = column_of<std::int64_t>(count, [&](auto i) {
      return (random() % 20 == 0 ? random() : random() & mask) + i * 1000;
    });
    round_trip(column, std::to_string(count) + " items");
  }
}

std::size_t bytes_of(const Integers& column) {
  return round_trip(column, "").size();
}

TEST(Integers, RegularColumnsTakeAFewBytes) {
  EXPECT_EQ(bytes_of(Integers(1024, 7)), 2u);
  EXPECT_EQ(bytes_of(column_of<std::int64_t>(1024, [](auto i) { return i; })), 3u);
  EXPECT_EQ(bytes_of(column_of<std::int64_t>(1000, [](auto i) { return 5000 + 10 * i; })), 4u);
  EXPECT_EQ(bytes_of(column_of<std::int64_t>(3, [](auto i) { return 1'700'000'000'000 + i; })), 8u);
  EXPECT_LE(bytes_of({-5, 3, 1, 9, -2}), 1 + 1 + 1 + 3u);
}

TEST(Integers, JitterAndStallsTakeWhatTheirNoiseTakes) {
  Random random(1);
  std::normal_distribution<double> normal(100, 5);
  std::int64_t time = 1'700'000'000'000, step = 0;
  const auto stamps = column_of<std::int64_t>(1024, [&](auto i) {
    return time += std::lround(normal(random)) + (i % 200 == 3 ? 10'000 : 0);
  });
  EXPECT_LE(double(bytes_of(stamps)) * 8 / 1024, 5.6);
  const auto gapped =
      column_of<std::int64_t>(1024, [&](auto) { return step += random() % 50 == 0 ? 4 : 1; });
  EXPECT_LE(double(bytes_of(gapped)) * 8 / 1024, 0.9);
}

// One item far below all others must not widen them.
TEST(Integers, AClockThatIsSetBackCostsLittle) {
  std::int64_t time = 1'700'000'000'000;
  const auto once = column_of<std::int64_t>(
      1024, [&](auto i) { return time += i == 500 ? -3'600'000 : 100 + std::int64_t(i * i % 7); });
  EXPECT_LE(bytes_of(once), 1024 * 3 / 8 + 32u);
}

}  // namespace
}  // namespace stepwell::codec
