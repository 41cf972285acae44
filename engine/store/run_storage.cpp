#include "engine/store/run_storage.hpp"

#include "engine/store/directory.hpp"
#include "engine/store/run_blocks.hpp"
#include "engine/store/tail.hpp"

namespace stepwell::store {
namespace {

template <typename Visit>
Result<void> visit_run(const index::ReadTransaction& transaction, index::Table table, RunNumber run,
                       const Visit& visit) {
  const std::string prefix = run_key(run);
  TRY(auto cursor, transaction.cursor(table));
  TRY(auto row, cursor.seek(prefix));
  while (row && row->key.starts_with(prefix)) {
    TRY(visit(*row));
    TRY(row, cursor.next());
  }
  return ok();
}

}  // namespace

Result<RunStorage> run_storage(const LayeredReader& reader, RunNumber run) {
  const index::ReadTransaction& transaction = reader.transaction();
  const Layout& layout = reader.layout();
  RunStorage storage;
  const auto add_row = [&](const index::Row& row) -> Result<void> {
    storage.row_bytes += row.key.size() + row.value.size();
    return ok();
  };
  TRY(visit_run(transaction, layout.directory, run, [&](const index::Row& row) -> Result<void> {
    TRY(const auto entries, decode_row(row.value));
    for (const ChunkEntry& entry : entries) {
      storage.points += entry.stats.count;
      storage.chunk_bytes += entry.bytes;
    }
    return add_row(row);
  }));
  for (const index::Table table : layout.run_tables()) {
    TRY(visit_run(transaction, table, run, add_row));
  }
  TRY(const auto blobs, read_tail_list(transaction, layout, run));
  for (const TailBlob& blob : blobs) {
    storage.points += blob.points;
    storage.tail_bytes += blob.bytes;
  }
  storage.points += RunBlocks(reader.blocks(run)).points();
  return storage;
}

}  // namespace stepwell::store
