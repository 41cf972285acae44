#pragma once

// The blocks of one run, looked at series by series. Immutable once made; any thread.

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/store/columns.hpp"
#include "engine/store/generation.hpp"

namespace stepwell::store {

class RunBlocks {
 public:
  RunBlocks() = default;
  // In log order.
  explicit RunBlocks(std::vector<BlockPtr> blocks);

  // Each once, in order.
  const std::vector<SeriesNumber>& series() const { return series_; }
  // In all, doubles included.
  std::uint64_t points() const { return points_; }
  // Appends the series' points: unsorted, doubles included.
  void append(SeriesNumber series, Columns& into) const;

 private:
  // Points of a rows block, brought into the order of their keys.
  struct Rows {
    const PointBlock* block;
    std::vector<std::uint32_t> begins;  // Per key, and the end.
    std::vector<std::uint32_t> order;
  };
  // Blocks that name the same series in the same order: nearly always all of a writer's.
  struct Group {
    std::vector<const PointBlock*> matrices;
    std::size_t matrix_points = 0;  // Of each series.
    std::vector<Rows> rows;
  };
  struct Source {
    SeriesNumber series;
    std::uint32_t group;
    std::uint32_t column;
    auto operator<=>(const Source&) const = default;
  };

  std::vector<BlockPtr> blocks_;
  std::vector<Group> groups_;
  std::vector<Source> sources_;  // Sorted.
  std::vector<SeriesNumber> series_;
  std::uint64_t points_ = 0;
};

}  // namespace stepwell::store
