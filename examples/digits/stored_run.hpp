#pragma once

// A run as the server gives it, read over the binary protocol.

#include <functional>
#include <string>

#include "examples/digits/account.hpp"
#include "protocol/messages.hpp"

namespace digits {

struct StoredRun {
  stepwell::wire::RunDataT about;  // Params, tags, writers with their batch counters, losses.
  AllPoints points;                // In the order in which they came.
};

// `on_progress` is told how many points have come so far. Throws std::runtime_error.
StoredRun read_run(const std::string& address, const std::string& run_id,
                   const std::function<void(std::uint64_t)>& on_progress);

}  // namespace digits
