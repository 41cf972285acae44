#pragma once

// A histogram of durations with 16 steps a power of two: percentiles to about 6 %, in fixed memory.

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

#include "engine/base/clock.hpp"

namespace stepwell::tools {

class Latency {
 public:
  void add(Instant duration) {
    const auto ns = static_cast<std::uint64_t>(std::max<std::int64_t>(duration.count(), 1));
    ++counts_[bucket_of(ns)];
    ++total_;
    most_ns_ = std::max(most_ns_, ns);
  }
  std::uint64_t count() const { return total_; }
  double max_ms() const { return static_cast<double>(most_ns_) / 1e6; }
  // fraction 0.5: the median. In milliseconds; 0 where nothing was added.
  double percentile_ms(double fraction) const {
    const auto wanted = static_cast<std::uint64_t>(fraction * static_cast<double>(total_));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      seen += counts_[i];
      if (seen > wanted) return std::min(middle_of(i) / 1e6, max_ms());
    }
    return max_ms();
  }

 private:
  static std::size_t bucket_of(std::uint64_t ns) {
    const unsigned power = static_cast<unsigned>(std::bit_width(ns)) - 1;
    if (power < 4) return ns;
    return (power - 3) * 16 + ((ns >> (power - 4)) & 15);
  }
  static double middle_of(std::size_t bucket) {
    if (bucket < 16) return static_cast<double>(bucket);
    const auto width = static_cast<double>(std::uint64_t{1} << (bucket / 16 - 1));
    return (static_cast<double>(16 + bucket % 16) + 0.5) * width;
  }

  std::array<std::uint64_t, 1024> counts_{};
  std::uint64_t total_ = 0;
  std::uint64_t most_ns_ = 0;
};

}  // namespace stepwell::tools
