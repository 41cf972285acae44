#include "engine/store/buckets.hpp"

#include <algorithm>

#include "engine/base/assert.hpp"

namespace stepwell::store {
namespace {

constexpr unsigned kWholeAxis = 64;

Extent extent_of(Axis axis, const PointStats& stats) {
  if (axis == Axis::kTime) return {stats.time_min, stats.time_max};
  return {stats.first.step, stats.last.step};
}

// What sorted points along the axis, or an entry that tells as much of them, add to a bucket.
void add(Bucket& bucket, const PointStats& stats, const Point& first, const Point& last) {
  if (bucket.count == 0 || first < bucket.first) bucket.first = first;
  if (bucket.count == 0 || bucket.last < last) bucket.last = last;
  bucket.count += stats.count;
  bucket.nan_count += stats.nan_count;
  bucket.value_min = std::min(bucket.value_min, stats.value_min);
  bucket.value_max = std::max(bucket.value_max, stats.value_max);
}

// On the time axis points are held transposed, so that there too steps are the coordinates and the
// total order is the order along the axis.
class Collector {
 public:
  explicit Collector(const BucketQuestion& question)
      : axis_(question.axis),
        grid_(question.grid),
        within_(question.within.intersect(question.grid.extent())),
        buckets_(question.grid.count) {}

  const Extent& within() const { return within_; }

  bool touches(const PointStats& stats) const {
    return !within_.intersect(extent_of(axis_, stats)).empty();
  }
  // The chunk lies in one bucket, and its first and last points are so along the axis too.
  bool fits(const PointStats& stats) const {
    const Extent extent = extent_of(axis_, stats);
    return within_.contains(extent) && (!by_time() || stats.times_rise) &&
           grid_.number_of(extent.least) == grid_.number_of(extent.greatest);
  }
  void add_entry(const PointStats& stats) {
    add(bucket_at(extent_of(axis_, stats).least), stats, along(stats.first), along(stats.last));
  }

  // Strictly sorted in the total order.
  void add_points(const ColumnsView& points) {
    if (!by_time()) return add_sorted(points);
    if (is_strictly_sorted(points.transposed())) return add_sorted(points.transposed());
    sorted_.clear();
    sorted_.append(points.transposed());
    sort_unique(sorted_);
    add_sorted(sorted_);
  }

  std::vector<Bucket> take() {
    if (by_time()) {
      for (Bucket& bucket : buckets_) {
        bucket.first = transposed(bucket.first);
        bucket.last = transposed(bucket.last);
      }
    }
    return std::move(buckets_);
  }

 private:
  bool by_time() const { return axis_ == Axis::kTime; }
  Point along(const Point& point) const { return by_time() ? transposed(point) : point; }

  Bucket& bucket_at(std::int64_t coordinate) {
    return buckets_[static_cast<std::uint64_t>(grid_.number_of(coordinate)) -
                    static_cast<std::uint64_t>(grid_.first)];
  }

  void add_sorted(const ColumnsView& points) {
    const auto begin = points.steps.begin(), end = points.steps.end();
    auto at = std::lower_bound(begin, end, within_.least);
    while (at != end && *at <= within_.greatest) {
      const Extent bucket = grid_.extent_of(grid_.number_of(*at)).intersect(within_);
      const auto behind = std::upper_bound(at, end, bucket.greatest);
      const auto part =
          points.part(static_cast<std::size_t>(at - begin), static_cast<std::size_t>(behind - at));
      add(bucket_at(*at), PointStats::of(part), part.front(), part.back());
      at = behind;
    }
  }

  const Axis axis_;
  const Grid grid_;
  const Extent within_;
  std::vector<Bucket> buckets_;
  Columns sorted_;
};

}  // namespace

Extent Extent::intersect(const Extent& other) const {
  return {std::max(least, other.least), std::min(greatest, other.greatest)};
}

Extent Extent::unite(const Extent& other) const {
  return {std::min(least, other.least), std::max(greatest, other.greatest)};
}

Grid Grid::covering(const Extent& extent, std::uint32_t buckets_max) {
  STEPWELL_ASSERT(!extent.empty() && buckets_max >= 1);
  for (Grid grid;; ++grid.log2_width) {
    grid.first = grid.number_of(extent.least);
    // Without a sign, since the axis is longer than its type tells.
    const std::uint64_t beyond_first = static_cast<std::uint64_t>(grid.number_of(extent.greatest)) -
                                       static_cast<std::uint64_t>(grid.first);
    if (beyond_first >= buckets_max) continue;
    grid.count = static_cast<std::uint32_t>(beyond_first) + 1;
    return grid;
  }
}

Extent Grid::extent_of(std::int64_t number) const {
  if (log2_width >= kWholeAxis) return {};
  const std::uint64_t first_one = static_cast<std::uint64_t>(number) << log2_width;
  const std::uint64_t others = (std::uint64_t{1} << log2_width) - 1;
  return {static_cast<std::int64_t>(first_one), static_cast<std::int64_t>(first_one | others)};
}

Extent Grid::extent() const {
  const Extent axis;
  // Numbers of buckets that hold any coordinate.
  const Extent numbers{number_of(axis.least), number_of(axis.greatest)};
  const std::int64_t most = axis.greatest - std::int64_t{count};
  const std::int64_t last = first > most ? axis.greatest : first + count - 1;
  const Extent held = numbers.intersect({first, last});
  if (count == 0 || held.empty()) return {axis.greatest, axis.least};
  return extent_of(held.least).unite(extent_of(held.greatest));
}

PointRange range_of(Axis axis, const Extent& within) {
  if (axis == Axis::kStep) return step_range(within.least, within.greatest);
  return {least_point(), greatest_point()};
}

Result<std::optional<Extent>> extent_along(const SeriesChunks& chunks, Axis axis,
                                           const ColumnsView& unsealed) {
  std::optional<Extent> whole;
  const auto add = [&](const Extent& part) { whole = whole ? whole->unite(part) : part; };
  const auto add_stats = [&](const PointStats& stats) { add(extent_of(axis, stats)); };
  if (!unsealed.empty()) add_stats(PointStats::of(unsealed));
  if (axis == Axis::kTime) {
    TRY(chunks.visit({least_point(), greatest_point()}, [&](const ChunkEntry& entry) {
      add_stats(entry.stats);
      return Result<bool>(true);
    }));
    return whole;
  }
  TRY(const auto ends, chunks.ends());
  if (ends) add({ends->first.step, ends->last.step});
  return whole;
}

Result<std::vector<Bucket>> read_buckets(SeriesChunks& chunks, const BucketQuestion& question,
                                         const ColumnsView& unsealed) {
  Collector into(question);
  if (into.within().empty()) return into.take();
  into.add_points(unsealed);
  TRY(chunks.visit(range_of(question.axis, into.within()),
                   [&](const ChunkEntry& entry) -> Result<bool> {
                     if (!into.touches(entry.stats)) return true;
                     if (into.fits(entry.stats) && chunks.stands_alone(entry)) {
                       into.add_entry(entry.stats);
                       return true;
                     }
                     TRY(const ColumnsView points, chunks.read(entry));
                     if (!points.empty()) into.add_points(points);
                     return true;
                   }));
  return into.take();
}

}  // namespace stepwell::store
