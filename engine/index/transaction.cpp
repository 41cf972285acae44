#include "engine/index/transaction.hpp"

#include <xxhash.h>

#include <utility>

#include "engine/base/bytes.hpp"
#include "engine/base/logging.hpp"
#include "engine/index/lmdb_error.hpp"

namespace stepwell::index {
namespace {

MDB_val to_val(std::string_view text) {
  return {text.size(), const_cast<char*>(text.data())};  // LMDB takes keys and values as const.
}

std::string_view from_val(const MDB_val& value) {
  return {static_cast<const char*>(value.mv_data), value.mv_size};
}

// Covers the table and the key, so that a value found under another key is told.
std::uint64_t checksum(Table table, std::string_view key, std::string_view value) {
  const std::uint64_t seed = XXH3_64bits_withSeed(key.data(), key.size(), table.number);
  return XXH3_64bits_withSeed(value.data(), value.size(), seed);
}

std::string hex_prefix(std::string_view key) {
  std::string text;
  for (const char c : key.substr(0, 24))
    text += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return text;
}

Result<std::string_view> checked(Table table, std::string_view key, std::string_view stored) {
  if (stored.size() >= kChecksumBytes) {
    const std::string_view value = stored.substr(kChecksumBytes);
    if (load_le<std::uint64_t>(stored.data()) == checksum(table, key, value)) return value;
  }
  return fail(ErrorKind::kCorrupt,
              "index: table {} key {}: value of {} bytes does not match its checksum", table.number,
              hex_prefix(key), stored.size());
}

}  // namespace

Cursor::Cursor(Cursor&& other) noexcept
    : cursor_(std::exchange(other.cursor_, nullptr)),
      table_(other.table_),
      last_key_(std::move(other.last_key_)),
      ended_(other.ended_) {}

Cursor::~Cursor() {
  if (cursor_) mdb_cursor_close(cursor_);
}

Result<std::optional<Row>> Cursor::fetch(int operation, std::string_view key) {
  if (cursor_ == nullptr || ended_) return std::optional<Row>();
  MDB_val k = to_val(key), v{};
  const int code = mdb_cursor_get(cursor_, &k, &v, static_cast<MDB_cursor_op>(operation));
  if (code == MDB_NOTFOUND) return std::optional<Row>();
  if (code) {
    ended_ = true;
    return lmdb_error(code, "walk");
  }
  if (operation == MDB_NEXT && from_val(k) <= last_key_) {
    ended_ = true;
    return fail(ErrorKind::kCorrupt, "index: table {} key {}: follows {}", table_.number,
                hex_prefix(from_val(k)), hex_prefix(last_key_));
  }
  last_key_ = from_val(k);
  TRY(const std::string_view value, checked(table_, from_val(k), from_val(v)));
  return std::optional<Row>(Row{from_val(k), value, load_le<std::uint64_t>(v.mv_data)});
}

Result<std::optional<Row>> Cursor::seek(std::string_view key) {
  // LMDB refuses empty keys: the first row is asked for instead.
  return key.empty() ? fetch(MDB_FIRST, {}) : fetch(MDB_SET_RANGE, key);
}

Result<std::optional<Row>> Cursor::seek_before(std::string_view key) {
  TRY(const auto at, seek(key));
  if (at && at->key == key) return at;
  return fetch(at ? MDB_PREV : MDB_LAST, {});
}

Result<std::optional<Row>> Cursor::next() {
  return fetch(MDB_NEXT, {});
}

ReadTransaction::ReadTransaction(ReadTransaction&& other) noexcept
    : transaction_(std::exchange(other.transaction_, nullptr)), sums_(other.sums_) {}

ReadTransaction& ReadTransaction::operator=(ReadTransaction&& other) noexcept {
  std::swap(transaction_, other.transaction_);
  std::swap(sums_, other.sums_);
  return *this;
}

ReadTransaction::~ReadTransaction() {
  if (transaction_) mdb_txn_abort(transaction_);
}

Result<std::optional<std::string_view>> ReadTransaction::get(Table table,
                                                             std::string_view key) const {
  if (!table.is_there()) return std::optional<std::string_view>();
  MDB_val k = to_val(key), v{};
  const int code = mdb_get(transaction_, table.dbi, &k, &v);
  if (code == MDB_NOTFOUND) return std::optional<std::string_view>();
  if (code) return lmdb_error(code, "get");
  TRY(const std::string_view value, checked(table, key, from_val(v)));
  return std::optional<std::string_view>(value);
}

Result<Cursor> ReadTransaction::cursor(Table table) const {
  MDB_cursor* cursor = nullptr;
  if (!table.is_there()) return Cursor(cursor, table);
  if (const int code = mdb_cursor_open(transaction_, table.dbi, &cursor)) {
    return lmdb_error(code, "cursor");
  }
  return Cursor(cursor, table);
}

Result<std::uint64_t> ReadTransaction::count(Table table) const {
  if (!table.is_there()) return std::uint64_t{0};
  MDB_stat stat;
  if (const int code = mdb_stat(transaction_, table.dbi, &stat)) return lmdb_error(code, "count");
  return std::uint64_t{stat.ms_entries};
}

Result<RowSums> ReadTransaction::row_sums() const {
  RowSums sums;
  TRY(auto rows, cursor(sums_));
  TRY(auto row, rows.seek({}));
  while (row) {
    TRY(const RowSum sum, RowSum::decode(row->value));
    sums.emplace(row->key, sum);
    TRY(row, rows.next());
  }
  return sums;
}

Result<RowSum> ReadTransaction::row_sum(std::string_view group_key) const {
  TRY(const auto row, get(sums_, group_key));
  return row ? RowSum::decode(*row) : RowSum();
}

Result<std::optional<std::string>> ReadTransaction::group_from(std::string_view group_key) const {
  TRY(auto rows, cursor(sums_));
  TRY(const auto row, rows.seek(group_key));
  return row ? std::optional(std::string(row->key)) : std::nullopt;
}

Result<RowSum*> WriteTransaction::begin_change(Table table, std::string_view key) {
  if (table.summed == Summed::kNot) return nullptr;
  RowSum& sum = changes_[group_key(table.summed, table.number, key)];
  MDB_val k = to_val(key), v{};
  const int code = mdb_get(transaction_, table.dbi, &k, &v);
  if (code != 0 && code != MDB_NOTFOUND) return lmdb_error(code, "get");
  if (code == 0 && v.mv_size >= kChecksumBytes) sum.remove(load_le<std::uint64_t>(v.mv_data));
  return &sum;
}

Result<void> WriteTransaction::write(Table table, std::string_view key, std::string_view value,
                                     std::uint64_t checksum) {
  MDB_val k = to_val(key);
  MDB_val v{value.size() + kChecksumBytes, nullptr};
  if (const int code = mdb_put(transaction_, table.dbi, &k, &v, MDB_RESERVE)) {
    return lmdb_error(code,
                      fmt::format("put {} bytes under a key of {}", value.size(), key.size()));
  }
  auto* to = static_cast<char*>(v.mv_data);
  store_le(to, checksum);
  value.copy(to + kChecksumBytes, value.size());
  return ok();
}

Result<void> WriteTransaction::put(Table table, std::string_view key, std::string_view value) {
  const std::uint64_t sum = checksum(table, key, value);
  TRY(RowSum* const group, begin_change(table, key));
  TRY(write(table, key, value, sum));
  if (group) group->add(sum);
  bytes_put_ += key.size() + value.size() + kChecksumBytes;
  return ok();
}

Result<void> WriteTransaction::erase(Table table, std::string_view key) {
  TRY(begin_change(table, key));
  MDB_val k = to_val(key);
  const int code = mdb_del(transaction_, table.dbi, &k, nullptr);
  if (code != 0 && code != MDB_NOTFOUND) return lmdb_error(code, "erase");
  bytes_put_ += key.size();
  return ok();
}

Result<void> WriteTransaction::commit() {
  for (const auto& [group, change] : changes_) {
    if (change == RowSum()) continue;
    auto known = row_sum(group);
    if (!known && known.error().kind == ErrorKind::kCorrupt) {
      // No data is damaged, and whoever compares finds that the sum is: not worth stopping for.
      log().error("{}", known.error().text);
      continue;
    }
    TRY(RowSum sum, std::move(known));
    sum.add(change);
    if (sum.rows == 0) {
      TRY(erase(sums_, group));
    } else {
      TRY(put(sums_, group, sum.encode()));
    }
  }
  // LMDB frees the transaction whether or not the commit succeeds.
  if (const int code = mdb_txn_commit(std::exchange(transaction_, nullptr))) {
    return lmdb_error(code, "commit");
  }
  return ok();
}

}  // namespace stepwell::index
