#include "engine/tracking/changes.hpp"

#include <algorithm>

namespace stepwell::tracking {

void Changes::note(std::span<const ChangedRun> runs, Lsn lsn) {
  const std::lock_guard guard(mutex_);
  for (const ChangedRun& changed : runs) {
    Experiment& experiment = experiments_[changed.experiment];
    const auto [block, added] = experiment.blocks.try_emplace(changed.run.value / kBlockRuns);
    if (added) ++blocks_;
    block->second.last[changed.run.value % kBlockRuns] = lsn;
    block->second.greatest = experiment.greatest = lsn;
  }
  if (blocks_ <= kBlocksMax) return;
  experiments_.clear();
  blocks_ = 0;
  known_above_ = lsn;
}

std::optional<std::vector<RunNumber>> Changes::since(ExperimentId id, Lsn lsn) const {
  const std::lock_guard guard(mutex_);
  if (lsn < known_above_) return std::nullopt;
  std::vector<RunNumber> runs;
  const auto experiment = experiments_.find(id);
  if (experiment == experiments_.end() || experiment->second.greatest <= lsn) return runs;
  for (const auto& [number, block] : experiment->second.blocks) {
    if (block.greatest <= lsn) continue;
    for (std::uint64_t i = 0; i < kBlockRuns; ++i) {
      if (block.last[i] > lsn) runs.push_back({number * kBlockRuns + i});
    }
  }
  return runs;
}

}  // namespace stepwell::tracking
