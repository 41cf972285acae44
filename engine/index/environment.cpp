#include "engine/index/environment.hpp"

#include <lmdb.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "engine/base/bytes.hpp"
#include "engine/base/result.hpp"

namespace stepwell::index {
namespace {

Error lmdb_error(int code, std::string_view operation) {
  const ErrorKind kind = code == MDB_CORRUPTED || code == MDB_PAGE_NOTFOUND ||
                                 code == MDB_INVALID || code == MDB_VERSION_MISMATCH
                             ? ErrorKind::kCorrupt
                             : ErrorKind::kIo;
  return fail(kind, "index: {}: {}", operation, mdb_strerror(code));
}

MDB_val to_val(std::string_view text) {
  return {text.size(), const_cast<char*>(text.data())};  // LMDB takes keys and values as const.
}

std::string_view from_val(const MDB_val& value) {
  return {static_cast<const char*>(value.mv_data), value.mv_size};
}

// Covers the table and the key, so that a value found under another key is told.
std::uint64_t checksum(unsigned dbi, std::string_view key, std::string_view value) {
  const std::uint64_t seed = XXH3_64bits_withSeed(key.data(), key.size(), dbi);
  return XXH3_64bits_withSeed(value.data(), value.size(), seed);
}

std::string hex_prefix(std::string_view key) {
  std::string text;
  for (const char c : key.substr(0, 24))
    text += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return text;
}

Result<std::string_view> checked(unsigned dbi, std::string_view key, std::string_view stored) {
  if (stored.size() >= kChecksumBytes) {
    const std::string_view value = stored.substr(kChecksumBytes);
    if (load_le<std::uint64_t>(stored.data()) == checksum(dbi, key, value)) return value;
  }
  return fail(ErrorKind::kCorrupt,
              "index: table {} key {}: value of {} bytes does not match its checksum", dbi,
              hex_prefix(key), stored.size());
}

// A file may end before its last pages, if these were free when they were committed; so may one
// that was cut. Reading behind the end of a mapped file is a SIGBUS, reading zeros is an error that
// names what is missing.
Result<void> extend_to_last_page(MDB_env* env, const std::string& path) {
  MDB_envinfo info;
  MDB_stat stat;
  mdb_env_info(env, &info);
  mdb_env_stat(env, &stat);
  int fd = -1;
  mdb_env_get_fd(env, &fd);
  const auto bytes = static_cast<off_t>((info.me_last_pgno + 1) * stat.ms_psize);
  struct stat file{};
  if (::fstat(fd, &file) != 0) return errno_error(errno, "stat", path);
  if (file.st_size < bytes && ::ftruncate(fd, bytes) != 0) {
    return errno_error(errno, "extend", path);
  }
  return ok();
}

}  // namespace

Result<std::unique_ptr<Environment>> Environment::open(const std::string& path,
                                                       const std::vector<std::string>& tables,
                                                       Options options) {
  if (!options.create && ::access(path.c_str(), F_OK) != 0) {
    return fail(ErrorKind::kNotFound, "{} does not exist", path);
  }
  std::unique_ptr<Environment> self(new Environment);
  self->path_ = path;
  if (const int code = mdb_env_create(&self->environment_)) return lmdb_error(code, "create");
  MDB_env* env = self->environment_;
  mdb_env_set_maxdbs(env, static_cast<MDB_dbi>(tables.size()));
  mdb_env_set_maxreaders(env, options.readers_max);
  if (const int code = mdb_env_set_mapsize(env, options.map_bytes))
    return lmdb_error(code, "map size");
  // NOLOCK is safe nowhere: readers and the writer meet in one process through the lock file.
  if (const int code =
          mdb_env_open(env, path.c_str(), MDB_NOSUBDIR | MDB_NOTLS | MDB_NORDAHEAD, 0600)) {
    return lmdb_error(code, "open " + path);
  }
  TRY(extend_to_last_page(env, path));
  int dead = 0;
  mdb_reader_check(env, &dead);

  MDB_txn* transaction = nullptr;
  if (const int code = mdb_txn_begin(env, nullptr, options.create ? 0 : MDB_RDONLY, &transaction)) {
    return lmdb_error(code, "begin");
  }
  for (const std::string& name : tables) {
    MDB_dbi dbi = 0;
    if (const int code =
            mdb_dbi_open(transaction, name.c_str(), options.create ? MDB_CREATE : 0, &dbi)) {
      mdb_txn_abort(transaction);
      if (code == MDB_NOTFOUND) {
        return fail(ErrorKind::kCorrupt, "index: {} has no table {}", path, name);
      }
      return lmdb_error(code, "open table " + name);
    }
    self->tables_.push_back({dbi});
  }
  if (const int code = mdb_txn_commit(transaction)) return lmdb_error(code, "commit tables");
  return self;
}

Result<void> Environment::set_aside(const std::string& path) {
  const std::string aside = path + ".incomplete";
  if (std::rename(path.c_str(), aside.c_str()) != 0) return errno_error(errno, "rename", path);
  return ok();
}

Environment::~Environment() {
  if (environment_) mdb_env_close(environment_);
}

Result<ReadTransaction> Environment::begin_read() {
  MDB_txn* transaction = nullptr;
  if (const int code = mdb_txn_begin(environment_, nullptr, MDB_RDONLY, &transaction)) {
    return lmdb_error(code, "begin read");
  }
  return ReadTransaction(transaction);
}

Result<WriteTransaction> Environment::begin_write() {
  MDB_txn* transaction = nullptr;
  if (const int code = mdb_txn_begin(environment_, nullptr, 0, &transaction)) {
    return lmdb_error(code, "begin write");
  }
  return WriteTransaction(transaction);
}

Result<Environment::Stats> Environment::stats() {
  MDB_envinfo info;
  MDB_stat stat;
  mdb_env_info(environment_, &info);
  mdb_env_stat(environment_, &stat);
  Stats stats;
  stats.file_bytes = (info.me_last_pgno + 1) * stat.ms_psize;
  stats.readers = info.me_numreaders;
  // Free pages are listed in table 0: values are arrays whose first word is their length.
  TRY(auto transaction, begin_read());
  MDB_cursor* cursor = nullptr;
  if (const int code = mdb_cursor_open(transaction.transaction_, 0, &cursor)) {
    return lmdb_error(code, "free list");
  }
  MDB_val key, value;
  while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0) {
    stats.free_bytes += load_le<std::size_t>(value.mv_data) * stat.ms_psize;
  }
  mdb_cursor_close(cursor);
  return stats;
}

Cursor::Cursor(Cursor&& other) noexcept
    : cursor_(std::exchange(other.cursor_, nullptr)), dbi_(other.dbi_) {}

Cursor::~Cursor() {
  if (cursor_) mdb_cursor_close(cursor_);
}

Result<std::optional<Row>> Cursor::fetch(int operation, std::string_view key) {
  MDB_val k = to_val(key), v{};
  const int code = mdb_cursor_get(cursor_, &k, &v, static_cast<MDB_cursor_op>(operation));
  if (code == MDB_NOTFOUND) return std::optional<Row>();
  if (code) return lmdb_error(code, "walk");
  TRY(const std::string_view value, checked(dbi_, from_val(k), from_val(v)));
  return std::optional<Row>(Row{from_val(k), value});
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
    : transaction_(std::exchange(other.transaction_, nullptr)) {}

ReadTransaction& ReadTransaction::operator=(ReadTransaction&& other) noexcept {
  std::swap(transaction_, other.transaction_);
  return *this;
}

ReadTransaction::~ReadTransaction() {
  if (transaction_) mdb_txn_abort(transaction_);
}

Result<std::optional<std::string_view>> ReadTransaction::get(Table table,
                                                             std::string_view key) const {
  MDB_val k = to_val(key), v{};
  const int code = mdb_get(transaction_, table.dbi, &k, &v);
  if (code == MDB_NOTFOUND) return std::optional<std::string_view>();
  if (code) return lmdb_error(code, "get");
  TRY(const std::string_view value, checked(table.dbi, key, from_val(v)));
  return std::optional<std::string_view>(value);
}

Result<Cursor> ReadTransaction::cursor(Table table) const {
  MDB_cursor* cursor = nullptr;
  if (const int code = mdb_cursor_open(transaction_, table.dbi, &cursor)) {
    return lmdb_error(code, "cursor");
  }
  return Cursor(cursor, table.dbi);
}

Result<std::uint64_t> ReadTransaction::count(Table table) const {
  MDB_stat stat;
  if (const int code = mdb_stat(transaction_, table.dbi, &stat)) return lmdb_error(code, "count");
  return std::uint64_t{stat.ms_entries};
}

Result<void> WriteTransaction::put(Table table, std::string_view key, std::string_view value) {
  MDB_val k = to_val(key);
  MDB_val v{value.size() + kChecksumBytes, nullptr};
  if (const int code = mdb_put(transaction_, table.dbi, &k, &v, MDB_RESERVE)) {
    return lmdb_error(code,
                      fmt::format("put {} bytes under a key of {}", value.size(), key.size()));
  }
  auto* to = static_cast<char*>(v.mv_data);
  store_le(to, checksum(table.dbi, key, value));
  value.copy(to + kChecksumBytes, value.size());
  bytes_put_ += key.size() + v.mv_size;
  return ok();
}

Result<void> WriteTransaction::erase(Table table, std::string_view key) {
  MDB_val k = to_val(key);
  const int code = mdb_del(transaction_, table.dbi, &k, nullptr);
  if (code != 0 && code != MDB_NOTFOUND) return lmdb_error(code, "erase");
  bytes_put_ += key.size();
  return ok();
}

Result<void> WriteTransaction::commit() {
  // LMDB frees the transaction whether or not the commit succeeds.
  if (const int code = mdb_txn_commit(std::exchange(transaction_, nullptr))) {
    return lmdb_error(code, "commit");
  }
  return ok();
}

}  // namespace stepwell::index
