#pragma once

// Curves in a terminal.

#include <string>
#include <vector>

#include "engine/base/points.hpp"

namespace digits {

// One line of `width` bars, each the mean of an equal share of the points; scaled from the least to
// the greatest mean.
std::string sparkline(const std::vector<stepwell::Point>& points, std::size_t width);

// A band_chart of at most `width` characters: each column of dots spans the least to the greatest
// value of an equal share of the points.
std::string braille_chart(const std::vector<stepwell::Point>& points, std::size_t width,
                          std::size_t height);

}  // namespace digits
