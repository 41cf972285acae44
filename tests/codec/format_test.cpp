// The bytes that docs/format/codec.md shows. They are on disks: they never change.

#include <bit>

#include "tests/codec/columns.hpp"

namespace stepwell::codec {
namespace {

template <typename Item>
std::string hex(const std::vector<Item>& column) {
  std::string text;
  for (const std::byte byte : round_trip(column, "")) text += fmt::format("{:02x}", byte);
  return text;
}

TEST(Format, Integers) {
  EXPECT_EQ(hex(Integers{1, 5, -9'000'000'000'000'000'000}),
            "0600028980a0a89c94b6e6f901013f01090084e2506ce67c");
  EXPECT_EQ(hex(Integers{7, 7, 7, 7}), "010e");
  EXPECT_EQ(hex(Integers{100, 110, 120, 130}), "02c80114");
  EXPECT_EQ(hex(Integers{3, 1, 2, 0, 3}), "0302002703");
  EXPECT_EQ(hex(Integers{1, 2, 1, 0, 3, 90'000, 2, 2, 1, 0, 1, 2}), "040200010f19a39105e457");
  EXPECT_EQ(hex(Integers{1'700'000'000'000, 1'700'000'000'101, 1'700'000'000'200, 1'700'000'000'303,
                         1'700'000'000'401}),
            "050380a0abfef962c401580a");
  EXPECT_EQ(hex(column_of<std::int64_t>(
                12, [](auto i) { return 100 * i + i % 2 + (i > 6 ? 70'000 : 0); })),
            "060200c601010f888888075c44");
  EXPECT_EQ(hex(column_of<std::int64_t>(12, [](auto i) { return i * i * 9 + i % 2; })),
            "07030014200008822008");
}

TEST(Format, Values) {
  EXPECT_EQ(hex(Values{std::bit_cast<double>(std::uint64_t{0x7FF800000000BEEF})}),
            "00efbe00000000f87f");
  EXPECT_EQ(hex(Values{1.0, 1.0, 1.0}), "1134fe0f");
  EXPECT_EQ(hex(Values{double(0.7f), double(0.71f), double(-0.0f)}),
            "141d0501021c1402049999f94fe19aff");
  EXPECT_EQ(hex(Values{0.91, 0.92, 0.935, 0.93}), "230300059c0e40650a");
  EXPECT_EQ(hex(Values{0.25, 0.5, -0.0, 0.75, 0.5}), "13330b01fbef3f00fcdf7f");
  EXPECT_EQ(hex(Values{double(0.91f), double(0.92f), double(0.935f), double(0.93f)}),
            "330300059c0e40650a");
}

// A whole block of 256, through the interleaved layout: its hash stands for the bytes.
TEST(Format, Blocks) {
  std::string text;
  for (const auto& [name, column] : integer_columns(600, 11)) text += hex(column);
  std::uint64_t hash = 14695981039346656037u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  EXPECT_EQ(hash, 15545124522157037830u);
}

}  // namespace
}  // namespace stepwell::codec
