#include "engine/store/sweep.hpp"

#include <algorithm>

#include "engine/base/bytes.hpp"
#include "engine/base/logging.hpp"
#include "engine/store/directory.hpp"

namespace stepwell::store {
namespace {

// An erased row changes about a page: its leaf.
constexpr std::uint64_t kPageBytes = 4096;

}  // namespace

Sweep::Sweep(index::Environment& environment, const Layout& layout, std::uint64_t transaction_bytes)
    : environment_(environment),
      layout_(layout),
      rows_max_(std::max<std::uint64_t>(1, transaction_bytes / kPageBytes)) {}

Result<bool> Sweep::step() {
  TRY(const auto run, next_run());
  if (!run) return false;
  rows_ = 0;
  TRY(auto transaction, environment_.begin_write());
  const auto left = free_run(transaction, *run);
  if (!left && left.error().kind == ErrorKind::kCorrupt) {
    // Not worth stopping a store for: nobody reads it.
    log().error("sweep: run number {} stays where it is: {}", run->value, left.error().text);
    damaged_.insert(*run);
    return true;
  }
  if (!left) return left.error();
  TRY(transaction.commit());
  if (!left.value()) ++runs_;
  return true;
}

Result<std::optional<RunNumber>> Sweep::next_run() const {
  TRY(const auto transaction, environment_.begin_read());
  TRY(auto cursor, transaction.cursor(layout_.retired));
  for (auto row = cursor.seek({});; row = cursor.next()) {
    if (!row && row.error().kind == ErrorKind::kCorrupt) {
      log().error("sweep: which runs are retired cannot be read: {}", row.error().text);
      return std::optional<RunNumber>();
    }
    if (!row) return row.error();
    if (!row.value()) return std::optional<RunNumber>();
    const RunNumber run{Decoder(row.value()->key).big<std::uint64_t>()};
    if (!damaged_.contains(run)) return std::optional(run);
  }
}

Result<bool> Sweep::free_run(index::WriteTransaction& transaction, RunNumber run) {
  TRY(bool left, free_chunks(transaction, run));
  if (left) return true;
  TRY(left, free_tails(transaction, run));
  if (left) return true;
  for (const index::Table table : layout_.run_tables()) {
    TRY(left, free_rows(transaction, table, run));
    if (left) return true;
  }
  TRY(transaction.erase(layout_.retired, run_key(run)));
  return false;
}

Result<bool> Sweep::free_chunks(index::WriteTransaction& transaction, RunNumber run) {
  const std::string prefix = run_key(run);
  std::vector<std::string> rows, values;
  bool left = false;
  {
    TRY(auto cursor, transaction.cursor(layout_.directory));
    TRY(auto row, cursor.seek(prefix));
    while (row && row->key.starts_with(prefix) && rows_ + rows.size() + values.size() < rows_max_) {
      TRY(const auto entries, decode_row(row->value));
      rows.emplace_back(row->key);
      // Entries of a value are neighbours, and all in one row.
      for (std::size_t i = 0; i < entries.size(); ++i) {
        const bool is_known = i > 0 && entries[i].value == entries[i - 1].value;
        if (!is_known) values.push_back(chunk_key(entries[i].value));
      }
      TRY(row, cursor.next());
    }
    left = row && row->key.starts_with(prefix);
  }
  TRY(erase(transaction, layout_.directory, rows));
  TRY(erase(transaction, layout_.chunks, values));
  return left;
}

Result<bool> Sweep::free_tails(index::WriteTransaction& transaction, RunNumber run) {
  TRY(auto blobs, read_tail_list(transaction, layout_, run));
  if (blobs.empty()) return false;
  while (!blobs.empty() && rows_ < rows_max_) {
    TRY(const bool left, free_parts(transaction, blobs.back()));
    if (!left) blobs.pop_back();
  }
  ++rows_;
  if (blobs.empty()) {
    TRY(transaction.erase(layout_.tail_lists, run_key(run)));
  } else {
    TRY(transaction.put(layout_.tail_lists, run_key(run), encode_tail_list(blobs)));
  }
  return !blobs.empty();
}

Result<bool> Sweep::free_parts(index::WriteTransaction& transaction, TailBlob& blob) {
  const std::string prefix = tail_prefix(blob.number);
  std::vector<std::string> parts;
  bool left = false;
  {
    TRY(auto cursor, transaction.cursor(layout_.tails));
    TRY(auto row, cursor.seek(prefix));
    while (row && row->key.starts_with(prefix) && rows_ + parts.size() < rows_max_) {
      TRY(const auto part, TailPart::open(row->value));
      parts.emplace_back(row->key);
      --blob.parts;
      blob.bytes -= row->value.size();
      blob.series -= part.series().size();
      for (const TailPart::Series& series : part.series()) blob.points -= series.count;
      TRY(row, cursor.next());
    }
    left = row && row->key.starts_with(prefix);
  }
  TRY(erase(transaction, layout_.tails, parts));
  return left;
}

Result<bool> Sweep::free_rows(index::WriteTransaction& transaction, index::Table table,
                              RunNumber run) {
  const std::string prefix = run_key(run);
  std::vector<std::string> keys;
  bool left = false;
  {
    TRY(auto cursor, transaction.cursor(table));
    TRY(auto row, cursor.seek(prefix));
    while (row && row->key.starts_with(prefix) && rows_ + keys.size() < rows_max_) {
      keys.emplace_back(row->key);
      TRY(row, cursor.next());
    }
    left = row && row->key.starts_with(prefix);
  }
  TRY(erase(transaction, table, keys));
  return left;
}

// Apart from the walk that found them: a write ends a cursor.
Result<void> Sweep::erase(index::WriteTransaction& transaction, index::Table table,
                          const std::vector<std::string>& keys) {
  for (const std::string& key : keys) {
    TRY(transaction.erase(table, key));
  }
  rows_ += keys.size();
  return ok();
}

}  // namespace stepwell::store
