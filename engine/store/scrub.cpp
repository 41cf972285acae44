#include "engine/store/scrub.hpp"

#include "engine/base/bytes.hpp"
#include "engine/store/check.hpp"
#include "engine/store/tail.hpp"

namespace stepwell::store {
namespace {

// Of a piece: 256 chunks, about a megabyte.
constexpr std::size_t kRowsAtOnce = 4;
// Runs in a row whose place cannot be read, before the walk gives up.
constexpr std::size_t kUnreadableMax = 1000;

}  // namespace

Scrub::Scrub(index::Environment& environment, const Layout& layout, Visit visit)
    : environment_(environment), layout_(layout), visit_(std::move(visit)) {}

Result<bool> Scrub::step() {
  if (table_ < environment_.table_count()) {
    const index::Table table = environment_.table(table_++);
    if (table.summed == index::Summed::kByTable) {
      TRY(check_table(table));
    }
    return true;
  }
  if (!run_) return next_run();
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

Result<void> Scrub::compare(const index::ReadTransaction& transaction, const std::string& group,
                            const index::RowSum& found) {
  TRY(const index::RowSum expected, transaction.row_sum(group));
  if (found == expected) return ok();
  return fail(ErrorKind::kCorrupt, "{}", index::describe_difference(group, found, expected));
}

Result<void> Scrub::check_table(index::Table table) {
  TRY(const auto transaction, environment_.begin_read());
  index::RowSum found;
  TRY(add_rows(transaction, table, {}, found));
  return tell("", compare(transaction, index::group_key(table.summed, table.number, {}), found));
}

Result<std::optional<RunNumber>> Scrub::find_run(const index::ReadTransaction& transaction,
                                                 RunNumber from) const {
  std::optional<RunNumber> first;
  const auto consider = [&](std::uint64_t number) {
    if (!first || number < first->value) first = RunNumber{number};
  };
  const std::string key = run_key(from);
  TRY(const auto group, transaction.group_from(index::group_key(index::Summed::kByOwner, 0, key)));
  if (group) consider(index::group_of_key(*group).owner.value_or(from.value));
  for (std::size_t i = 0; i < environment_.table_count(); ++i) {
    if (environment_.table(i).summed != index::Summed::kByOwner) continue;
    TRY(auto cursor, transaction.cursor(environment_.table(i)));
    TRY(const auto row, cursor.seek(key));
    if (row) consider(Decoder(row->key).big<std::uint64_t>());
  }
  return first;
}

Result<bool> Scrub::next_run() {
  TRY(const auto transaction, environment_.begin_read());
  const auto found = find_run(transaction, next_);
  if (!found) {
    // Which run is next cannot be told: each number is tried, up to the next that can.
    TRY(tell("", found.error()));
    if (++unreadable_ > kUnreadableMax) return false;
    ++next_.value;
    return true;
  }
  if (!found.value()) return false;
  run_ = *found.value();
  next_ = {run_->value + 1};
  row_after_ = run_key(*run_);
  ++scrubbed_.runs;
  const std::string where = fmt::format("run {}", run_->value);
  TRY(tell("", check_rows(transaction, *run_)));
  TRY(tell(where, check_tails(transaction, *run_)));
  return true;
}

Result<void> Scrub::check_rows(const index::ReadTransaction& transaction, RunNumber run) {
  const std::string key = run_key(run);
  index::RowSum found;
  for (std::size_t i = 0; i < environment_.table_count(); ++i) {
    const index::Table table = environment_.table(i);
    if (table.summed != index::Summed::kByOwner) continue;
    TRY(add_rows(transaction, table, key, found));
  }
  return compare(transaction, index::group_key(index::Summed::kByOwner, 0, key), found);
}

Result<void> Scrub::add_rows(const index::ReadTransaction& transaction, index::Table table,
                             std::string_view prefix, index::RowSum& sum) {
  TRY(auto cursor, transaction.cursor(table));
  for (auto row = cursor.seek(prefix);; row = cursor.next()) {
    if (!row) {
      TRY(tell("", row.error()));
      continue;
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
    if (!row && row.error().kind != ErrorKind::kCorrupt) return row.error();
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
