// What a chart in a terminal shows of bands, also of odd ones.
#include "engine/base/band_chart.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace stepwell {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(BandChart, DrawsEachBandFromItsLeastToItsGreatest) {
  const std::vector<Band> bands = {{0, 0}, {0, 7}, {3, 4}, {7, 7}};
  EXPECT_EQ(band_chart(bands, 2),
            "        7 \xE2\xA2\xB8\xE2\xA1\x88\n"
            "        0 \xE2\xA3\xB8\xE2\xA0\x81\n");
}

TEST(BandChart, LeavesGapsAndSurvivesWhatHasNoPlace) {
  EXPECT_EQ(band_chart({}, 2), "");
  const std::vector<Band> nothing = {{kInfinity, -kInfinity}, {NAN, NAN}};
  EXPECT_EQ(band_chart(nothing, 2), "");
  const std::vector<Band> odd = {
      {1, 2}, {kInfinity, -kInfinity}, {-kInfinity, kInfinity}, {NAN, 3}};
  EXPECT_EQ(band_chart(odd, 1), "        3 \xE2\xA1\x86\xE2\xA1\x87\n");
  constexpr double kMost = std::numeric_limits<double>::max();
  EXPECT_FALSE(band_chart(std::vector<Band>{{-kMost, kMost}, {0, 0}}, 3).empty());
}

}  // namespace
}  // namespace stepwell
