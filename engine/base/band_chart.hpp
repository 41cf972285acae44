#pragma once

// A curve in a terminal.

#include <cstddef>
#include <span>
#include <string>

namespace stepwell {

// What a column of dots spans. Nothing is drawn where a bound is NaN or least > greatest.
struct Band {
  double least = 0;
  double greatest = 0;
};

// `height` lines of braille characters, 2 x 4 dots each, so two bands a character, with the
// greatest and the least finite value at the axis. Each band is drawn whole, so that no spike is
// hidden; infinities end at the edge.
std::string band_chart(std::span<const Band> bands, std::size_t height);

}  // namespace stepwell
