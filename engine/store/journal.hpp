#pragma once

// The redo journal of a checkpoint: what would overwrite or erase rows is first written down here,
// invisibly; once the checkpoint is published it is copied into place, row by row, in order.
// Copying is idempotent: a row is erased in the transaction that copied it.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/store/layout.hpp"

namespace stepwell::store {

class Journal {
 public:
  explicit Journal(const Layout& layout) : layout_(layout) {}

  void put(index::Table table, std::string_view key, std::string_view value);
  void erase(index::Table table, std::string_view key);
  // All operations since the last end_unit() are copied in one transaction.
  Result<void> end_unit(index::WriteTransaction& transaction);
  // Writes what is left.
  Result<void> flush(index::WriteTransaction& transaction);

  std::uint64_t rows() const { return rows_; }
  std::uint64_t bytes() const { return bytes_; }

  // Copies rows until the transaction is full; false when none is left.
  static Result<bool> copy(index::Environment& environment, const Layout& layout, Meta& meta,
                           std::uint64_t transaction_bytes);

 private:
  void add(index::Table table, std::string_view key, const std::optional<std::string_view>& value);

  const Layout& layout_;
  std::string row_;
  std::uint64_t rows_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace stepwell::store
