#pragma once

// LMDB, wrapped: an environment of named tables of byte keys and byte values. LMDB is named nowhere
// else. Every value carries a checksum that covers its table, its key and itself, since LMDB has
// none: a flipped bit or a misplaced page is told as kCorrupt instead of being believed.
//
// One process has an environment open for writing, once; others may observe it meanwhile.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/index/transaction.hpp"

struct MDB_env;

namespace stepwell::index {

struct TableDescription {
  std::string name;
  std::uint8_t number = 0;  // Persisted: enters checksums. Unique, below kSumsNumber.
  Summed summed = Summed::kNot;
  bool required = true;  // Else it may be missing in an index that is not to be created.
};
inline constexpr std::uint8_t kSumsNumber = 255;  // Of the environment's own table.

struct Options {
  std::uint64_t map_bytes = std::uint64_t{1} << 40;  // Sparse: address space, not disk.
  unsigned readers_max = 126;
  bool create = true;  // Else a missing file is kNotFound, a missing table kCorrupt.
  // Another process may have it open and write it: only reads, and nothing in the file is changed.
  bool observe = false;
};

class Environment {
 public:
  // Opens the file `path` with these tables; creates what is missing if it may.
  static Result<std::unique_ptr<Environment>> open(const std::string& path,
                                                   const std::vector<TableDescription>& tables,
                                                   Options options);
  // Moves a file that is no environment to `path`.incomplete: a creation that a power cut tore
  // apart leaves one. Only for a caller who knows that nothing was ever stored in it.
  static Result<void> set_aside(const std::string& path);
  // Creates the tables that are not there. Durable on return; handles change.
  Result<void> create_missing();
  ~Environment();

  Table table(std::size_t position) const { return tables_[position]; }
  std::size_t table_count() const { return tables_.size(); }
  Result<ReadTransaction> begin_read();
  // Waits for another write transaction to end; there is one at a time.
  Result<WriteTransaction> begin_write();

  struct Stats {
    std::uint64_t file_bytes = 0;  // Pages ever used x page size.
    std::uint64_t free_bytes = 0;  // Of these, free for the next transaction.
    std::uint64_t readers = 0;
  };
  Result<Stats> stats();
  // A process that was killed while it observed leaves its transaction in the lock file, and no
  // page that was freed since would ever be used again. Any thread.
  void release_dead_readers();

 private:
  Environment() = default;
  Result<void> open_tables(bool create);
  std::string path_;
  MDB_env* environment_ = nullptr;
  std::vector<TableDescription> descriptions_;
  std::vector<Table> tables_;  // As described.
  Table sums_;
};

}  // namespace stepwell::index
