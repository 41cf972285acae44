#include "engine/store/layout.hpp"

#include <algorithm>

#include "engine/base/assert.hpp"
#include "engine/base/bytes.hpp"

namespace stepwell::store {
namespace {

constexpr std::string_view kMetaKey = "store";
constexpr std::size_t kOwnTables = 7;
constexpr std::uint8_t kFirstFoldTable = 128;

}  // namespace

std::vector<index::TableDescription> Layout::tables(const std::vector<TableInfo>& fold_tables) {
  using index::Summed;
  // Directories name chunks, and tail lists blobs: these need no sums.
  std::vector<index::TableDescription> all = {
      {"store.meta", 0, Summed::kNot},           {"store.journal", 1, Summed::kNot},
      {"store.directory", 2, Summed::kByOwner},  {"store.chunks", 3, Summed::kNot},
      {"store.tail_lists", 4, Summed::kByOwner}, {"store.tails", 5, Summed::kNot},
      {"store.retired", 6, Summed::kByOwner}};
  STEPWELL_ASSERT(kFirstFoldTable + fold_tables.size() <= index::kSumsNumber);
  auto number = kFirstFoldTable;
  for (const TableInfo& table : fold_tables) {
    constexpr bool kRequired = false;  // Which ones are is told by the format: read_meta().
    all.push_back(
        {table.name, number++, table.by_run ? Summed::kByOwner : Summed::kByTable, kRequired});
  }
  return all;
}

Layout::Layout(const index::Environment& environment, const std::vector<TableInfo>& fold_tables)
    : meta(environment.table(0)),
      journal(environment.table(1)),
      directory(environment.table(2)),
      chunks(environment.table(3)),
      tail_lists(environment.table(4)),
      tails(environment.table(5)),
      retired(environment.table(6)),
      fold_infos_(fold_tables) {
  STEPWELL_ASSERT(environment.table_count() == kOwnTables + fold_tables.size());
  for (std::size_t i = 0; i < fold_tables.size(); ++i) {
    fold_tables_.push_back(environment.table(kOwnTables + i));
    if (fold_tables[i].by_run) run_tables_.push_back(fold_tables_.back());
  }
}

std::vector<index::Table> Layout::own_tables() const {
  return {meta, journal, directory, chunks, tail_lists, tails, retired};
}

std::optional<index::Table> Layout::table(std::uint8_t number) const {
  const auto own = own_tables();
  if (number < own.size()) return own[number];
  const std::size_t fold = static_cast<std::size_t>(number) - kFirstFoldTable;
  if (number < kFirstFoldTable || fold >= fold_tables_.size()) return std::nullopt;
  return fold_tables_[fold];
}

Result<std::optional<Meta>> Layout::read_meta(const index::ReadTransaction& transaction) const {
  TRY(const auto row, transaction.get(meta, kMetaKey));
  if (!row) return std::optional<Meta>();
  Decoder in(*row);
  Meta value;
  value.format = in.get<std::uint32_t>();
  if (value.format < kFormatOldest || value.format > kFormatVersion) {
    return fail(ErrorKind::kInvalid, "the index has format {}, this program reads {} to {}",
                value.format, kFormatOldest, kFormatVersion);
  }
  for (std::size_t i = 0; i < fold_infos_.size(); ++i) {
    if (fold_tables_[i].is_there() || fold_infos_[i].since > value.format) continue;
    return fail(ErrorKind::kCorrupt, "the index of format {} has no table {}", value.format,
                fold_infos_[i].name);
  }
  value.store.bytes = in.get<std::array<std::uint8_t, 16>>();
  value.incarnation = in.get<std::uint64_t>();
  value.applied.value = in.get<std::uint64_t>();
  value.next_chunk_value = in.get<std::uint64_t>();
  value.next_blob = in.get<std::uint64_t>();
  value.journal_first = in.get<std::uint64_t>();
  value.journal_end = in.get<std::uint64_t>();
  if (!in.done())
    return fail(ErrorKind::kCorrupt, "the index's meta row has {} bytes", row->size());
  return std::optional<Meta>(value);
}

Result<void> Layout::write_meta(index::WriteTransaction& transaction, const Meta& value) const {
  Encoder out;
  out.put(value.format).put(value.store.bytes).put(value.incarnation).put(value.applied.value);
  out.put(value.next_chunk_value).put(value.next_blob);
  out.put(value.journal_first).put(value.journal_end);
  return transaction.put(meta, kMetaKey, out.view());
}

std::string run_key(RunNumber run) {
  return Encoder().big(run.value).take();
}

}  // namespace stepwell::store
