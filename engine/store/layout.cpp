#include "engine/store/layout.hpp"

#include "engine/base/bytes.hpp"

namespace stepwell::store {
namespace {

constexpr std::string_view kMetaKey = "store";
constexpr std::size_t kOwnTables = 4;

}  // namespace

std::vector<std::string> Layout::table_names(const std::vector<std::string>& fold_tables) {
  std::vector<std::string> names = {"store.meta", "store.journal", "store.directory",
                                    "store.chunks"};
  names.insert(names.end(), fold_tables.begin(), fold_tables.end());
  return names;
}

Layout::Layout(const index::Environment& environment)
    : meta(environment.table(0)),
      journal(environment.table(1)),
      directory(environment.table(2)),
      chunks(environment.table(3)) {
  for (std::size_t i = kOwnTables; i < environment.table_count(); ++i) {
    fold_tables_.push_back(environment.table(i));
  }
}

Result<std::optional<Meta>> Layout::read_meta(const index::ReadTransaction& transaction) const {
  TRY(const auto row, transaction.get(meta, kMetaKey));
  if (!row) return std::optional<Meta>();
  Decoder in(*row);
  Meta value;
  value.format = in.get<std::uint32_t>();
  if (value.format != kFormatVersion) {
    return fail(ErrorKind::kInvalid, "the index has format {}, this program reads format {}",
                value.format, kFormatVersion);
  }
  value.store.bytes = in.get<std::array<std::uint8_t, 16>>();
  value.incarnation = in.get<std::uint64_t>();
  value.applied.value = in.get<std::uint64_t>();
  value.next_chunk = in.get<std::uint64_t>();
  value.journal_rows = in.get<std::uint64_t>();
  if (!in.done())
    return fail(ErrorKind::kCorrupt, "the index's meta row has {} bytes", row->size());
  return std::optional<Meta>(value);
}

Result<void> Layout::write_meta(index::WriteTransaction& transaction, const Meta& value) const {
  Encoder out;
  out.put(value.format).put(value.store.bytes).put(value.incarnation).put(value.applied.value);
  out.put(value.next_chunk).put(value.journal_rows);
  return transaction.put(meta, kMetaKey, out.view());
}

}  // namespace stepwell::store
