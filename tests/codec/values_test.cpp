#include <bit>
#include <cmath>

#include "tests/codec/columns.hpp"

namespace stepwell::codec {
namespace {

TEST(Values, EveryKindOfColumnComesBackAtEveryBoundarySize) {
  for (const std::size_t count : boundary_counts())
    for (const auto& [name, column] : value_columns(count, 7 * count))
      round_trip(column, name + ", " + std::to_string(count) + " values");
}

TEST(Values, EveryCountComesBack) {
  for (std::size_t count = 1; count <= kBlockPointsMax; ++count) {
    Random random(count);
    const std::uint64_t mask = ~std::uint64_t{0} << random() % 64;
    const auto column = column_of<double>(count, [&](auto) {
      return std::bit_cast<double>(random() % 20 == 0 ? random() : (random() & mask) >> 12);
    });
    round_trip(column, std::to_string(count) + " values");
  }
}

TEST(Values, EverySingleBitComesBack) {
  for (unsigned bit = 0; bit < 64; ++bit) {
    const double value = std::bit_cast<double>(std::uint64_t{1} << bit);
    round_trip(Values{value}, "bit " + std::to_string(bit));
    round_trip(Values{value, 1.0, -value}, "bit " + std::to_string(bit) + " of three");
  }
}

double bits_each(const Values& column) {
  return double(round_trip(column, "").size()) * 8 / double(column.size());
}

// The figures that the format was chosen for.
TEST(Values, TypicalMetricsTakeWhatTheirNoiseTakes) {
  Random random(5);
  std::normal_distribution<double> normal;
  const auto loss = [&](auto i) {
    return 0.5 + 2 * std::exp(-double(i) / 5000) * (1 + normal(random) / 20);
  };
  const auto single = [](double value) { return double(float(value)); };
  EXPECT_LE(bits_each(column_of<double>(1024, [&](auto i) { return single(loss(i)); })), 23);
  EXPECT_LE(
      bits_each(column_of<double>(1024, [&](auto i) { return std::round(loss(i) * 1e4) / 1e4; })),
      13.5);
  EXPECT_LE(bits_each(column_of<double>(
                1024, [&](auto) { return single(double(random() % 10000) / 10000); })),
            14.2);
  EXPECT_LE(bits_each(column_of<double>(1024, [&](auto) { return double(random() % 101); })), 7.1);
  EXPECT_LE(bits_each(column_of<double>(
                1024, [&](auto i) { return 1.5e-4 * (1 + std::cos(double(i) / 3e5)); })),
            13);
  EXPECT_LE(bits_each(Values(1024, 0.1)), 0.05);
  EXPECT_LE(bits_each(Values(1024, -0.0)), 0.05);
}

TEST(Values, AFewNaNsDoNotWidenTheRest) {
  Random random(5);
  std::normal_distribution<double> normal;
  const auto column = [&](std::uint64_t nan) {
    return column_of<double>(1024, [&](auto i) {
      return i % 200 == 5 ? std::bit_cast<double>(nan) : double(float(2 + normal(random) / 10));
    });
  };
  EXPECT_LE(bits_each(column(0x7FF8000000000000)), 23.2);
  EXPECT_LE(bits_each(column(0xFFF8000000000000)), 23.2);
}

TEST(Values, ShortTailsHaveSmallHeaders) {
  EXPECT_LE(round_trip(Values{0.5}, "").size(), 4u);
  EXPECT_LE(round_trip(Values{0.1}, "").size(), 4u);
  EXPECT_LE(round_trip(Values{0.91, 0.92, 0.935}, "").size(), 12u);
}

}  // namespace
}  // namespace stepwell::codec
