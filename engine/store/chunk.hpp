#pragma once

// How points lie in the index: chunks of sorted points and, per series, a directory of them. The
// plain form of this version: columns of 8 bytes a value, at most kChunkPoints a chunk. UNSTABLE
// until the format is called version 1.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/ids.hpp"
#include "engine/base/points.hpp"
#include "engine/base/result.hpp"

namespace stepwell::store {

inline constexpr std::size_t kChunkPoints = 1024;

// Points in their total order, without doubles.
std::string encode_chunk(std::span<const Point> points);
// Appends them. kCorrupt: cut, or not in order.
Result<void> decode_chunk(std::string_view chunk, std::vector<Point>& into);

// One row of the directory: key = series and the chunk's first point, so that a series' rows lie
// together in the order of its points. The chunks of a series never overlap.
struct DirectoryEntry {
  std::uint64_t chunk = 0;
  std::uint32_t count = 0;
  Point first;
  Point last;
};

std::string directory_prefix(SeriesNumber series);
// Sorts as the points do.
std::string directory_key(SeriesNumber series, const Point& first);
std::string encode_entry(const DirectoryEntry& entry);
Result<DirectoryEntry> decode_entry(std::string_view value);

std::string chunk_key(std::uint64_t chunk);

}  // namespace stepwell::store
