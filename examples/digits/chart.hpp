#pragma once

// Curves in a terminal.

#include <string>
#include <vector>

#include "engine/base/points.hpp"

namespace digits {

// One line of `width` bars, each the mean of an equal share of the points; scaled from the least to
// the greatest mean.
std::string sparkline(const std::vector<stepwell::Point>& points, std::size_t width);

// `height` lines of `width` braille characters, 2 x 4 dots each, with the least and greatest value
// and the first and last step at the axes. Each column of dots spans the least to the greatest
// value of its share, so that no spike is hidden.
std::string braille_chart(const std::vector<stepwell::Point>& points, std::size_t width,
                          std::size_t height);

}  // namespace digits
