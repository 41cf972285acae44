#pragma once

// Transactions of an environment, and walks over its tables. Read transactions may be made and used
// on any thread, one thread at a time each, and are short: an open one keeps every page that was
// freed since from being used again. Write transactions belong to one thread at a time.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/result.hpp"
#include "engine/index/row_sums.hpp"

struct MDB_txn;
struct MDB_cursor;

namespace stepwell::index {

inline constexpr std::size_t kKeyBytesMax = 511;
inline constexpr std::size_t kChecksumBytes = 8;  // What a value takes beside itself.

// Handle of a table; from Environment::open.
struct Table {
  unsigned dbi = 0;
  std::uint8_t number = 0;  // Persisted: enters checksums.
  Summed summed = Summed::kNot;
  // Else it is read as empty, and cannot be written.
  bool is_there() const { return dbi != 0; }
};

struct Row {
  std::string_view key;
  std::string_view value;
  std::uint64_t checksum = 0;  // Over table, key and value.
};

class Environment;

// Walks a table in key order. Its transaction must outlive it; a write ends it (take a new one).
class Cursor {
 public:
  Cursor(Cursor&& other) noexcept;
  ~Cursor();
  // First row with a key >= `key`.
  Result<std::optional<Row>> seek(std::string_view key);
  // Last row with a key <= `key`.
  Result<std::optional<Row>> seek_before(std::string_view key);
  // A row whose checksum fails is told, and can be passed over. Behind a page that cannot be read,
  // or keys that do not rise, which means that pages are linked in a circle, comes the end.
  Result<std::optional<Row>> next();

 private:
  friend class ReadTransaction;
  Cursor(MDB_cursor* cursor, Table table) : cursor_(cursor), table_(table) {}
  Result<std::optional<Row>> fetch(int operation, std::string_view key);
  MDB_cursor* cursor_ = nullptr;  // Null: the table is not there.
  Table table_;
  std::string last_key_;
  bool ended_ = false;
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
  // What the commits so far say of the rows there should be.
  Result<RowSums> row_sums() const;
  Result<RowSum> row_sum(std::string_view group_key) const;
  // The least key of a group that is not less.
  Result<std::optional<std::string>> group_from(std::string_view group_key) const;

 protected:
  friend class Environment;
  ReadTransaction(MDB_txn* transaction, Table sums) : transaction_(transaction), sums_(sums) {}
  MDB_txn* transaction_ = nullptr;
  Table sums_;
};

class WriteTransaction : public ReadTransaction {
 public:
  using ReadTransaction::ReadTransaction;
  // `value` may not lie in this environment.
  Result<void> put(Table table, std::string_view key, std::string_view value);
  // Nothing happens if the key is missing.
  Result<void> erase(Table table, std::string_view key);
  // Durable on return. After an error the environment must not be written again.
  Result<void> commit();
  // Payload of all puts so far, to pace transactions.
  std::uint64_t bytes_put() const { return bytes_put_; }

 private:
  // The row's group, less what the row is now.
  Result<RowSum*> begin_change(Table table, std::string_view key);
  Result<void> write(Table table, std::string_view key, std::string_view value,
                     std::uint64_t checksum);

  RowSums changes_;
  std::uint64_t bytes_put_ = 0;
};

}  // namespace stepwell::index
