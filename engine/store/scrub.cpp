#include "engine/store/scrub.hpp"

#include "engine/base/bytes.hpp"
#include "engine/store/check.hpp"
#include "engine/store/tail.hpp"

namespace stepwell::store {
namespace {

// Of a piece: 256 chunks, about a megabyte.
constexpr std::size_t kRowsAtOnce = 4;

}  // namespace

Scrub::Scrub(index::Environment& environment, const Layout& layout, Visit visit)
    : environment_(environment), layout_(layout), visit_(std::move(visit)) {}

Result<bool> Scrub::step() {
  if (!run_) return next_group();
  TRY(check_chunks(*run_));
  return true;
}

Result<void> Scrub::tell(const std::string& where, const Result<void>& result) {
  if (result) return ok();
  if (result.error().kind != ErrorKind::kCorrupt) return result.error();
  ++scrubbed_.problems;
  visit_(where.empty() ? result.error().text : fmt::format("{}: {}", where, result.error().text));
  return ok();
}

Result<bool> Scrub::next_group() {
  TRY(const auto transaction, environment_.begin_read());
  auto next = transaction.group_after(group_);
  if (!next) {
    // Which group is behind a damaged row of sums cannot be told.
    TRY(tell("row sums", next.error()));
    return false;
  }
  if (!next.value()) return false;
  group_ = next.value()->key;
  TRY(tell("", compare_rows(transaction, *next.value())));
  if (const auto owner = index::group_of_key(group_).owner) {
    ++scrubbed_.runs;
    run_ = RunNumber{*owner};
    row_after_ = run_key(*run_);
    TRY(tell(fmt::format("run {}", *owner), check_tails(transaction, *run_)));
  }
  return true;
}

Result<void> Scrub::compare_rows(const index::ReadTransaction& transaction,
                                 const index::ReadTransaction::Group& group) {
  const auto [owner, number] = index::group_of_key(group.key);
  index::RowSum found;
  for (std::size_t i = 0; i < environment_.table_count(); ++i) {
    const index::Table table = environment_.table(i);
    if (owner && table.summed == index::Summed::kByOwner) {
      TRY(add_rows(transaction, table, Encoder().big(*owner).view(), found));
    } else if (number == table.dbi && table.summed == index::Summed::kByTable) {
      TRY(add_rows(transaction, table, {}, found));
    }
  }
  if (found == group.sum) return ok();
  return fail(ErrorKind::kCorrupt, "{}", index::describe_difference(group.key, found, group.sum));
}

Result<void> Scrub::add_rows(const index::ReadTransaction& transaction, index::Table table,
                             std::string_view prefix, index::RowSum& sum) {
  TRY(auto cursor, transaction.cursor(table));
  for (auto row = cursor.seek(prefix);; row = cursor.next()) {
    if (!row) {
      TRY(tell("", row.error()));
      // A cursor that cannot go on tells the same for ever; the sum says that something is missing.
      return ok();
    }
    if (!row.value() || !row.value()->key.starts_with(prefix)) return ok();
    sum.add(row.value()->checksum);
    ++scrubbed_.rows;
    scrubbed_.bytes += row.value()->key.size() + row.value()->value.size();
  }
}

Result<void> Scrub::check_chunks(RunNumber run) {
  TRY(const auto transaction, environment_.begin_read());
  TRY(auto cursor, transaction.cursor(layout_.directory));
  ChunkReader reader(transaction, layout_);
  const std::string prefix = run_key(run);
  Columns points;
  auto row = cursor.seek(row_after_);
  if (row && row.value() && row.value()->key == row_after_) row = cursor.next();
  for (std::size_t rows = 0; rows < kRowsAtOnce; ++rows, row = cursor.next()) {
    // A damaged row was told with the sums.
    if (!row || !row.value() || !row.value()->key.starts_with(prefix)) {
      run_.reset();
      return ok();
    }
    row_after_ = row.value()->key;
    const std::string where = fmt::format("run {}", run.value);
    const auto entries = decode_row(row.value()->value);
    if (!entries) {
      TRY(tell(where, entries.error()));
      continue;
    }
    for (const ChunkEntry& entry : entries.value()) {
      TRY(tell(where, check_chunk(reader, entry, points)));
      ++scrubbed_.chunks;
      scrubbed_.bytes += entry.bytes;
    }
  }
  return ok();
}

Result<void> Scrub::check_tails(const index::ReadTransaction& transaction, RunNumber run) {
  TRY(const auto blobs, read_tail_list(transaction, layout_, run));
  Columns points;
  for (const TailBlob& blob : blobs) {
    TRY(auto cursor, transaction.cursor(layout_.tails));
    const std::string prefix = tail_prefix(blob.number);
    std::uint64_t bytes = 0;
    TRY(auto row, cursor.seek(prefix));
    while (row && row->key.starts_with(prefix) && bytes <= blob.bytes) {
      TRY(const auto part, TailPart::open(row->value));
      for (std::size_t i = 0; i < part.series().size(); ++i) {
        points.clear();
        TRY(part.read(i, points));
      }
      bytes += row->value.size();
      TRY(row, cursor.next());
    }
    scrubbed_.bytes += bytes;
    if (bytes == blob.bytes) continue;
    return fail(ErrorKind::kCorrupt, "tail blob {} has {} bytes, expected {}", blob.number, bytes,
                blob.bytes);
  }
  return ok();
}

}  // namespace stepwell::store
