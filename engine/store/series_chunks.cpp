#include "engine/store/series_chunks.hpp"

namespace stepwell::store {

Result<void> SeriesChunks::visit(const PointRange& range, const Visit& visit) const {
  Result<bool> go_on = true;
  TRY(visit_rows(transaction_, layout_, series_, range.first, range.last,
                 [&](const DirectoryRow& row) {
                   for (const ChunkEntry& entry : row.entries) {
                     if (entry.stats.last < range.first) continue;
                     if (range.last < entry.stats.first) return false;
                     go_on = visit(entry);
                     if (!go_on || !go_on.value()) return false;
                   }
                   return true;
                 }));
  if (!go_on) return go_on.error();
  return ok();
}

Result<std::optional<SeriesChunks::Ends>> SeriesChunks::ends() const {
  std::optional<Ends> ends;
  const auto look = [&](const Point& from) {
    return visit_rows(transaction_, layout_, series_, from, greatest_point(),
                      [&](const DirectoryRow& row) {
                        if (!ends) ends.emplace().first = row.entries.front().stats.first;
                        ends->last = row.entries.back().stats.last;
                        return false;
                      });
  };
  TRY(look(least_point()));
  TRY(look(greatest_point()));
  return ends;
}

bool SeriesChunks::stands_alone(const ChunkEntry& entry) const {
  if (unsealed_.empty() || entry.stats.last < unsealed_.front()) return true;
  const std::size_t at = unsealed_.lower_bound(entry.stats.first);
  return at == unsealed_.size() || entry.stats.last < unsealed_[at];
}

Result<ColumnsView> SeriesChunks::read(const ChunkEntry& entry) {
  chunk_.clear();
  TRY(chunks_.read(entry, chunk_));
  if (!stands_alone(entry)) {
    const std::size_t first = unsealed_.lower_bound(entry.stats.first);
    erase_all(chunk_, unsealed_.part(first, unsealed_.size() - first));
  }
  return chunk_.view();
}

}  // namespace stepwell::store
