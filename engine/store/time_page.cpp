#include "engine/store/time_page.hpp"

#include <algorithm>
#include <vector>

namespace stepwell::store {
namespace {

// Keeps the `limit` least by time of all points that it is offered. Points are held transposed, so
// that the total order is the order by time.
class LeastByTime {
 public:
  LeastByTime(const PointRange& range, const std::optional<Point>& after, std::size_t limit)
      : range_(range), limit_(limit) {
    if (after) after_ = transposed(*after);
  }

  // Whether points with times in between may be among them.
  bool wants(std::int64_t time_min, std::int64_t time_max) const {
    return (!after_ || after_->step <= time_max) && (!bound_ || time_min <= bound_->step);
  }

  // Strictly sorted, and nothing twice.
  void offer(const ColumnsView& points) {
    const std::size_t first = points.lower_bound(range_.first);
    const std::size_t end = points.upper_bound(range_.last);
    if (first >= end) return;
    const ColumnsView found = points.part(first, end - first).transposed();
    if (is_strictly_sorted(found)) {
      const std::size_t from = after_ ? found.upper_bound(*after_) : 0;
      const std::size_t to = bound_ ? found.upper_bound(*bound_) : found.size();
      if (from < to) least_.append(found.part(from, to - from));
    } else {
      for (const Point point : found) {
        if (after_ && point <= *after_) continue;
        if (bound_ && *bound_ < point) continue;
        least_.push_back(point);
      }
    }
    if (least_.size() >= (bound_ ? 2 * limit_ : limit_)) trim();
  }

  Columns take() {
    sort_unique(least_);
    least_.resize(std::min(limit_, least_.size()));
    least_.transpose();
    return std::move(least_);
  }

 private:
  void trim() {
    if (!is_strictly_sorted(least_)) {
      std::vector<Point> points(least_.begin(), least_.end());
      const auto last = points.begin() + static_cast<std::ptrdiff_t>(limit_ - 1);
      std::nth_element(points.begin(), last, points.end());
      least_.clear();
      for (auto point = points.begin(); point <= last; ++point) least_.push_back(*point);
    }
    least_.resize(limit_);
    bound_ = least_.back();
  }

  const PointRange range_;
  const std::size_t limit_;
  std::optional<Point> after_;
  std::optional<Point> bound_;  // Of as many points as make a page none is greater.
  Columns least_;
};

}  // namespace

Result<Columns> read_by_time(SeriesChunks& chunks, const PointRange& range,
                             const std::optional<Point>& after, std::size_t limit,
                             const ColumnsView& unsealed) {
  if (limit == 0 || range.last < range.first) return Columns();
  LeastByTime least(range, after, limit);
  std::vector<ChunkEntry> entries;
  const auto read_entries = [&]() -> Result<void> {
    const auto time_min = [](const ChunkEntry& entry) { return entry.stats.time_min; };
    std::ranges::sort(entries, {}, time_min);
    for (const ChunkEntry& entry : entries) {
      if (!least.wants(entry.stats.time_min, entry.stats.time_max)) continue;
      TRY(const ColumnsView points, chunks.read(entry));
      least.offer(points);
    }
    entries.clear();
    return ok();
  };
  TRY(chunks.visit(range, [&](const ChunkEntry& entry) -> Result<bool> {
    if (least.wants(entry.stats.time_min, entry.stats.time_max)) entries.push_back(entry);
    if (entries.size() == kEntriesTogether) {
      TRY(read_entries());
    }
    return true;
  }));
  TRY(read_entries());
  // Last, since they are mostly the latest: what is offered in order need not be sorted.
  least.offer(unsealed);
  return least.take();
}

}  // namespace stepwell::store
