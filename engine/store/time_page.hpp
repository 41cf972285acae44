#pragma once

// A series by time: (timestamp, step, value, bits), in pages, however its times lie. Where times
// rise with steps every chunk is read once; else each page reads the chunks whose times it may
// have.

#include <cstddef>
#include <optional>

#include "engine/store/series_chunks.hpp"

namespace stepwell::store {

// The first `limit` points in `range` that come after `after` by time, in that order; fewer only at
// the end. `unsealed` holds all of the series in `range`. Holds about 2 * limit points, a chunk and
// kEntriesTogether entries.
Result<Columns> read_by_time(SeriesChunks& chunks, const PointRange& range,
                             const std::optional<Point>& after, std::size_t limit,
                             const ColumnsView& unsealed);

// Entries that are read together, the earliest first: the more, the fewer chunks are read in vain.
inline constexpr std::size_t kEntriesTogether = 4096;

}  // namespace stepwell::store
