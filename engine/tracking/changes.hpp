#pragma once

// Which runs changed above an LSN, so that what is derived from rows (search columns) is refreshed
// for those runs only. Kept by the fold, in memory, from the process's start; it is no state, and
// nothing that the fold decides depends on it. Any thread.

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "engine/base/ids.hpp"

namespace stepwell::tracking {

struct ChangedRun {
  ExperimentId experiment;
  RunNumber run;
};

class Changes {
 public:
  // Sequencer, before a group is published whose last record is `lsn`: these runs changed, were
  // created or were purged in it. Naming one that did not change costs a look, no more.
  void note(std::span<const ChangedRun> runs, Lsn lsn);

  // The experiment's runs that were named above `lsn`, ascending. Nothing: it is not known any
  // more, and whatever was derived before must be derived anew.
  std::optional<std::vector<RunNumber>> since(ExperimentId experiment, Lsn lsn) const;

  // Bounds the memory: 64 runs in a row share a block of half a kilobyte. At the limit all is
  // forgotten at once.
  static constexpr std::size_t kBlocksMax = 65'536;

 private:
  static constexpr std::uint64_t kBlockRuns = 64;
  struct Block {
    Lsn greatest;
    std::array<Lsn, kBlockRuns> last{};
  };
  struct Experiment {
    Lsn greatest;
    std::map<std::uint64_t, Block> blocks;  // By run number / kBlockRuns.
  };

  mutable std::mutex mutex_;
  std::unordered_map<ExperimentId, Experiment> experiments_;
  std::size_t blocks_ = 0;
  Lsn known_above_;  // What happened at or below is forgotten.
};

}  // namespace stepwell::tracking
