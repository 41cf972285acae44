#pragma once

// Frames as one readable line, for `stepwell dump`.

#include <string>

#include "protocol/frame.hpp"

namespace stepwell::tools {

// "batch run=… writer=… seq=7 240064 B: 10 blocks, 10000 points, keys train/a…, steps 1 to 1000".
std::string describe(const protocol::FrameView& frame);

}  // namespace stepwell::tools
