#pragma once

// One consistent state made of layers: the active generation over the frozen one over the index. A
// snapshot is one as of the last published LSN; the fold reads through one that sees everything.

#include <memory>
#include <optional>
#include <vector>

#include "engine/store/fold.hpp"
#include "engine/store/generation.hpp"
#include "engine/store/layout.hpp"

namespace stepwell::store {

class LayeredReader final : public RowReader {
 public:
  // `frozen` may be null. `layout` outlives the reader.
  LayeredReader(const Layout& layout, index::ReadTransaction transaction, GenerationPtr frozen,
                GenerationPtr active, Lsn as_of);

  Result<std::optional<std::string>> get(TableNumber table, std::string_view key) const override;
  Result<void> scan(TableNumber table, std::string_view prefix, std::string_view from,
                    const RowVisitor& visit) const override;

  // A run's blocks that are not, or perhaps not yet, in the index.
  std::vector<BlockPtr> blocks(RunNumber run) const;
  const index::ReadTransaction& transaction() const { return transaction_; }
  const Layout& layout() const { return layout_; }
  Lsn as_of() const { return as_of_; }

 private:
  const Layout& layout_;
  index::ReadTransaction transaction_;
  GenerationPtr frozen_;
  GenerationPtr active_;
  Lsn as_of_;
};

}  // namespace stepwell::store
