#pragma once

// The domain's fold: what each record does to experiments, runs, params, tags and metrics. Every
// record is a frame (protocol/frame.hpp); the envelope says through which door it came.
// Deterministic: a record gives the same verdict on every replay of the same log. Belongs to the
// sequencer.

#include <string>
#include <vector>

#include "engine/store/fold.hpp"
#include "engine/tracking/changes.hpp"
#include "engine/tracking/state.hpp"
#include "protocol/frame.hpp"

namespace stepwell::tracking {

class Fold final : public store::Fold {
 public:
  std::vector<store::TableInfo> tables() const override;
  Result<store::Verdict> apply(store::ApplyTransaction& transaction,
                               const wal::RecordView& record) override;
  Result<void> end_group(store::ApplyTransaction& transaction) override;

  // Any thread.
  const Changes& changes() const { return changes_; }

 private:
  State state_;
  Changes changes_;
  Lsn last_;  // Of the records applied.
};

}  // namespace stepwell::tracking
