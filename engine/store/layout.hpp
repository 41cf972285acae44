#pragma once

// The index's tables that are the store's own, ahead of the fold's, and the row that says how far
// the index reaches.

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/ids.hpp"
#include "engine/base/result.hpp"
#include "engine/index/environment.hpp"
#include "engine/store/fold.hpp"

namespace stepwell::store {

inline constexpr std::uint32_t kFormatVersion = 0;  // 0: unstable, see docs/FORMAT.md.

// The one row of table `meta`, changed by the small transaction that publishes a checkpoint.
struct Meta {
  std::uint32_t format = kFormatVersion;
  StoreId store;
  std::uint64_t incarnation = 0;   // Counts the openings for writing.
  Lsn applied;                     // Every record up to it is in the index or in its journal.
  std::uint64_t next_chunk = 1;    // Chunks from here on are orphans of an unpublished checkpoint.
  std::uint64_t journal_rows = 0;  // Rows of the published journal, not yet all copied; 0: none.
};

// Handles of everything in the index.
class Layout {
 public:
  // Names of all tables, the store's own first.
  static std::vector<std::string> table_names(const std::vector<std::string>& fold_tables);

  explicit Layout(const index::Environment& environment);
  index::Table meta, journal, directory, chunks;
  index::Table fold_table(TableNumber number) const { return fold_tables_[number.value]; }
  std::size_t fold_table_count() const { return fold_tables_.size(); }

  // A store that has no meta row yet is new: nothing.
  Result<std::optional<Meta>> read_meta(const index::ReadTransaction& transaction) const;
  Result<void> write_meta(index::WriteTransaction& transaction, const Meta& value) const;

 private:
  std::vector<index::Table> fold_tables_;
};

}  // namespace stepwell::store
