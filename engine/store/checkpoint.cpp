#include "engine/store/checkpoint.hpp"

#include <algorithm>

#include "engine/base/assert.hpp"
#include "engine/store/directory.hpp"
#include "engine/store/tail.hpp"

namespace stepwell::store {
namespace {

constexpr std::size_t kRowsPerPage = 1024;

// Erases rows from `first_key` on, a bounded number a transaction.
Result<void> erase_orphans(index::Environment& environment, index::Table table,
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
                       GenerationPtr frozen, Lsn applied, const Options& options)
    : environment_(environment),
      layout_(layout),
      meta_(meta),
      frozen_(std::move(frozen)),
      applied_(applied),
      options_(options),
      journal_(layout),
      sealer_(layout, options.sizes, meta_, journal_),
      runs_(frozen_->runs()) {
  STEPWELL_ASSERT(!meta_.has_journal());
  std::reverse(runs_.begin(), runs_.end());
}

Result<Meta> Checkpoint::recover(index::Environment& environment, const Layout& layout, Meta meta,
                                 std::uint64_t transaction_bytes, bool keep_orphans) {
  while (meta.has_journal()) {
    TRY(Journal::copy(environment, layout, meta, transaction_bytes));
  }
  if (keep_orphans) return meta;
  TRY(erase_orphans(environment, layout.journal, {}));
  TRY(erase_orphans(environment, layout.chunks, chunk_key(meta.next_chunk_value)));
  TRY(erase_orphans(environment, layout.tails, tail_prefix(meta.next_blob)));
  return meta;
}

Written& Written::operator+=(const Written& more) {
  points_sealed += more.points_sealed;
  points_rewritten += more.points_rewritten;
  chunk_bytes += more.chunk_bytes;
  tail_bytes += more.tail_bytes;
  journal_bytes += more.journal_bytes;
  return *this;
}

std::string Written::describe() const {
  return fmt::format(
      "{} points sealed, {} of them anew; {} bytes of chunks, {} of tails, {} of journal",
      points_sealed, points_rewritten, chunk_bytes, tail_bytes, journal_bytes);
}

Written Checkpoint::written() const {
  Written written;
  written.points_sealed = sealer_.points_sealed();
  written.points_rewritten = sealer_.points_rewritten();
  written.chunk_bytes = sealer_.chunk_bytes();
  written.tail_bytes = tail_bytes_;
  written.journal_bytes = journal_.bytes();
  return written;
}

Result<bool> Checkpoint::step(std::uint64_t transaction_bytes) {
  const std::uint64_t bytes = std::min(transaction_bytes, options_.transaction_bytes);
  if (phase_ == Phase::kCopy) {
    TRY(const bool more, Journal::copy(environment_, layout_, meta_, bytes));
    if (!more) phase_ = Phase::kDone;
    return more;
  }
  if (phase_ == Phase::kDone) return false;
  TRY(auto transaction, environment_.begin_write());
  if (phase_ == Phase::kPoints) {
    TRY(compact_runs(transaction, bytes));
  } else if (phase_ == Phase::kRows) {
    TRY(journal_rows(transaction, bytes));
  } else {
    meta_.applied = applied_;
    meta_.journal_first = 0;
    meta_.journal_end = journal_.rows();
    TRY(layout_.write_meta(transaction, meta_));
    phase_ = meta_.has_journal() ? Phase::kCopy : Phase::kDone;
  }
  TRY(transaction.commit());
  return phase_ != Phase::kDone;
}

Result<void> Checkpoint::compact_runs(index::WriteTransaction& transaction, std::uint64_t bytes) {
  while (transaction.bytes_put() < bytes) {
    if (!run_ && runs_.empty()) {
      phase_ = Phase::kRows;
      return ok();
    }
    if (!run_) {
      const RunNumber run = runs_.back();
      runs_.pop_back();
      TRY(auto blobs, read_tail_list(transaction, layout_, run));
      run_.emplace(layout_, options_.sizes, meta_, journal_, sealer_, run,
                   RunBlocks(frozen_->blocks(run, applied_)), std::move(blobs));
    }
    TRY(const bool more, run_->step(transaction, bytes));
    if (more) continue;
    tail_bytes_ += run_->tail_bytes();
    run_.reset();
  }
  return ok();
}

Result<void> Checkpoint::journal_rows(index::WriteTransaction& transaction, std::uint64_t bytes) {
  while (transaction.bytes_put() < bytes) {
    if (table_ == layout_.fold_table_count()) {
      phase_ = Phase::kPublish;
      for (const RunNumber run : frozen_->retired()) {
        journal_.put(layout_.retired, run_key(run), {});
        TRY(journal_.end_unit(transaction));
      }
      return journal_.flush(transaction);
    }
    const index::Table table = layout_.fold_table({table_});
    const auto rows =
        frozen_->rows({table_}, {}, row_after_, !row_after_.empty(), applied_, kRowsPerPage);
    for (const auto& row : rows) {
      if (row.change) {
        journal_.put(table, row.key, *row.change);
      } else {
        journal_.erase(table, row.key);
      }
      TRY(journal_.end_unit(transaction));
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

}  // namespace stepwell::store
