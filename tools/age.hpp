#pragma once

// An age as one types it: a whole number and a unit, 30d.

#include <string_view>

#include "engine/base/clock.hpp"
#include "engine/base/result.hpp"

namespace stepwell::tools {

// At most a hundred years. kInvalid says what was expected.
Result<Instant> parse_age(std::string_view text);

}  // namespace stepwell::tools
