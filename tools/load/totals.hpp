#pragma once

// What a load has done so far, over all its connections. The load's executor only.

#include <cstdint>
#include <string>

#include "tools/load/latency.hpp"

namespace stepwell::tools {

struct LoadTotals {
  std::uint64_t frames_sent = 0;
  std::uint64_t frames_acknowledged = 0;  // Each sequence once.
  std::uint64_t points_acknowledged = 0;
  std::uint64_t bytes_acknowledged = 0;
  std::uint64_t duplicates = 0;  // Frames that the server had already.
  std::uint64_t rejected = 0;    // By a deterministic verdict.
  std::uint64_t refused = 0;     // For now: gap or overloaded; sent again.
  std::uint64_t connects = 0;
  std::uint64_t reconnects = 0;
  std::uint64_t streams_finished = 0;
  std::uint64_t lost = 0;  // Streams whose server forgot what it had acknowledged.
  Latency latency;         // From try_send to the ack.
  std::string last_error;
};

}  // namespace stepwell::tools
