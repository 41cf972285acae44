#include "engine/store/checkpoint.hpp"

#include <algorithm>
#include <limits>

#include "engine/base/assert.hpp"
#include "engine/base/bytes.hpp"

namespace stepwell::store {
namespace {

// A journal row is written once it holds this much. One series' operations are never split between
// two, so that a reader in the middle of the copy sees a series before or after, not in between.
constexpr std::size_t kJournalRowBytes = 128 << 10;
constexpr std::size_t kRowsPerPage = 1024;

// Tables as journal operations name them.
constexpr std::uint8_t kDirectoryTable = 0;
constexpr std::uint8_t kChunkTable = 1;
constexpr std::uint8_t kFirstFoldTable = 2;

void add_operation(std::string& journal, std::uint8_t table, std::string_view key,
                   const std::optional<std::string>& value) {
  Encoder out;
  out.put(table).put(static_cast<std::uint8_t>(value ? 1 : 0)).text(key);
  if (value) out.text(*value);
  journal += out.view();
}

Result<void> apply_operations(index::WriteTransaction& transaction, const Layout& layout,
                              std::string_view journal_row) {
  Decoder in(journal_row);
  while (!in.done()) {
    const auto table = in.get<std::uint8_t>();
    const auto has_value = in.get<std::uint8_t>();
    const std::string_view key = in.text();
    const std::string_view value = has_value ? in.text() : std::string_view();
    if (!in.ok() || table >= kFirstFoldTable + layout.fold_table_count()) {
      return fail(ErrorKind::kCorrupt, "index: journal row of {} bytes is cut", journal_row.size());
    }
    const index::Table target =
        table == kDirectoryTable ? layout.directory
        : table == kChunkTable
            ? layout.chunks
            : layout.fold_table({static_cast<std::uint8_t>(table - kFirstFoldTable)});
    if (has_value) {
      TRY(transaction.put(target, key, value));
    } else {
      TRY(transaction.erase(target, key));
    }
  }
  return ok();
}

std::string journal_key(std::uint64_t row) {
  return Encoder().big(row).take();
}

// Copies journal rows into place until the transaction is full; false when none is left.
Result<bool> copy_journal(index::Environment& environment, const Layout& layout, Meta& meta,
                          std::uint64_t transaction_bytes) {
  TRY(auto transaction, environment.begin_write());
  while (transaction.bytes_put() < transaction_bytes && meta.journal_rows > 0) {
    // Rows are numbered downwards to 1, the number of those left.
    const std::string key = journal_key(meta.journal_rows);
    TRY(const auto row, transaction.get(layout.journal, key));
    if (!row)
      return fail(ErrorKind::kCorrupt, "index: journal row {} is missing", meta.journal_rows);
    TRY(apply_operations(transaction, layout, std::string(*row)));
    TRY(transaction.erase(layout.journal, key));
    --meta.journal_rows;
  }
  TRY(layout.write_meta(transaction, meta));
  TRY(transaction.commit());
  return meta.journal_rows > 0;
}

// Erases rows from `first_key` on, a bounded number a transaction.
Result<void> sweep(index::Environment& environment, index::Table table,
                   const std::string& first_key) {
  while (true) {
    std::vector<std::string> keys;
    TRY(auto transaction, environment.begin_write());
    {
      TRY(auto cursor, transaction.cursor(table));
      TRY(auto row, cursor.seek(first_key));
      while (row && keys.size() < kRowsPerPage) {
        keys.emplace_back(row->key);
        TRY(row, cursor.next());
      }
    }
    if (keys.empty()) return ok();
    for (const std::string& key : keys) {
      TRY(transaction.erase(table, key));
    }
    TRY(transaction.commit());
  }
}

}  // namespace

Checkpoint::Checkpoint(index::Environment& environment, const Layout& layout, const Meta& meta,
                       GenerationPtr frozen, Lsn applied, std::uint64_t transaction_bytes)
    : environment_(environment),
      layout_(layout),
      meta_(meta),
      frozen_(std::move(frozen)),
      applied_(applied),
      transaction_bytes_(transaction_bytes),
      runs_(frozen_->runs()) {
  STEPWELL_ASSERT(meta_.journal_rows == 0);
  std::reverse(runs_.begin(), runs_.end());
}

Result<Meta> Checkpoint::recover(index::Environment& environment, const Layout& layout, Meta meta,
                                 std::uint64_t transaction_bytes) {
  while (meta.journal_rows > 0) {
    TRY(copy_journal(environment, layout, meta, transaction_bytes));
  }
  TRY(sweep(environment, layout.journal, {}));
  TRY(sweep(environment, layout.chunks, chunk_key(meta.next_chunk)));
  return meta;
}

bool Checkpoint::full(const index::WriteTransaction& transaction) const {
  return transaction.bytes_put() >= transaction_bytes_;
}

Result<bool> Checkpoint::step() {
  if (phase_ == Phase::kCopy) {
    TRY(const bool more, copy_journal(environment_, layout_, meta_, transaction_bytes_));
    if (!more) phase_ = Phase::kDone;
    return more;
  }
  if (phase_ == Phase::kDone) return false;
  TRY(auto transaction, environment_.begin_write());
  if (phase_ == Phase::kPoints) {
    TRY(seal_points(transaction));
  } else if (phase_ == Phase::kRows) {
    TRY(journal_rows(transaction));
  } else {
    meta_.applied = applied_;
    TRY(layout_.write_meta(transaction, meta_));
    phase_ = meta_.journal_rows > 0 ? Phase::kCopy : Phase::kDone;
  }
  TRY(transaction.commit());
  return phase_ != Phase::kDone;
}

Result<void> Checkpoint::seal_points(index::WriteTransaction& transaction) {
  while (!full(transaction)) {
    if (series_.empty()) {
      if (runs_.empty()) {
        phase_ = Phase::kRows;
        return ok();
      }
      SeriesPoints gathered = gather(runs_.back());
      runs_.pop_back();
      series_.assign(std::make_move_iterator(gathered.begin()),
                     std::make_move_iterator(gathered.end()));
      // Not in hash order: what is written is the same on every machine.
      std::sort(series_.begin(), series_.end(),
                [](const auto& a, const auto& b) { return a.first > b.first; });
      continue;
    }
    auto [series, points] = std::move(series_.back());
    series_.pop_back();
    TRY(seal_series(transaction, series, points));
  }
  return ok();
}

Checkpoint::SeriesPoints Checkpoint::gather(RunNumber run) const {
  SeriesPoints gathered;
  for (const BlockPtr& block : frozen_->blocks(run, applied_)) {
    SeriesNumber last{};
    std::vector<Point>* into = nullptr;
    for_each_point(*block, [&](SeriesNumber series, const Point& point) {
      if (!into || series != last) into = &gathered[series];
      last = series;
      into->push_back(point);
    });
  }
  return gathered;
}

Result<void> Checkpoint::seal_series(index::WriteTransaction& transaction, SeriesNumber series,
                                     std::vector<Point>& points) {
  sort_points(points);
  // Rewritten are the chunks that the new points fall into, and a last chunk that still has room.
  TRY(auto entries, find_entries(transaction, layout_, series, {points.front(), points.back()},
                                 std::numeric_limits<std::size_t>::max()));
  if (entries.empty()) {
    TRY(auto cursor, transaction.cursor(layout_.directory));
    TRY(const auto row, cursor.seek_before(directory_key(series, points.front())));
    if (row && row->key.starts_with(directory_prefix(series))) {
      TRY(const auto entry, decode_entry(row->value));
      if (entry.count < kChunkPoints) entries.push_back(entry);
    }
  }
  std::size_t known = 0;
  const auto fresh = static_cast<std::ptrdiff_t>(points.size());
  for (const DirectoryEntry& entry : entries) {
    known += entry.count;
    TRY(read_chunk(transaction, layout_, entry, points));
  }
  // Both parts are in order, so they are merged and not sorted anew.
  std::inplace_merge(points.begin(), points.begin() + fresh, points.end());
  points.erase(std::unique(points.begin(), points.end()), points.end());
  if (points.size() == known) return ok();  // Every point came before.

  for (const DirectoryEntry& entry : entries) {
    add_operation(journal_, kDirectoryTable, directory_key(series, entry.first), std::nullopt);
    add_operation(journal_, kChunkTable, chunk_key(entry.chunk), std::nullopt);
  }
  for (std::size_t at = 0; at < points.size(); at += kChunkPoints) {
    const auto part = std::span(points).subspan(at, std::min(kChunkPoints, points.size() - at));
    const DirectoryEntry entry{meta_.next_chunk++, static_cast<std::uint32_t>(part.size()),
                               part.front(), part.back()};
    TRY(transaction.put(layout_.chunks, chunk_key(entry.chunk), encode_chunk(part)));
    add_operation(journal_, kDirectoryTable, directory_key(series, entry.first),
                  encode_entry(entry));
  }
  if (journal_.size() >= kJournalRowBytes) return flush_journal(transaction);
  return ok();
}

Result<void> Checkpoint::journal_rows(index::WriteTransaction& transaction) {
  while (!full(transaction)) {
    if (table_ == layout_.fold_table_count()) {
      phase_ = Phase::kPublish;
      return flush_journal(transaction);
    }
    const auto rows =
        frozen_->rows({table_}, {}, row_after_, !row_after_.empty(), applied_, kRowsPerPage);
    for (const auto& row : rows) {
      add_operation(journal_, static_cast<std::uint8_t>(kFirstFoldTable + table_), row.key,
                    row.change);
      if (journal_.size() >= kJournalRowBytes) {
        TRY(flush_journal(transaction));
      }
    }
    if (rows.size() < kRowsPerPage) {
      ++table_;
      row_after_.clear();
    } else {
      row_after_ = rows.back().key;
    }
  }
  return ok();
}

Result<void> Checkpoint::flush_journal(index::WriteTransaction& transaction) {
  if (journal_.empty()) return ok();
  TRY(transaction.put(layout_.journal, journal_key(++meta_.journal_rows), journal_));
  journal_.clear();
  return ok();
}

}  // namespace stepwell::store
