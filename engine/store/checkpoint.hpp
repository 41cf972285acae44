#pragma once

// Moves a frozen generation into the index, in pieces small enough not to disturb the log:
//   1. points become chunks and tail blobs, in transactions of bounded size, under numbers that are
//      not yet published: a reader and a restart know nothing of them;
//   2. everything that would overwrite (directories, tail lists, rows, freed values), and which
//      runs were retired, is written as a redo journal, invisible as well;
//   3. one small transaction publishes the numbers, the journal and the LSN: from now on the log is
//      not needed any more;
//   4. the journal is copied into place in bounded transactions and erased as it goes.
// A crash before 3 leaves orphans, which recover() erases; after it, recover() finishes 4.
// Belongs to the compactor's executor.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/store/generation.hpp"
#include "engine/store/journal.hpp"
#include "engine/store/layout.hpp"
#include "engine/store/options.hpp"
#include "engine/store/run_compaction.hpp"
#include "engine/store/sealer.hpp"

namespace stepwell::store {

class Checkpoint {
 public:
  struct Options {
    std::uint64_t transaction_bytes = 8 << 20;  // The most that a transaction holds, about.
    Sizes sizes;
  };
  // `frozen` holds everything above meta.applied up to and with `applied`; `meta` is what the index
  // says now.
  Checkpoint(index::Environment& environment, const Layout& layout, const Meta& meta,
             GenerationPtr frozen, Lsn applied, const Options& options);

  // One transaction of about so many bytes, durable on return. False: all is done. After an error
  // the index must not be written again.
  Result<bool> step(std::uint64_t transaction_bytes);
  Result<bool> step() { return step(options_.transaction_bytes); }
  // Step 3 has happened.
  bool published() const { return phase_ >= Phase::kCopy; }
  const Meta& meta() const { return meta_; }
  Written written() const;

  // The index of a store that was not closed in order: finishes a published journal, and, unless
  // `keep_orphans`, sweeps what was never published. Returns what `meta` says then.
  static Result<Meta> recover(index::Environment& environment, const Layout& layout, Meta meta,
                              std::uint64_t transaction_bytes, bool keep_orphans);

 private:
  enum class Phase { kPoints, kRows, kPublish, kCopy, kDone };

  Result<void> compact_runs(index::WriteTransaction& transaction, std::uint64_t bytes);
  Result<void> journal_rows(index::WriteTransaction& transaction, std::uint64_t bytes);

  index::Environment& environment_;
  const Layout& layout_;
  Meta meta_;
  GenerationPtr frozen_;
  Lsn applied_;
  const Options options_;

  Phase phase_ = Phase::kPoints;
  Journal journal_;
  Sealer sealer_;
  std::vector<RunNumber> runs_;  // Still to compact, last first.
  std::optional<RunCompaction> run_;
  std::uint64_t tail_bytes_ = 0;
  std::uint8_t table_ = 0;  // Rows: where the walk stands.
  std::string row_after_;
};

}  // namespace stepwell::store
