// The demo's account sees each fault that it is there for, and its charts show what they should.

#include "examples/digits/account.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <limits>

#include "examples/digits/chart.hpp"

namespace digits {
namespace {

using stepwell::Point;
using testing::HasSubstr;

const SeriesName kLoss{"loss", ""};
const SeriesName kRank1{"loss", "rank=1"};

AllPoints logged() {
  return {{kLoss, {{1, 10, 0.5}, {2, 11, 0.25}, {3, 12, -0.0}}}, {kRank1, {{1, 10, 0.5}}}};
}

TEST(Account, HoldsWhenBothAreEqual) {
  const Account account = balance(logged(), logged());
  EXPECT_TRUE(account.holds());
  EXPECT_EQ(account.sent, 4U);
  EXPECT_EQ(account.stored, 4U);
  EXPECT_EQ(account.series, 2U);
  EXPECT_EQ(account.first_fault, "");
}

TEST(Account, CountsWhatWasLoggedTwiceOnce) {
  auto sent = logged();
  sent[kLoss].push_back(sent[kLoss].front());
  EXPECT_TRUE(balance(sent, logged()).holds());
}

TEST(Account, SeesAMissingPoint) {
  auto stored = logged();
  stored[kLoss].erase(stored[kLoss].begin() + 1);
  const Account account = balance(logged(), stored);
  EXPECT_FALSE(account.holds());
  EXPECT_EQ(account.missing, 1U);
  EXPECT_THAT(account.first_fault, HasSubstr("loss{} at step 2 is missing"));
}

TEST(Account, SeesAMissingSeries) {
  auto stored = logged();
  stored.erase(kRank1);
  EXPECT_EQ(balance(logged(), stored).missing, 1U);
}

TEST(Account, SeesAPointStoredTwice) {
  auto stored = logged();
  stored[kLoss].insert(stored[kLoss].begin(), stored[kLoss].front());
  const Account account = balance(logged(), stored);
  EXPECT_FALSE(account.holds());
  EXPECT_EQ(account.repeated, 1U);
}

TEST(Account, SeesWhatWasNeverSent) {
  auto stored = logged();
  stored[{"ghost", ""}] = {{1, 1, 1}};
  const Account account = balance(logged(), stored);
  EXPECT_FALSE(account.holds());
  EXPECT_EQ(account.foreign, 1U);
}

TEST(Account, SeesOtherBitsAndTimes) {
  for (const Point other : {Point{3, 12, 0.0}, Point{3, 13, -0.0}}) {
    auto stored = logged();
    stored[kLoss].back() = other;
    const Account account = balance(logged(), stored);
    EXPECT_FALSE(account.holds());
    EXPECT_EQ(account.missing, 1U);
    EXPECT_EQ(account.foreign, 1U);
  }
}

TEST(Account, SeesADisorder) {
  auto stored = logged();
  std::swap(stored[kLoss][0], stored[kLoss][1]);
  const Account account = balance(logged(), stored);
  EXPECT_FALSE(account.holds());
  EXPECT_EQ(account.out_of_order, 1U);
}

TEST(Account, ReadsJournals) {
  Journal journal;
  journal.context = "rank=1";
  journal.keys = {{"a", "b"}};
  journal.rows = {
      {0, 7, 8, {std::bit_cast<std::uint64_t>(1.0), std::bit_cast<std::uint64_t>(2.0)}}};
  AllPoints points;
  add_points(journal, points);
  EXPECT_EQ(points.size(), 2U);
  EXPECT_EQ((points[{"b", "rank=1"}]), (Points{{7, 8, 2.0}}));
}

Points ramp(std::size_t count) {
  Points points;
  for (std::size_t i = 0; i < count; ++i)
    points.push_back({static_cast<std::int64_t>(i), 0, static_cast<double>(i)});
  return points;
}

TEST(Charts, FollowTheCurve) {
  EXPECT_EQ(sparkline(ramp(8), 8), "▁▂▃▄▅▆▇█");
  EXPECT_EQ(sparkline(ramp(800), 8), "▁▂▃▄▅▆▇█");
  EXPECT_EQ(sparkline({{1, 1, 5}, {2, 1, 5}}, 8), "▁▁");
  EXPECT_EQ(sparkline({}, 8), "");
  EXPECT_THAT(braille_chart(ramp(8), 4, 2), HasSubstr("        7 ⠀⠀⡠⠊\n        0 ⡠⠊"));
}

TEST(Charts, ShowASpikeAmongThousands) {
  Points points(5000, Point{0, 0, 1});
  points[2501].value = 100;
  EXPECT_THAT(braille_chart(points, 40, 4), HasSubstr("100 "));
  points[2502].value = std::numeric_limits<double>::quiet_NaN();
  EXPECT_FALSE(sparkline(points, 40).empty());
}

}  // namespace
}  // namespace digits
