#pragma once

// The machine's ceiling: a server that receives frames, hashes them, writes them durably in the
// log's own pattern (pre-zeroed files, groups of whole 4 KiB blocks up to 2 MiB, 4 in flight),
// acknowledges what is on disk, and does nothing else. It keeps nothing: the files are overwritten
// in a circle. One thread serves every connection and the disk.

#include <cstdint>
#include <functional>
#include <string>

#include "engine/base/result.hpp"

namespace stepwell::tools {

struct SinkOptions {
  std::string directory;     // Files are made here; whoever calls removes them.
  unsigned connections = 4;  // Expected ones: they share the credit as in the server.
  std::uint64_t segment_bytes = 64 << 20;
  unsigned segments = 3;
  std::uint64_t group_bytes_max = 2 << 20;
  unsigned groups_in_flight_max = 4;
};

// Serves on a free port of 127.0.0.1, which `ready` is told, until the process ends.
Result<void> run_sink(const SinkOptions& options,
                      const std::function<void(std::uint16_t port)>& ready);

// Pre-zeroed files under `directory`: written once and synced, so that later writes find their
// blocks.
Result<void> make_zeroed_file(const std::string& path, std::uint64_t bytes);

}  // namespace stepwell::tools
