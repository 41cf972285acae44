// The plan's sizes against an encoder that is slow and obvious: every form, every width, every
// column, counted one item at a time.

#include <algorithm>
#include <bit>
#include <set>

#include "engine/codec/bit_packing.hpp"
#include "engine/codec/plan.hpp"
#include "tests/codec/columns.hpp"

namespace stepwell::codec {
namespace {

std::size_t varint(std::uint64_t value) {
  std::size_t bytes = 1;
  for (; value >= 128; value /= 128) ++bytes;
  return bytes;
}
std::size_t signed_varint(std::uint64_t value) {
  const auto number = static_cast<std::int64_t>(value);
  return varint(number < 0 ? ~value * 2 + 1 : value * 2);
}

// The smallest size of one level, over one base, of all widths.
std::size_t smallest(const std::vector<std::uint64_t>& items, unsigned level, std::uint64_t base,
                     std::size_t header) {
  std::vector<unsigned> widths;
  for (std::size_t i = level; i < items.size(); ++i)
    widths.push_back(static_cast<unsigned>(std::bit_width(items[i] - base)));
  const unsigned greatest = *std::max_element(widths.begin(), widths.end());
  std::size_t best = header + (items.size() * greatest + 7) / 8;
  for (unsigned width = 0; width < greatest; ++width) {
    const auto patches = static_cast<std::size_t>(
        std::count_if(widths.begin(), widths.end(), [&](unsigned w) { return w > width; }));
    unsigned position = 0;
    while (items.size() > std::size_t{1} << position) ++position;
    best =
        std::min(best, header + 1 + varint(patches) + (items.size() * width + 7) / 8 +
                           (patches * position + 7) / 8 + (patches * (greatest - width) + 7) / 8);
  }
  return best;
}

std::size_t smallest_form(const Integers& column) {
  std::vector<std::uint64_t> items(column.begin(), column.end());
  const std::size_t count = column.size();
  std::size_t best = 1 + 8 * count, header = 2;
  if (std::set(column.begin(), column.end()).size() == 1) return 1 + signed_varint(items[0]);
  for (unsigned level = 0; level < 2; ++level) {
    const auto [least, greatest] = std::minmax_element(
        items.begin() + level, items.end(),
        [](auto a, auto b) { return static_cast<std::int64_t>(a) < static_cast<std::int64_t>(b); });
    if (level == 1 && *least == *greatest)
      best = std::min(best, 1 + signed_varint(items[0]) + signed_varint(items[1]));
    best = std::min(best, smallest(items, level, *least, header + signed_varint(*least)));
    if (level == 0) header += signed_varint(items[0]);
    for (std::size_t i = count; i-- > level + 1;) items[i] -= items[i - 1];
    if (count == 1) break;
  }
  return best;
}

// Columns with few items in their lower half may be smaller still, and smooth ones: the encoder's
// further candidates. It may never be larger.
TEST(Choice, NoFormOfTheFormatIsSmaller) {
  std::size_t equal = 0, columns = 0;
  for (const std::size_t count : boundary_counts()) {
    for (const auto& [name, column] : integer_columns(count, count)) {
      const std::size_t expected = smallest_form(column);
      const std::size_t found = encoded(column).size();
      EXPECT_LE(found, expected) << name << ", " << count << " items";
      equal += found == expected ? 1 : 0;
      ++columns;
    }
  }
  EXPECT_GT(equal * 10, columns * 8);
}

// What is written is as long as the plan said: asserted by the encoder itself as well.
TEST(Choice, PredictedSizesAreExact) {
  std::set<Form> forms;
  for (const std::size_t count : boundary_counts()) {
    for (const auto& [name, column] : integer_columns(count, 3 * count)) {
      Levels levels;
      const Plan plan = make_plan(column, levels);
      const auto bytes = encoded(column);
      EXPECT_EQ(bytes.size(), std::min(plan.bytes, encoded_bytes_max(count))) << name;
      forms.insert(static_cast<Form>(bytes[0]));
    }
  }
  EXPECT_EQ(forms.size(), kFormMax + 1) << "some form is never chosen";
}

TEST(Choice, EveryMeaningIsChosen) {
  std::set<unsigned> meanings;
  for (const auto& [name, column] : value_columns(1024, 1))
    meanings.insert(std::to_integer<unsigned>(encoded(column)[0]) >> 4);
  EXPECT_EQ(meanings, (std::set<unsigned>{0, 1, 2, 3}));
}

// Neither meaning of the column is smaller than what was written.
TEST(Choice, ValuesTakeTheSmallerMeaning) {
  for (const std::size_t count : {3u, 50u, 1024u}) {
    for (const auto& [name, column] : value_columns(count, count)) {
      const auto bits = column_of<std::int64_t>(
          count, [&](auto i) { return std::bit_cast<std::int64_t>(column[i]); });
      EXPECT_LE(encoded(column).size(), encoded_bytes_max(count));
      if (std::all_of(column.begin(), column.end(), [](double v) { return v > 0; })) {
        EXPECT_LE(encoded(column).size(), smallest_form(bits) + 1) << name;
      }
    }
  }
}

}  // namespace
}  // namespace stepwell::codec
