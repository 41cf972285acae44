#pragma once

// What a server holds, asked through the same views that answer its clients, in the reference
// model's form: a difference between the two is a line.

#include <string>

#include "engine/tracking/view.hpp"

namespace stepwell::sim {

Result<std::string> state_text(const tracking::View& view);

// The lines that differ, a few of them: for a failure's message.
std::string difference(const std::string& expected, const std::string& found);

}  // namespace stepwell::sim
