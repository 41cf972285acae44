#pragma once

// What one durable write costs with nothing around it: the log's own queue on a pre-zeroed file,
// one write at a time.

#include <cstdint>
#include <string>

#include "engine/base/result.hpp"
#include "tools/load/latency.hpp"

namespace stepwell::tools {

struct BareWrites {
  Latency latency;
  std::string how;  // "io_uring O_DIRECT RWF_DSYNC"
};

// Writes of `bytes` (a multiple of 4096) at `per_second`, for `seconds`; 0: one after the other.
Result<BareWrites> measure_bare_writes(const std::string& directory, std::uint64_t bytes,
                                       double per_second, double seconds);

}  // namespace stepwell::tools
