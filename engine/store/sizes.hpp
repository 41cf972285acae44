#pragma once

// When points are sealed, and into pieces of which size. The format allows every choice, also a
// different one at each opening; tests choose small ones, so that few points take every path.

#include <cstddef>

#include "engine/store/chunk.hpp"

namespace stepwell::store {

struct Sizes {
  std::size_t chunk_points = kChunkPoints;  // At most kChunkPoints.
  // Fewer points of a series than this stay in its tail.
  std::size_t seal_points = kChunkPoints / 2;
  // Chunks are rewritten for late points if they hold at most this many times as many.
  std::size_t rewrite_ratio = 8;
  // With this many points of a series in the tail it pays always: they take memory.
  std::size_t late_points_max = 256 << 10;
  std::size_t row_entries = 64;            // Of a directory row, at most kRowEntries.
  std::size_t tail_part_bytes = 60 << 10;  // About; a part is at most one series more.
};

}  // namespace stepwell::store
