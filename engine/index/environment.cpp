#include "engine/index/environment.hpp"

#include <lmdb.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "engine/base/bytes.hpp"
#include "engine/index/lmdb_error.hpp"

namespace stepwell::index {
namespace {

const std::string kSumsTable = "index.row_sums";

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
                                                       const std::vector<TableDescription>& tables,
                                                       Options options) {
  if (options.observe) options.create = false;
  if (!options.create && ::access(path.c_str(), F_OK) != 0) {
    return fail(ErrorKind::kNotFound, "{} does not exist", path);
  }
  std::unique_ptr<Environment> self(new Environment);
  self->path_ = path;
  if (const int code = mdb_env_create(&self->environment_)) return lmdb_error(code, "create");
  MDB_env* env = self->environment_;
  mdb_env_set_maxdbs(env, static_cast<MDB_dbi>(tables.size() + 1));
  mdb_env_set_maxreaders(env, options.readers_max);
  if (const int code = mdb_env_set_mapsize(env, options.map_bytes))
    return lmdb_error(code, "map size");
  // NOLOCK is safe nowhere: readers and the writer meet in one process through the lock file.
  constexpr unsigned kFlags = MDB_NOSUBDIR | MDB_NOTLS | MDB_NORDAHEAD;
  const unsigned flags = kFlags | (options.observe ? MDB_RDONLY : 0);
  if (const int code = mdb_env_open(env, path.c_str(), flags, 0600)) {
    return lmdb_error(code, "open " + path);
  }
  if (!options.observe) {
    TRY(extend_to_last_page(env, path));
    self->release_dead_readers();
  }

  self->descriptions_ = tables;
  TRY(self->open_tables(options.create));
  return self;
}

Result<void> Environment::open_tables(bool create) {
  MDB_txn* transaction = nullptr;
  const int begun = mdb_txn_begin(environment_, nullptr, create ? 0 : MDB_RDONLY, &transaction);
  if (begun) return lmdb_error(begun, "begin");
  const auto open_table = [&](const TableDescription& description) -> Result<Table> {
    Table table{0, description.number, description.summed};
    const int code =
        mdb_dbi_open(transaction, description.name.c_str(), create ? MDB_CREATE : 0, &table.dbi);
    if (code == 0) return table;
    table.dbi = 0;
    if (code != MDB_NOTFOUND) return lmdb_error(code, "open table " + description.name);
    if (!description.required) return table;
    return fail(ErrorKind::kCorrupt, "index: {} has no table {}", path_, description.name);
  };
  tables_.clear();
  Result<void> result = ok();
  for (const TableDescription& description : descriptions_) {
    const auto opened = open_table(description);
    if (!opened) {
      result = opened.error();
      break;
    }
    tables_.push_back(opened.value());
  }
  const auto sums = open_table({kSumsTable, kSumsNumber});
  if (sums) sums_ = sums.value();
  if (result && !sums) result = sums.error();
  if (!result) {
    mdb_txn_abort(transaction);
    return result;
  }
  if (const int code = mdb_txn_commit(transaction)) return lmdb_error(code, "commit tables");
  return ok();
}

Result<void> Environment::create_missing() {
  for (const Table& table : tables_) {
    if (!table.is_there()) return open_tables(true);
  }
  return ok();
}

Result<void> Environment::set_aside(const std::string& path) {
  const std::string aside = path + ".incomplete";
  if (std::rename(path.c_str(), aside.c_str()) != 0) return errno_error(errno, "rename", path);
  return ok();
}

void Environment::release_dead_readers() {
  int dead = 0;
  mdb_reader_check(environment_, &dead);
}

Environment::~Environment() {
  if (environment_) mdb_env_close(environment_);
}

Result<ReadTransaction> Environment::begin_read() {
  MDB_txn* transaction = nullptr;
  if (const int code = mdb_txn_begin(environment_, nullptr, MDB_RDONLY, &transaction)) {
    return lmdb_error(code, "begin read");
  }
  return ReadTransaction(transaction, sums_);
}

Result<WriteTransaction> Environment::begin_write() {
  MDB_txn* transaction = nullptr;
  if (const int code = mdb_txn_begin(environment_, nullptr, 0, &transaction)) {
    return lmdb_error(code, "begin write");
  }
  return WriteTransaction(transaction, sums_);
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

}  // namespace stepwell::index
