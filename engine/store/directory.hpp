#pragma once

// The directory of a series: one entry a chunk, in the order of the points, which says where the
// chunk lies and what is in it. Charts, counts and latest values are worked out from entries;
// chunks are read for their points only. The chunks of a series never overlap, so neither do
// entries.
//
// Entries lie packed in rows of table `directory`, at most kRowEntries in one, each row under the
// series and the row's first point.

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "engine/store/columns.hpp"
#include "engine/store/layout.hpp"

namespace stepwell::store {

// Series are numbered per store; a run's lie together in the index because the run is named first.
struct SeriesKey {
  RunNumber run;
  SeriesNumber series;
  auto operator<=>(const SeriesKey&) const = default;
};

// What a set of points has in all. Merging two sums up their union if they have no point in common.
struct PointStats {
  std::uint64_t count = 0;
  std::uint64_t nan_count = 0;
  Point first;  // Least and greatest in the total order.
  Point last;
  std::int64_t time_min = std::numeric_limits<std::int64_t>::max();
  std::int64_t time_max = std::numeric_limits<std::int64_t>::min();
  // Of all values but NaN; infinities swapped if there is none. Zeros are +0.
  double value_min = std::numeric_limits<double>::infinity();
  double value_max = -std::numeric_limits<double>::infinity();
  double sum = 0;
  bool times_rise = true;  // Times never fall from a point to the next.

  // Of sorted points.
  static PointStats of(const ColumnsView& points);
  void add(const PointStats& other);
  // Bit for bit.
  bool same_as(const PointStats& other) const;
};

struct ChunkEntry {
  std::uint64_t value = 0;   // Which value of table `chunks`…
  std::uint32_t offset = 0;  // …and where in it.
  std::uint32_t bytes = 0;
  PointStats stats;
};

inline constexpr std::size_t kRowEntries = 64;

// Beginning of the keys of a series' rows; run_key() is that of all of a run's.
std::string directory_prefix(const SeriesKey& series);
// Sorts as the points do.
std::string directory_key(const SeriesKey& series, const Point& first);
// The series of a row's key; nothing if it is no such key.
std::optional<SeriesKey> series_of_key(std::string_view key);

std::string encode_row(std::span<const ChunkEntry> entries);
// kCorrupt: not whole entries, or entries out of order.
Result<std::vector<ChunkEntry>> decode_row(std::string_view row);

struct DirectoryRow {
  std::string key;
  std::vector<ChunkEntry> entries;
};
// Rows of a series that may hold entries of chunks with points in [first, last], in order: from the
// one that begins at or before `first`. `visit` returns false to end.
Result<void> visit_rows(const index::ReadTransaction& transaction, const Layout& layout,
                        const SeriesKey& series, const Point& first, const Point& last,
                        const std::function<bool(DirectoryRow)>& visit);

// Reads chunks of one transaction. Neighbours lie in one value, which is fetched and checked once;
// a write to the transaction ends what was fetched.
class ChunkReader {
 public:
  ChunkReader(const index::ReadTransaction& transaction, const Layout& layout)
      : transaction_(transaction), layout_(layout) {}
  // Appends the points of an entry's chunk. kCorrupt names the chunk.
  Result<void> read(const ChunkEntry& entry, Columns& into);

 private:
  const index::ReadTransaction& transaction_;
  const Layout& layout_;
  std::uint64_t number_ = 0;  // Of `value_`. Values are numbered from 1.
  std::string_view value_;
};
std::string chunk_key(std::uint64_t value);

}  // namespace stepwell::store
