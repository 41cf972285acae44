#include "engine/codec/plan.hpp"

#include <algorithm>
#include <limits>

#include "engine/codec/bit_packing.hpp"
#include "engine/codec/lanes.hpp"

namespace stepwell::codec {
namespace {

template <typename T>
using Unsigned = std::make_unsigned_t<T>;

template <typename T>
T difference(T a, T b) {
  return static_cast<T>(static_cast<Unsigned<T>>(a) - static_cast<Unsigned<T>>(b));
}

template <typename T>
struct Range {
  T least = std::numeric_limits<T>::max();
  T greatest = std::numeric_limits<T>::min();
  void take(T item) {
    least = std::min(least, item);
    greatest = std::max(greatest, item);
  }
  // In Unsigned<T>, as both ends may be far apart.
  std::uint64_t size() const { return static_cast<Unsigned<T>>(difference(greatest, least)); }
};

// What stands before the packed items, the first byte included, but not what patches add.
std::size_t header_bytes(const Plan& plan) {
  const unsigned level = level_of(plan.form);
  std::size_t bytes = 2 + varint_bytes(zigzag(plan.base));
  if (level > 0) bytes += varint_bytes(zigzag(plan.first));
  if (level > 1) bytes += varint_bytes(zigzag(plan.delta));
  return bytes;
}

// Of equally small forms the one that is cheaper to decode.
bool is_better(std::size_t bytes, Form form, const Plan& best) {
  return bytes < best.bytes || (bytes == best.bytes && form < best.form);
}

// The forms of one level, plain and patched.
template <typename T>
class LevelPlanner {
 public:
  LevelPlanner(const T* items, std::size_t count, unsigned level, Range<T> range)
      : items_(items), count_(count), level_(level), range_(range) {}

  // `plan` with the form's fields; `origin` is what the items lack.
  void consider_plain(Plan plan, std::uint64_t origin, Plan& best) const {
    constexpr Form kForms[] = {Form::kFrame, Form::kDelta, Form::kDelta2};
    plan.form = kForms[level_];
    plan.base = as_unsigned(range_.least) + origin;
    plan.width = static_cast<unsigned>(std::bit_width(range_.size()));
    plan.bytes = header_bytes(plan) + packed_bytes(count_, plan.width);
    if (is_better(plan.bytes, plan.form, best)) best = plan;
  }

  void consider_patched(Plan plan, std::uint64_t origin, Plan& best) const {
    constexpr Form kForms[] = {Form::kFramePatched, Form::kDeltaPatched, Form::kDelta2Patched};
    plan.form = kForms[level_];
    plan.base = as_unsigned(range_.least) + origin;
    const std::uint64_t above_quarter = consider_base(plan, range_.least, 0, best);
    // Few items in the lower half: the least of the others as base; those few wrap around.
    const auto few = [&](std::uint64_t items) { return items * 11 < count_; };
    if (!few(count_ - level_ - above_quarter)) return;
    const T middle = static_cast<T>(as_unsigned(range_.least) + range_.size() / 2);
    const std::uint64_t low = count_ - level_ - count_above(middle);
    if (!few(low)) return;
    const T base = least_above(middle);
    if (over(base, range_.least) >> 63 != 0) return;  // Then not all of them would wrap to 64 bits.
    plan.base = as_unsigned(base) + origin;
    consider_base(plan, base, low, best);
  }

 private:
  // Every width that can be the smallest, from a guess up and down: more bits cost every item,
  // fewer cost patches. Returns an upper bound of the items that are not in the lowest quarter of
  // the range.
  std::uint64_t consider_base(Plan plan, T base, std::uint64_t low, Plan& best) const {
    const auto top = static_cast<unsigned>(std::bit_width(over(range_.greatest, base)));
    const unsigned greatest = low > 0 ? 64 : top;  // Bits of the widest item.
    const unsigned widest = low > 0 ? top : top - 1;
    const unsigned position = position_width(count_);
    const std::size_t header = header_bytes(plan) + 2;
    std::uint64_t above_quarter = count_ - level_;
    const auto consider_width = [&](unsigned width) {
      const std::uint64_t patches = low + count_above(limit(base, width));
      if (width + 2 <= top) above_quarter = std::min(above_quarter, patches);
      const unsigned patch_width = greatest - width;
      const std::size_t bytes = header - 1 + varint_bytes(patches) + packed_bytes(count_, width) +
                                packed_bytes(patches, position) +
                                packed_bytes(patches, patch_width);
      if (patches > 0 && is_better(bytes, plan.form, best)) {
        best = plan;
        best.width = width;
        best.patches = static_cast<unsigned>(patches);
        best.patch_width = patch_width;
        best.bytes = bytes;
      }
      return patches;
    };
    // Wider ones are larger than the best by their packed items alone.
    const auto useful = static_cast<unsigned>(std::min<std::size_t>(8 * best.bytes / count_, 64));
    const unsigned guess = std::min({sampled_width(base), widest, useful});
    for (unsigned width = guess;; --width) {
      const std::uint64_t patches = consider_width(width);
      if (width == 0 || header + patches * (position + greatest) / 8 > best.bytes) break;
    }
    for (unsigned width = guess + 1; width <= widest; ++width) {
      if (header + packed_bytes(count_, width) > best.bytes) break;
      consider_width(width);
    }
    return above_quarter;
  }

  static std::uint64_t over(T item, T base) {
    return static_cast<Unsigned<T>>(difference(item, base));
  }

  // What all but one of a few samples fit into.
  unsigned sampled_width(T base) const {
    constexpr std::size_t kSamples = 16;
    std::uint64_t first = 0, second = 0;
    for (std::size_t k = 0; k < kSamples; ++k) {
      const T item = items_[level_ + k * (count_ - level_) / kSamples];
      const std::uint64_t size = item < base ? 0 : over(item, base);
      second = std::max(second, std::min(first, size));
      first = std::max(first, size);
    }
    return static_cast<unsigned>(std::bit_width(second));
  }

  // The greatest item that fits into `width` bits over `base`.
  T limit(T base, unsigned width) const {
    return static_cast<T>(as_unsigned(base) +
                          std::min(over(range_.greatest, base), low_bits(width)));
  }

  std::uint64_t count_above(T limit) const {
    Unsigned<T> count = 0;
    for (std::size_t i = level_; i < count_; ++i) count += items_[i] > limit ? 1 : 0;
    return count;
  }

  T least_above(T limit) const {
    T least = range_.greatest;
    for (std::size_t i = level_; i < count_; ++i)
      least = std::min(least, items_[i] > limit ? items_[i] : range_.greatest);
    return least;
  }

  const T* items_;
  std::size_t count_;
  unsigned level_;
  Range<T> range_;
};

// Whether a difference is mostly much nearer to the one before it than to one far away: then the
// column is smooth, and second differences are worth a look.
template <typename T>
bool is_smooth(const T* first, std::size_t count) {
  if (count < 4) return false;
  const std::size_t samples = std::min<std::size_t>(count - 2, 16);
  const std::size_t apart = (count - 2) / samples, half = count / 2;
  std::size_t nearer = 0;
  for (std::size_t k = 0; k < samples; ++k) {
    const std::size_t i = 2 + k * apart;
    const std::size_t far = i > half ? i - half : i + half - 1;
    const std::int64_t to_last = difference(first[i], first[i - 1]);
    const std::int64_t to_far = difference(first[i], first[far]);
    nearer += zigzag(as_unsigned(to_last)) <= zigzag(as_unsigned(to_far)) / 2 ? 1 : 0;
  }
  return nearer * 2 > samples;
}

template <typename T>
Range<T> differences(const T* items, std::size_t count, unsigned level, T* out) {
  Range<T> range;
  for (std::size_t i = level; i < count; ++i) {
    out[i] = difference(items[i], items[i - 1]);
    range.take(out[i]);
  }
  return range;
}

// Whether every item is as far from the one before it as the second from the first.
template <typename T>
bool is_regular(const T* items, std::size_t count) {
  constexpr std::size_t kStep = 64;  // Others are told after one of these.
  if (count < 2) return true;
  const T stride = difference(items[1], items[0]);
  for (std::size_t begin = 1; begin < count; begin += kStep) {
    const std::size_t end = std::min(begin + kStep, count);
    T other = 0;
    for (std::size_t i = begin; i < end; ++i) other |= difference(items[i], items[i - 1]) ^ stride;
    if (other != 0) return false;
  }
  return true;
}

template <typename T>
Plan regular_plan(const T* items, std::size_t count, std::uint64_t origin) {
  Plan plan;
  plan.base = as_unsigned(items[0]) + origin;
  plan.bytes = 1 + varint_bytes(zigzag(plan.base));
  plan.form = Form::kConstant;
  if (count == 1 || items[0] == items[1]) return plan;
  plan.form = Form::kStride;
  plan.delta = as_unsigned(difference(items[1], items[0]));
  plan.bytes += varint_bytes(zigzag(plan.delta));
  return plan;
}

// Two items far apart may be smaller than by their stride.
bool is_settled(const Plan& regular, std::size_t count) {
  return count != 2 || regular.form == Form::kConstant;
}

template <typename T>
Plan plan_of(const T* items, T* first, T* second, const Levels& levels) {
  const std::size_t count = levels.count;
  Plan best;
  best.bytes = std::numeric_limits<std::size_t>::max();
  if (is_regular(items, count)) {
    best = regular_plan(items, count, levels.origin);
    if (is_settled(best, count)) return best;
  }
  Plan plan;
  plan.first = as_unsigned(items[0]) + levels.origin;
  Range<T> range;
  for (std::size_t i = 0; i < count; ++i) range.take(items[i]);
  const Range<T> steps = differences(items, count, 1, first);
  const LevelPlanner<T> level_0(items, count, 0, range), level_1(first, count, 1, steps);
  level_0.consider_plain(plan, levels.origin, best);
  level_1.consider_plain(plan, 0, best);
  if (is_smooth(first, count)) {
    plan.delta = as_unsigned(first[1]);
    const LevelPlanner<T> level_2(second, count, 2, differences(first, count, 2, second));
    level_2.consider_plain(plan, 0, best);
    level_2.consider_patched(plan, 0, best);
  }
  plan.delta = 0;
  level_1.consider_patched(plan, 0, best);
  level_0.consider_patched(plan, levels.origin, best);
  return best;
}

}  // namespace

Plan make_plan(std::span<const std::int64_t> items, Levels& levels) {
  const std::size_t count = items.size();
  if (is_regular(items.data(), count)) {
    const Plan plan = regular_plan(items.data(), count, 0);
    if (is_settled(plan, count)) return plan;
  }
  levels.count = count;
  levels.wide_items = items;
  levels.origin = as_unsigned(items[0]);
  levels.narrow =
      narrow_items(items.data(), count, levels.origin, [](auto&) {}, levels.narrow_levels[0]);
  if (!levels.narrow) levels.origin = 0;
  return make_plan(levels);
}

Plan make_plan(Levels& levels) {
  if (levels.narrow) {
    auto& level = levels.narrow_levels;
    return plan_of<std::int32_t>(level[0], level[1], level[2], levels);
  }
  auto& level = levels.wide_levels;
  return plan_of<std::int64_t>(levels.wide_items.data(), level[0], level[1], levels);
}

}  // namespace stepwell::codec
