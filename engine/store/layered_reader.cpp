#include "engine/store/layered_reader.hpp"

#include <algorithm>

namespace stepwell::store {
namespace {

// A generation's rows one after another, fetched in pages so that its lock is held shortly.
class GenerationScan {
 public:
  GenerationScan(const Generation* generation, TableNumber table, std::string_view prefix,
                 std::string_view from, Lsn as_of)
      : generation_(generation), table_(table), prefix_(prefix), as_of_(as_of) {
    if (generation_) fetch(from, false);
  }

  const Generation::FoundRow* row() const { return at_ < page_.size() ? &page_[at_] : nullptr; }

  void next() {
    if (++at_ < page_.size() || page_.size() < kPageRows) return;
    const std::string last = std::move(page_.back().key);
    fetch(last, true);
  }

 private:
  static constexpr std::size_t kPageRows = 256;

  void fetch(std::string_view from, bool exclusive) {
    page_ = generation_->rows(table_, prefix_, from, exclusive, as_of_, kPageRows);
    at_ = 0;
  }

  const Generation* generation_;
  TableNumber table_;
  std::string_view prefix_;
  Lsn as_of_;
  std::vector<Generation::FoundRow> page_;
  std::size_t at_ = 0;
};

}  // namespace

LayeredReader::LayeredReader(const Layout& layout, index::ReadTransaction transaction,
                             GenerationPtr frozen, GenerationPtr active, Lsn as_of)
    : layout_(layout),
      transaction_(std::move(transaction)),
      frozen_(std::move(frozen)),
      active_(std::move(active)),
      as_of_(as_of) {}

Result<std::optional<std::string>> LayeredReader::get(TableNumber table,
                                                      std::string_view key) const {
  if (auto change = active_->get(table, key, as_of_)) return std::move(*change);
  if (frozen_) {
    if (auto change = frozen_->get(table, key, as_of_)) return std::move(*change);
  }
  TRY(const auto value, transaction_.get(layout_.fold_table(table), key));
  if (!value) return std::optional<std::string>();
  return std::optional<std::string>(std::string(*value));
}

Result<void> LayeredReader::scan(TableNumber table, std::string_view prefix, std::string_view from,
                                 const RowVisitor& visit) const {
  GenerationScan active(active_.get(), table, prefix, from, as_of_);
  GenerationScan frozen(frozen_.get(), table, prefix, from, as_of_);
  TRY(auto cursor, transaction_.cursor(layout_.fold_table(table)));
  TRY(auto stored, cursor.seek(std::max(prefix, from)));
  while (true) {
    if (stored && !stored->key.starts_with(prefix)) stored.reset();
    const auto* upper = active.row();
    const auto* lower = frozen.row();
    if (!upper && !lower && !stored) return ok();
    std::string_view least = upper   ? std::string_view(upper->key)
                             : lower ? std::string_view(lower->key)
                                     : stored->key;
    if (lower) least = std::min(least, std::string_view(lower->key));
    if (stored) least = std::min(least, stored->key);

    // The uppermost layer that has the row says what it is.
    const bool in_upper = upper && upper->key == least;
    const bool in_lower = lower && lower->key == least;
    const bool in_stored = stored && stored->key == least;
    bool go_on = true;
    if (in_upper || in_lower) {
      const Generation::FoundRow& row = in_upper ? *upper : *lower;
      if (row.change) go_on = visit(row.key, *row.change);
    } else {
      go_on = visit(stored->key, stored->value);
    }
    if (!go_on) return ok();
    if (in_stored) {
      TRY(stored, cursor.next());
    }
    if (in_upper) active.next();
    if (in_lower) frozen.next();
  }
}

std::vector<BlockPtr> LayeredReader::blocks(RunNumber run) const {
  std::vector<BlockPtr> blocks;
  if (frozen_) blocks = frozen_->blocks(run, as_of_);
  const std::vector<BlockPtr> young = active_->blocks(run, as_of_);
  blocks.insert(blocks.end(), young.begin(), young.end());
  return blocks;
}

}  // namespace stepwell::store
