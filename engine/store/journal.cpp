#include "engine/store/journal.hpp"

#include "engine/base/bytes.hpp"

namespace stepwell::store {
namespace {

// A row is written once it holds this much, and ends with a unit.
constexpr std::size_t kRowBytes = 128 << 10;

std::string row_key(std::uint64_t row) {
  return Encoder().big(row).take();
}

Result<void> copy_row(index::WriteTransaction& transaction, const Layout& layout,
                      std::string_view row) {
  Decoder in(row);
  while (!in.done()) {
    const auto number = in.get<std::uint8_t>();
    const auto has_value = in.get<std::uint8_t>();
    const std::string_view key = in.text();
    const std::string_view value = has_value ? in.text() : std::string_view();
    const auto table = layout.table(number);
    if (!in.ok() || !table) {
      return fail(ErrorKind::kCorrupt, "index: journal row of {} bytes is cut", row.size());
    }
    if (has_value) {
      TRY(transaction.put(*table, key, value));
    } else {
      TRY(transaction.erase(*table, key));
    }
  }
  return ok();
}

}  // namespace

void Journal::put(index::Table table, std::string_view key, std::string_view value) {
  add(table, key, value);
}

void Journal::erase(index::Table table, std::string_view key) {
  add(table, key, std::nullopt);
}

void Journal::add(index::Table table, std::string_view key,
                  const std::optional<std::string_view>& value) {
  Encoder out;
  out.put(table.number).put(static_cast<std::uint8_t>(value ? 1 : 0)).text(key);
  if (value) out.text(*value);
  row_ += out.view();
}

Result<void> Journal::end_unit(index::WriteTransaction& transaction) {
  return row_.size() >= kRowBytes ? flush(transaction) : ok();
}

Result<void> Journal::flush(index::WriteTransaction& transaction) {
  if (row_.empty()) return ok();
  TRY(transaction.put(layout_.journal, row_key(rows_), row_));
  ++rows_;
  bytes_ += row_.size();
  row_.clear();
  return ok();
}

Result<bool> Journal::copy(index::Environment& environment, const Layout& layout, Meta& meta,
                           std::uint64_t transaction_bytes) {
  TRY(auto transaction, environment.begin_write());
  while (transaction.bytes_put() < transaction_bytes && meta.has_journal()) {
    const std::string key = row_key(meta.journal_first);
    TRY(const auto row, transaction.get(layout.journal, key));
    if (!row) {
      return fail(ErrorKind::kCorrupt, "index: journal row {} is missing", meta.journal_first);
    }
    TRY(copy_row(transaction, layout, std::string(*row)));
    TRY(transaction.erase(layout.journal, key));
    ++meta.journal_first;
  }
  TRY(layout.write_meta(transaction, meta));
  TRY(transaction.commit());
  return meta.has_journal();
}

}  // namespace stepwell::store
