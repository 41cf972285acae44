#pragma once

// Limits of the binary door: nothing that a client does makes it wait for ever or grow without
// bound.

#include <cstddef>
#include <cstdint>

#include "engine/base/clock.hpp"

namespace stepwell::ingest {

struct Options {
  std::uint32_t connections_max = 10'000;
  Instant handshake_timeout = std::chrono::seconds(10);
  Instant idle_timeout = std::chrono::seconds(300);  // Silent between frames.
  Instant frame_timeout = std::chrono::seconds(60);  // From a frame's first byte to its last.
  Instant write_timeout = std::chrono::seconds(60);  // A client that does not read its answers.
  std::uint64_t credit_max = 8 << 20;                // Unacknowledged bytes a connection.
  std::uint64_t buffer_bytes_max = 64 << 20;         // Read buffers of all connections.
  // What all connections have to tell their clients. A connection reads on while it has at most
  // answer_bytes_least to tell, and up to answer_bytes_most while the sum allows it.
  std::uint64_t answer_bytes_max = 64 << 20;
  std::uint64_t answer_bytes_most = 1 << 20;
  std::uint64_t answer_bytes_least = 16 << 10;
  std::size_t frames_together_max = 1024;  // Go to the log at once; then limits are looked at.
};

}  // namespace stepwell::ingest
