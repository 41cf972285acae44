#pragma once

// The store's tables as one map, for a fold or a state without a store.

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/store/fold.hpp"

namespace stepwell::tracking {

class MapRows final : public store::ApplyTransaction {
 public:
  using Key = std::pair<std::uint8_t, std::string>;

  Result<std::optional<std::string>> get(store::TableNumber table,
                                         std::string_view key) const override {
    const auto row = rows_.find({table.value, std::string(key)});
    return row == rows_.end() ? std::nullopt : std::optional(row->second);
  }
  Result<void> scan(store::TableNumber table, std::string_view prefix, std::string_view from,
                    const store::RowVisitor& visit) const override {
    for (auto row = rows_.lower_bound({table.value, std::string(std::max(prefix, from))});
         row != rows_.end() && row->first.first == table.value &&
         row->first.second.starts_with(prefix);
         ++row) {
      if (!visit(row->first.second, row->second)) break;
    }
    return ok();
  }
  void put(store::TableNumber table, std::string_view key, std::string value) override {
    rows_[{table.value, std::string(key)}] = std::move(value);
  }
  void erase(store::TableNumber table, std::string_view key) override {
    rows_.erase({table.value, std::string(key)});
  }
  void add_points(store::PointBlock block) override { blocks.push_back(std::move(block)); }
  void retire(RunNumber run) override { retired.push_back(run); }

  std::size_t size() const { return rows_.size(); }
  const std::map<Key, std::string>& rows() const { return rows_; }

  std::vector<store::PointBlock> blocks;  // Views over the records' bytes.
  std::vector<RunNumber> retired;

 private:
  std::map<Key, std::string> rows_;
};

}  // namespace stepwell::tracking
