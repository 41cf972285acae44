// Single values: patterns, comparisons, columns of texts, order keys.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <set>

#include "engine/tracking/search/cells.hpp"
#include "engine/tracking/search/matcher.hpp"
#include "engine/tracking/search/order_key.hpp"

namespace stepwell::tracking::search {
namespace {

TEST(SearchCellsTest, Like) {
  const struct {
    std::string_view text, pattern;
    bool like, ilike;
  } rows[] = {{"", "", true, true},
              {"", "%", true, true},
              {"", "_", false, false},
              {"a", "", false, false},
              {"abc", "abc", true, true},
              {"abc", "ABC", false, true},
              {"abc", "a%", true, true},
              {"abc", "%c", true, true},
              {"abc", "%b%", true, true},
              {"abc", "a_c", true, true},
              {"abc", "a_", false, false},
              {"abc", "____", false, false},
              {"abc", "%%%", true, true},
              {"aab", "%ab", true, true},
              {"mississippi", "m%iss%ip%i", true, true},
              {"mississippi", "m%iss%ip%x", false, false},
              {"ä", "_", true, true},
              {"ä", "__", false, false},
              {"日本語", "_本_", true, true},
              {"xäb", "%_b", true, true},
              {"Ä", "ä", false, false},
              {"a\\%b", "a\\%b", true, true},
              {"a.b", "a.b", true, true},
              {"axb", "a.b", false, false},
              {"a\nb", "a%b", true, true},
              {"%", "\\%", false, false}};
  for (const auto& row : rows) {
    EXPECT_EQ(like(row.text, row.pattern, false), row.like) << row.text << " LIKE " << row.pattern;
    EXPECT_EQ(like(row.text, row.pattern, true), row.ilike) << row.text << " ILIKE " << row.pattern;
  }
}

bool is(std::int64_t value, Test test, Number number) {
  return matches(Comparison{{Field::kStartTime}, test, number}, std::optional(value));
}

TEST(SearchCellsTest, APatternTakesAtMostTheSquareOfTheText) {
  const std::string text(2000, 'a');
  for (const std::string piece : {"%", "%a", "%_", "a%", "%aa%", "_"}) {
    std::string pattern;
    while (pattern.size() < kPatternBytesMax - piece.size()) pattern += piece;
    std::uint64_t steps = 0;
    like(text, pattern + "b", true, &steps);
    EXPECT_LE(steps, text.size() * text.size() + pattern.size()) << piece;
  }
  std::uint64_t steps = 0;
  EXPECT_FALSE(like(text, "%" + text.substr(0, 1000) + "b", false, &steps));
  EXPECT_GT(steps, 900'000u) << "so many are counted, too";
}

TEST(SearchCellsTest, IntegersCompareExactly) {
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  EXPECT_TRUE(is(kMax, search::Test::kEqual, {0, kMax}));
  EXPECT_FALSE(is(kMax - 1, search::Test::kEqual, {0, kMax})) << "both are one double";
  EXPECT_TRUE(is(kMax, search::Test::kLess, {0x1p63, {}}));
  EXPECT_TRUE(is(kMax, search::Test::kLess, {std::numeric_limits<double>::infinity(), {}}));
  EXPECT_TRUE(is(-kMax - 1, search::Test::kGreater, {-0x1.8p63, {}}));
  EXPECT_TRUE(is(-kMax - 1, search::Test::kEqual, {-0x1p63, {}}));
  EXPECT_TRUE(is(2, search::Test::kGreater, {1.5, {}}));
  EXPECT_TRUE(is(1, search::Test::kLess, {1.5, {}}));
  EXPECT_TRUE(is(-1, search::Test::kGreater, {-1.5, {}}));
  EXPECT_TRUE(is(-2, search::Test::kLess, {-1.5, {}}));
  EXPECT_TRUE(is(1000, search::Test::kEqual, {1e3, {}}));
}

TEST(SearchCellsTest, TextsAreKeptOnceAndLetGo) {
  std::mt19937 random(7);
  TextCells cells;
  std::vector<std::optional<std::string>> model(50);
  cells.resize(model.size());
  const std::uint64_t empty = cells.bytes();
  for (int i = 0; i < 5000; ++i) {
    const std::size_t row = random() % model.size();
    model[row].reset();
    if (random() % 4 > 0) model[row] = std::string(random() % 40, "abc"[random() % 3]);
    cells.set(row, model[row]);
    if (i % 100 != 0) continue;
    std::set<std::string> texts;
    for (std::size_t at = 0; at < model.size(); ++at) {
      ASSERT_EQ(cells.get(at), model[at]);
      if (model[at]) texts.insert(*model[at]);
    }
    for (const std::string& text : texts) {
      ASSERT_EQ(cells.count(cells.find(text)), std::count(model.begin(), model.end(), text));
      ASSERT_EQ(cells.text(cells.find(text)), text);
    }
    ASSERT_LE(cells.codes(), 52u) << "places are used again";
  }
  EXPECT_EQ(cells.find("never"), TextCells::kMissing);
  EXPECT_EQ(cells.get(77), std::nullopt) << "beyond the end";
  for (std::size_t row = 0; row < model.size(); ++row) cells.set(row, std::nullopt);
  EXPECT_EQ(cells.bytes(), empty);
}

TEST(SearchCellsTest, TheRoughOrderNeverContradicts) {
  constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
  const double infinity = std::numeric_limits<double>::infinity();
  std::vector<Cell> integers = {{}}, numbers = {{}, Cell::of(std::optional(std::nan("")))},
                    texts = {{}};
  for (const std::int64_t value :
       {-kMax - 1, -kMax, std::int64_t{-1}, std::int64_t{0}, std::int64_t{1}, kMax - 1, kMax}) {
    integers.push_back(Cell::of(std::optional(value)));
  }
  for (const double value : {-infinity, -1e300, -1.5, -0.0, 0.0, 5e-324, 1.5, 1e300, infinity}) {
    numbers.push_back(Cell::of(std::optional(value)));
  }
  for (const std::string_view value :
       {std::string_view(""), std::string_view("\0", 1), std::string_view("a"),
        std::string_view("a\0", 2), std::string_view("12345678"), std::string_view("123456789"),
        std::string_view("\xff\xff\xff\xff\xff\xff\xff\xff\xff"), std::string_view("é")}) {
    texts.push_back(Cell::of(std::optional(value)));
  }
  const std::pair<CellKind, std::vector<Cell>> kinds[] = {
      {CellKind::kInteger, integers}, {CellKind::kNumber, numbers}, {CellKind::kText, texts}};
  for (const auto& [kind, cells] : kinds) {
    for (const Cell& a : cells) {
      for (const Cell& b : cells) {
        for (const bool descending : {false, true}) {
          const auto rough_a = rough_order(a, kind, descending);
          const auto rough_b = rough_order(b, kind, descending);
          EXPECT_TRUE(rough_a >= rough_b || compare(a, b, descending) < 0);
          EXPECT_TRUE(rough_a == rough_b || compare(a, b, descending) != 0);
        }
      }
    }
  }
}

TEST(SearchCellsTest, CellsSortValuesThenNanThenMissing) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Cell rising[] = {Cell::of(std::optional(-1.0)), Cell::of(std::optional(0.0)),
                         Cell::of(std::optional(2.0)), Cell::of(std::optional(nan)),
                         Cell::of(std::optional<double>())};
  const int falling[] = {2, 1, 0, 3, 4};
  for (int a = 0; a < 5; ++a) {
    for (int b = 0; b < 5; ++b) {
      EXPECT_TRUE(compare(rising[a], rising[b], false) == (a <=> b));
      EXPECT_TRUE(compare(rising[falling[a]], rising[falling[b]], true) == (a <=> b));
    }
  }
  EXPECT_TRUE(compare(Cell::of(std::optional(-0.0)), Cell::of(std::optional(0.0)), true) == 0);
  const std::string text(kOrderedBytesMax, 'x');
  const auto cell = [](const std::string& value) {
    return Cell::of(std::optional<std::string_view>(value));
  };
  const std::string longer = text + "a", longest = text + "b";
  EXPECT_TRUE(compare(cell(longer), cell(longest), false) == 0) << "only so much is compared";
}

}  // namespace
}  // namespace stepwell::tracking::search
