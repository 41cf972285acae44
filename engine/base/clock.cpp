#include "engine/base/clock.hpp"

#include <sys/random.h>

#include "engine/base/assert.hpp"

namespace stepwell {

std::int64_t SystemClock::now_ms() const {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<milliseconds>(since_epoch).count();
}

std::uint64_t SystemRandom::next_u64() {
  std::uint64_t value = 0;
  const auto got = getrandom(&value, sizeof value, 0);
  STEPWELL_ASSERT(got == sizeof value);
  return value;
}

std::uint64_t SeededRandom::next_u64() {
  std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ULL);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

}  // namespace stepwell
