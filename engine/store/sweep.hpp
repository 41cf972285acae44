#pragma once

// Frees what lies under retired runs: chunks by their directories, tails, and every row of the
// tables by run. Works in transactions of bounded size, each of which leaves an index where
// everything still fits together: a directory row goes with its chunks, a tail part with its share
// in the tail list. The run's row in `retired` goes last, so whoever comes after a crash goes on.
// Nobody reads what is freed (docs/STORE.md, Purge). Belongs to the compactor's executor.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/store/layout.hpp"
#include "engine/store/tail.hpp"

namespace stepwell::store {

class Sweep {
 public:
  // No transaction erases much more than `transaction_bytes` can hold of pages.
  Sweep(index::Environment& environment, const Layout& layout, std::uint64_t transaction_bytes);

  // One transaction's worth, durable on return. False: no retired run is left but those that were
  // passed over because their rows are damaged; the next opening tries them again. After an error
  // the index must not be written again.
  Result<bool> step();

  std::uint64_t runs() const { return runs_; }

 private:
  Result<std::optional<RunNumber>> next_run() const;
  // Each frees what it may and says whether something is left.
  Result<bool> free_run(index::WriteTransaction& transaction, RunNumber run);
  Result<bool> free_chunks(index::WriteTransaction& transaction, RunNumber run);
  Result<bool> free_tails(index::WriteTransaction& transaction, RunNumber run);
  Result<bool> free_parts(index::WriteTransaction& transaction, TailBlob& blob);
  Result<bool> free_rows(index::WriteTransaction& transaction, index::Table table, RunNumber run);
  Result<void> erase(index::WriteTransaction& transaction, index::Table table,
                     const std::vector<std::string>& keys);

  index::Environment& environment_;
  const Layout& layout_;
  const std::size_t rows_max_;
  std::size_t rows_ = 0;         // Erased in this transaction.
  std::set<RunNumber> damaged_;  // Passed over.
  std::uint64_t runs_ = 0;       // Freed wholly.
};

}  // namespace stepwell::store
