#pragma once

// LMDB, wrapped: an environment of named tables of byte keys and byte values. LMDB is named nowhere
// else. Every value carries a checksum that covers its table, its key and itself, since LMDB has
// none: a flipped bit or a misplaced page is told as kCorrupt instead of being believed.
//
// One process has an environment open, once. Write transactions belong to one thread at a time;
// read transactions may be made and used on any thread, one thread at a time each, and are short:
// an open one keeps every page that was freed since from being used again.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.hpp"

struct MDB_env;
struct MDB_txn;
struct MDB_cursor;

namespace stepwell::index {

inline constexpr std::size_t kKeyBytesMax = 511;
inline constexpr std::size_t kChecksumBytes = 8;  // What a value takes beside itself.

// Handle of a table; from Environment::open.
struct Table {
  unsigned dbi = 0;
};

struct Row {
  std::string_view key;
  std::string_view value;
};

struct Options {
  std::uint64_t map_bytes = std::uint64_t{1} << 40;  // Sparse: address space, not disk.
  unsigned readers_max = 126;
  bool create = true;  // Else a missing file is kNotFound, a missing table kCorrupt.
};

class ReadTransaction;
class WriteTransaction;

class Environment {
 public:
  // Opens the file `path` with these tables, in this order; creates what is missing if it may.
  static Result<std::unique_ptr<Environment>> open(const std::string& path,
                                                   const std::vector<std::string>& tables,
                                                   Options options);
  // Moves a file that is no environment to `path`.incomplete: a creation that a power cut tore
  // apart leaves one. Only for a caller who knows that nothing was ever stored in it.
  static Result<void> set_aside(const std::string& path);
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

 private:
  Environment() = default;
  std::string path_;
  MDB_env* environment_ = nullptr;
  std::vector<Table> tables_;
};

// Walks a table in key order. Its transaction must outlive it; a write ends it (take a new one).
class Cursor {
 public:
  Cursor(Cursor&& other) noexcept;
  ~Cursor();
  // First row with a key >= `key`.
  Result<std::optional<Row>> seek(std::string_view key);
  // Last row with a key <= `key`.
  Result<std::optional<Row>> seek_before(std::string_view key);
  Result<std::optional<Row>> next();

 private:
  friend class ReadTransaction;
  Cursor(MDB_cursor* cursor, unsigned dbi) : cursor_(cursor), dbi_(dbi) {}
  Result<std::optional<Row>> fetch(int operation, std::string_view key);
  MDB_cursor* cursor_ = nullptr;
  unsigned dbi_ = 0;
};

// One consistent state. Views that it returns are valid until it ends.
class ReadTransaction {
 public:
  ReadTransaction(ReadTransaction&& other) noexcept;
  ReadTransaction& operator=(ReadTransaction&& other) noexcept;
  ~ReadTransaction();

  Result<std::optional<std::string_view>> get(Table table, std::string_view key) const;
  Result<Cursor> cursor(Table table) const;
  Result<std::uint64_t> count(Table table) const;

 protected:
  friend class Environment;
  explicit ReadTransaction(MDB_txn* transaction) : transaction_(transaction) {}
  MDB_txn* transaction_ = nullptr;
};

class WriteTransaction : public ReadTransaction {
 public:
  using ReadTransaction::ReadTransaction;
  Result<void> put(Table table, std::string_view key, std::string_view value);
  // Nothing happens if the key is missing.
  Result<void> erase(Table table, std::string_view key);
  // Durable on return. After an error the environment must not be written again.
  Result<void> commit();
  // Payload of all puts so far, to pace transactions.
  std::uint64_t bytes_put() const { return bytes_put_; }

 private:
  std::uint64_t bytes_put_ = 0;
};

}  // namespace stepwell::index
