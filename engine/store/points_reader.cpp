#include "engine/store/points_reader.hpp"

#include <algorithm>
#include <limits>

namespace stepwell::store {
namespace {

constexpr auto kMin = std::numeric_limits<std::int64_t>::min();
constexpr auto kMax = std::numeric_limits<std::int64_t>::max();

}  // namespace

// Infinities have the extreme ranks, so they end the order of values.
Point greatest_point() {
  return {kMax, kMax, std::numeric_limits<double>::infinity()};
}
Point least_point() {
  return {kMin, kMin, -std::numeric_limits<double>::infinity()};
}

PointRange step_range(std::int64_t first_step, std::int64_t last_step) {
  Point first = least_point(), last = greatest_point();
  first.step = first_step;
  last.step = last_step;
  return {first, last};
}

void sort_points(std::vector<Point>& points) {
  if (!std::is_sorted(points.begin(), points.end())) std::sort(points.begin(), points.end());
  points.erase(std::unique(points.begin(), points.end()), points.end());
}

void collect(const std::vector<BlockPtr>& blocks, SeriesNumber series, const PointRange& range,
             std::vector<Point>& into) {
  for (const BlockPtr& block : blocks) {
    const auto& all = *block->series;
    if (!block->key_index.empty()) {
      for (std::uint32_t i = 0; i < block->points; ++i) {
        if (all[block->key_index[i]] != series) continue;
        const Point point{block->steps[i], block->times[i], block->values[i]};
        if (range.contains(point)) into.push_back(point);
      }
      continue;
    }
    for (std::size_t column = 0; column < all.size(); ++column) {
      if (all[column] != series) continue;
      const ValueColumn values = block->values.from(column * block->points);
      for (std::uint32_t i = 0; i < block->points; ++i) {
        const Point point{block->steps[i], block->times[i], values[i]};
        if (range.contains(point)) into.push_back(point);
      }
    }
  }
}

Result<std::vector<DirectoryEntry>> find_entries(const index::ReadTransaction& transaction,
                                                 const Layout& layout, SeriesNumber series,
                                                 const PointRange& range, std::size_t limit) {
  std::vector<DirectoryEntry> entries;
  const std::string prefix = directory_prefix(series);
  TRY(auto cursor, transaction.cursor(layout.directory));
  // The chunk that starts at or before the range may reach into it.
  TRY(auto row, cursor.seek_before(directory_key(series, range.first)));
  if (!row || !row->key.starts_with(prefix)) {
    TRY(row, cursor.seek(directory_key(series, range.first)));
  }
  while (row && row->key.starts_with(prefix) && entries.size() < limit) {
    TRY(const auto entry, decode_entry(row->value));
    if (range.last < entry.first) break;
    if (range.first <= entry.last) entries.push_back(entry);
    TRY(row, cursor.next());
  }
  return entries;
}

Result<void> read_chunk(const index::ReadTransaction& transaction, const Layout& layout,
                        const DirectoryEntry& entry, std::vector<Point>& into) {
  TRY(const auto chunk, transaction.get(layout.chunks, chunk_key(entry.chunk)));
  if (!chunk) return fail(ErrorKind::kCorrupt, "index: chunk {} is missing", entry.chunk);
  const std::size_t start = into.size();
  if (auto decoded = decode_chunk(*chunk, into); !decoded) {
    return in_context(fmt::format("index: chunk {}", entry.chunk), decoded.error());
  }
  if (into.size() - start != entry.count || into[start] != entry.first ||
      into.back() != entry.last) {
    return fail(ErrorKind::kCorrupt, "index: chunk {} does not hold what its directory entry says",
                entry.chunk);
  }
  return ok();
}

}  // namespace stepwell::store
