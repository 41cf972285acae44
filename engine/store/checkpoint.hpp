#pragma once

// Moves a frozen generation into the index, in pieces small enough not to disturb the log:
//   1. points become chunks, in transactions of bounded size, under chunk numbers that are not yet
//      published: a reader and a restart know nothing of them;
//   2. everything that would overwrite (directory entries, rows, freed chunks) is written as a redo
//      journal, invisible as well;
//   3. one small transaction publishes the chunks, the journal and the LSN: from now on the log is
//      not needed any more;
//   4. the journal is copied into place in bounded transactions and erased as it goes.
// A crash before 3 leaves orphans, which recover() sweeps; after it, recover() finishes 4.
// Belongs to the compactor's executor.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/store/generation.hpp"
#include "engine/store/layout.hpp"
#include "engine/store/points_reader.hpp"

namespace stepwell::store {

class Checkpoint {
 public:
  // `frozen` holds everything above meta.applied up to and with `applied`; `meta` is what the index
  // says now. A transaction ends once it holds `transaction_bytes`.
  Checkpoint(index::Environment& environment, const Layout& layout, const Meta& meta,
             GenerationPtr frozen, Lsn applied, std::uint64_t transaction_bytes);

  // One transaction's worth of work, durable on return. False: all is done. After an error the
  // index must not be written again.
  Result<bool> step();
  // Step 3 has happened.
  bool published() const { return phase_ >= Phase::kCopy; }
  const Meta& meta() const { return meta_; }

  // Brings the index of a store that was not closed in order: finishes a published journal, sweeps
  // what was never published. Returns what `meta` says then.
  static Result<Meta> recover(index::Environment& environment, const Layout& layout, Meta meta,
                              std::uint64_t transaction_bytes);

 private:
  enum class Phase { kPoints, kRows, kPublish, kCopy, kDone };
  using SeriesPoints = std::unordered_map<SeriesNumber, std::vector<Point>>;

  Result<void> seal_points(index::WriteTransaction& transaction);
  Result<void> journal_rows(index::WriteTransaction& transaction);
  Result<void> seal_series(index::WriteTransaction& transaction, SeriesNumber series,
                           std::vector<Point>& points);
  Result<void> flush_journal(index::WriteTransaction& transaction);
  bool full(const index::WriteTransaction& transaction) const;
  SeriesPoints gather(RunNumber run) const;

  index::Environment& environment_;
  const Layout& layout_;
  Meta meta_;
  GenerationPtr frozen_;
  Lsn applied_;
  std::uint64_t transaction_bytes_;

  Phase phase_ = Phase::kPoints;
  std::vector<RunNumber> runs_;  // Still to seal, last first.
  std::vector<std::pair<SeriesNumber, std::vector<Point>>>
      series_;              // Of the current run, last first.
  std::uint8_t table_ = 0;  // Rows: where the walk stands.
  std::string row_after_;
  std::string journal_;  // Operations not yet written as a journal row.
};

}  // namespace stepwell::store
