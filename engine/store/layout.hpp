#pragma once

// The index's tables that are the store's own, ahead of the fold's, and the row that says how far
// the index reaches.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/ids.hpp"
#include "engine/base/result.hpp"
#include "engine/index/environment.hpp"
#include "engine/store/fold.hpp"

namespace stepwell::store {

// Of the index (docs/format/index.md). Older ones from kFormatOldest on are read, and become this
// one when they are opened for writing.
inline constexpr std::uint32_t kFormatVersion = 1;
inline constexpr std::uint32_t kFormatOldest = 1;

// The one row of table `meta`, changed by the small transaction that publishes a checkpoint.
struct Meta {
  std::uint32_t format = kFormatVersion;
  StoreId store;
  std::uint64_t incarnation = 0;  // Counts the openings for writing.
  Lsn applied;                    // Every record up to it is in the index or in its journal.
  // Values and blobs from here on are orphans of a checkpoint that was never published.
  std::uint64_t next_chunk_value = 1;
  std::uint64_t next_blob = 1;
  // Rows of the published journal that are not yet copied: from the first up to before the end.
  std::uint64_t journal_first = 0;
  std::uint64_t journal_end = 0;
  bool has_journal() const { return journal_first < journal_end; }
};

// Handles of everything in the index.
class Layout {
 public:
  // All tables as the index has them, the store's own first.
  static std::vector<index::TableDescription> tables(const std::vector<TableInfo>& fold_tables);

  Layout(const index::Environment& environment, const std::vector<TableInfo>& fold_tables);
  index::Table meta, journal, directory, chunks, tail_lists, tails, retired;
  // Those of the fold's that are freed with a run.
  const std::vector<index::Table>& run_tables() const { return run_tables_; }
  index::Table fold_table(TableNumber number) const { return fold_tables_[number.value]; }
  std::size_t fold_table_count() const { return fold_tables_.size(); }
  // Tables as journals and checksums name them: the store's own from 0, the fold's from 128.
  std::optional<index::Table> table(std::uint8_t number) const;

  // A store that has no meta row yet is new: nothing. kInvalid: a format that this program does not
  // read. kCorrupt also if a table is missing that the index' format has.
  Result<std::optional<Meta>> read_meta(const index::ReadTransaction& transaction) const;
  Result<void> write_meta(index::WriteTransaction& transaction, const Meta& value) const;

 private:
  std::vector<index::Table> own_tables() const;
  std::vector<TableInfo> fold_infos_;
  std::vector<index::Table> fold_tables_;  // As the infos.
  std::vector<index::Table> run_tables_;
};

// Key of a run's row in table `retired`, and the beginning of all its keys in tables by run.
std::string run_key(RunNumber run);

}  // namespace stepwell::store
