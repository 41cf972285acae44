#include "engine/base/band_chart.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <vector>

namespace stepwell {
namespace {

constexpr unsigned kDots[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};

// Unicode's braille block: a bit for each dot, from U+2800.
std::string braille(unsigned dots) {
  const unsigned code = 0x2800 + dots;
  return {static_cast<char>(0xE0 | (code >> 12)), static_cast<char>(0x80 | ((code >> 6) & 0x3F)),
          static_cast<char>(0x80 | (code & 0x3F))};
}

std::string label(double value) {
  char text[16];
  std::snprintf(text, sizeof text, "%9.4g ", value);
  return text;
}

struct Scale {
  double least = std::numeric_limits<double>::infinity();
  double greatest = -std::numeric_limits<double>::infinity();

  void add(double value) {
    if (!std::isfinite(value)) return;
    least = std::min(least, value);
    greatest = std::max(greatest, value);
  }
  // 0 … levels - 1.
  std::size_t level_of(double value, std::size_t levels) const {
    if (!(greatest > least) || value <= least) return 0;
    if (value >= greatest) return levels - 1;
    // Halved, since the difference of two finite values may not be finite.
    const double part = (value / 2 - least / 2) / (greatest / 2 - least / 2);
    return static_cast<std::size_t>(std::lround(part * static_cast<double>(levels - 1)));
  }
};

}  // namespace

std::string band_chart(std::span<const Band> bands, std::size_t height) {
  Scale scale;
  for (const Band& band : bands) {
    scale.add(band.least);
    scale.add(band.greatest);
  }
  if (scale.least > scale.greatest) return {};
  std::vector<std::vector<unsigned>> cells(height, std::vector<unsigned>((bands.size() + 1) / 2));
  for (std::size_t x = 0; x < bands.size(); ++x) {
    if (!(bands[x].least <= bands[x].greatest)) continue;
    const std::size_t bottom = scale.level_of(bands[x].least, height * 4);
    const std::size_t top = scale.level_of(bands[x].greatest, height * 4);
    for (std::size_t y = bottom; y <= top; ++y) {
      const std::size_t down = height * 4 - 1 - y;
      cells[down / 4][x / 2] |= kDots[down % 4][x % 2];
    }
  }
  std::string chart;
  for (std::size_t row = 0; row < height; ++row) {
    chart += row == 0            ? label(scale.greatest)
             : row + 1 == height ? label(scale.least)
                                 : std::string(10, ' ');
    for (const unsigned dots : cells[row]) chart += braille(dots);
    chart += '\n';
  }
  return chart;
}

}  // namespace stepwell
