#pragma once

// The two walks of `stepwell verify` that need no store: the log's files, and the index. Each names
// every damaged place that it finds.

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/ids.hpp"
#include "engine/base/result.hpp"
#include "engine/io/file_system.hpp"

namespace stepwell::tools {

struct IndexWalk {
  std::uint64_t tables = 0;
  std::uint64_t rows = 0;
  std::uint64_t chunks = 0;  // Of check_structure().
  std::uint64_t points = 0;  // Likewise.
  Lsn applied;
  std::vector<std::string> damages;  // "index.lmdb: table …, key …: …"
};

// Every row against its checksum. In a child process: a flipped page header can crash LMDB itself,
// which is then the damage found.
Result<IndexWalk> walk_index(const std::string& directory);

// The same for what the rows mean together: directory entries and chunks, each naming the other, in
// order and apart. The rows are sound and nobody has the store open.
Result<IndexWalk> check_structure(const std::string& directory);

struct LogWalk {
  std::uint64_t segments = 0;
  std::uint64_t groups = 0;
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;
  std::string torn_tail;             // Never acknowledged, so no damage; empty: none.
  std::vector<std::string> damages;  // "FILE offset N: …"
};

// Records at or below `applied` may be missing, none above it.
Result<LogWalk> walk_log(io::FileSystem& files, const std::string& directory, Lsn applied);

}  // namespace stepwell::tools
