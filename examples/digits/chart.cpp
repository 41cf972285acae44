#include "examples/digits/chart.hpp"

#include <algorithm>
#include <cmath>

#include "engine/base/band_chart.hpp"

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
  std::vector<stepwell::Band> bands;
  for (const Share& share : shares_of(points, width * 2)) {
    bands.push_back({share.least, share.greatest});
  }
  return stepwell::band_chart(bands, height);
}

}  // namespace digits
