#pragma once

// A run's data can be larger than a frame: a thousand ranks with two hundred metrics each, or many
// long params. It travels as parts, each a RunData whose lists hold some of the whole's entries, in
// order; the first part holds the run's info.

#include <string>
#include <vector>

#include "protocol/messages.hpp"

namespace stepwell::protocol {

// Payloads of `run` frames, each about kRunPartBytes long: at most one entry longer.
std::vector<std::string> split_run(wire::RunDataT whole);
inline constexpr std::size_t kRunPartBytes = 1 << 20;

// Appends what the next part holds.
void join_run(wire::RunDataT& whole, wire::RunDataT part);

}  // namespace stepwell::protocol
