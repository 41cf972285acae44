#include "examples/digits/chart.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace digits {
namespace {

using stepwell::Point;

struct Share {
  double least = 0, greatest = 0, mean = 0;
};

std::vector<Share> shares_of(const std::vector<Point>& points, std::size_t count) {
  count = std::min(count, points.size());
  std::vector<Share> shares;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t begin = i * points.size() / count;
    const std::size_t end = (i + 1) * points.size() / count;
    Share share{points[begin].value, points[begin].value, 0};
    for (std::size_t j = begin; j < end; ++j) {
      share.least = std::min(share.least, points[j].value);
      share.greatest = std::max(share.greatest, points[j].value);
      share.mean += points[j].value / static_cast<double>(end - begin);
    }
    shares.push_back(share);
  }
  return shares;
}

// Where `value` lies between two bounds, as 0 … levels - 1.
std::size_t level_of(double value, double least, double greatest, std::size_t levels) {
  if (!(greatest > least) || !std::isfinite(value)) return 0;
  const double part = (value - least) / (greatest - least);
  return static_cast<std::size_t>(std::lround(part * static_cast<double>(levels - 1)));
}

// Unicode's braille block: a bit for each dot, from U+2800.
std::string braille(unsigned dots) {
  const unsigned code = 0x2800 + dots;
  return {static_cast<char>(0xE0 | (code >> 12)), static_cast<char>(0x80 | ((code >> 6) & 0x3F)),
          static_cast<char>(0x80 | (code & 0x3F))};
}

constexpr unsigned kDots[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};

std::string label(double value) {
  char text[16];
  std::snprintf(text, sizeof text, "%9.4g ", value);
  return text;
}

}  // namespace

std::string sparkline(const std::vector<Point>& points, std::size_t width) {
  static constexpr const char* kBars[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  const auto shares = shares_of(points, width);
  if (shares.empty()) return {};
  const auto by_mean = [](const Share& a, const Share& b) { return a.mean < b.mean; };
  const auto [least, greatest] = std::minmax_element(shares.begin(), shares.end(), by_mean);
  std::string line;
  for (const Share& share : shares)
    line += kBars[level_of(share.mean, least->mean, greatest->mean, std::size(kBars))];
  return line;
}

std::string braille_chart(const std::vector<Point>& points, std::size_t width, std::size_t height) {
  const auto shares = shares_of(points, width * 2);
  if (shares.empty()) return {};
  double least = shares[0].least, greatest = shares[0].greatest;
  for (const Share& share : shares) {
    least = std::min(least, share.least);
    greatest = std::max(greatest, share.greatest);
  }
  std::vector<std::vector<unsigned>> cells(height, std::vector<unsigned>(width));
  for (std::size_t x = 0; x < shares.size(); ++x) {
    const std::size_t bottom = level_of(shares[x].least, least, greatest, height * 4);
    const std::size_t top = level_of(shares[x].greatest, least, greatest, height * 4);
    for (std::size_t y = bottom; y <= top; ++y) {
      const std::size_t down = height * 4 - 1 - y;
      cells[down / 4][x / 2] |= kDots[down % 4][x % 2];
    }
  }
  std::string chart;
  for (std::size_t row = 0; row < height; ++row) {
    chart += row == 0 ? label(greatest) : row + 1 == height ? label(least) : std::string(10, ' ');
    for (const unsigned dots : cells[row]) chart += braille(dots);
    chart += '\n';
  }
  return chart;
}

}  // namespace digits
