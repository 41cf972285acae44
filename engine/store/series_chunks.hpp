#pragma once

// The chunks of one series beside its points that are not sealed. A point may be in both; here it
// counts as unsealed, so that chunks without unsealed points in their range are answered by their
// directory entries. Lives as long as its transaction, layout and unsealed points.

#include <functional>

#include "engine/store/directory.hpp"
#include "engine/store/points_reader.hpp"

namespace stepwell::store {

class SeriesChunks {
 public:
  // `unsealed`: strictly sorted; all that the series has in the range that is asked for.
  SeriesChunks(const index::ReadTransaction& transaction, const Layout& layout,
               const SeriesKey& series, const ColumnsView& unsealed)
      : transaction_(transaction),
        layout_(layout),
        series_(series),
        unsealed_(unsealed),
        chunks_(transaction, layout) {}

  // Entries that may have points in `range`, in order, until `visit` returns false or an error.
  using Visit = std::function<Result<bool>(const ChunkEntry&)>;
  Result<void> visit(const PointRange& range, const Visit& visit) const;

  // The first and the last point of all chunks; nothing if there is none.
  struct Ends {
    Point first;
    Point last;
  };
  Result<std::optional<Ends>> ends() const;

  // Whether everything in the chunk is sealed only: its entry tells of all points in its range.
  bool stands_alone(const ChunkEntry& entry) const;
  // The chunk's points but those that are unsealed too, strictly sorted. Valid until the next call.
  Result<ColumnsView> read(const ChunkEntry& entry);

 private:
  const index::ReadTransaction& transaction_;
  const Layout& layout_;
  SeriesKey series_;
  ColumnsView unsealed_;
  ChunkReader chunks_;
  Columns chunk_;
};

}  // namespace stepwell::store
