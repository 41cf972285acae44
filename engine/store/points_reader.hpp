#pragma once

// Collecting a series' points from all places they can be in: chunks, the run's tail blobs, and the
// blocks that generations reference. Sets make this simple: a point that is in several counts once.

#include <functional>
#include <optional>
#include <unordered_map>
#include <vector>

#include "engine/store/directory.hpp"
#include "engine/store/layered_reader.hpp"
#include "engine/store/run_blocks.hpp"
#include "engine/store/tail.hpp"

namespace stepwell::store {

// first <= point <= last in the total order.
struct PointRange {
  Point first;
  Point last;
  bool contains(const Point& point) const { return first <= point && point <= last; }
};

// All points of these steps.
PointRange step_range(std::int64_t first_step, std::int64_t last_step);

// What of one run is not sealed: its tail blobs and its blocks. A caller walks the run's series one
// after another, so the part of each blob that was read last is kept.
class UnsealedReader {
 public:
  static Result<UnsealedReader> open(const LayeredReader& reader, RunNumber run);

  // The series' points there that are in `range`, strictly sorted.
  Result<Columns> points(SeriesNumber series, const PointRange& range);

 private:
  struct Blob {
    std::uint64_t number = 0;
    std::optional<TailPart> part;  // The one that holds series from `from` up to before `to`.
    SeriesNumber from, to;
  };
  Result<void> find_part(Blob& blob, SeriesNumber series);

  const LayeredReader* reader_ = nullptr;
  std::vector<Blob> blobs_;
  RunBlocks blocks_;
};

}  // namespace stepwell::store
