#pragma once

// What a walk through the log found.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace stepwell::wal {

// A place where acknowledged bytes are not what was written.
struct Damage {
  std::string file;
  std::uint64_t offset = 0;
  std::string what;
};

struct RecoveryReport {
  std::uint64_t groups = 0;
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;
  std::optional<std::string> torn_tail;  // Where an unacknowledged tail was cut off, if one was.
  std::vector<Damage> damages;           // Not empty only with `salvage` or `read_only`.
};

}  // namespace stepwell::wal
