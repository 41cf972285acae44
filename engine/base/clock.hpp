#pragma once

// Time and chance as interfaces, so that a simulation owns both.

#include <chrono>
#include <cstdint>

#include "engine/base/ids.hpp"

namespace stepwell {

// Monotonic time: only differences mean anything.
using Instant = std::chrono::nanoseconds;
using std::chrono::milliseconds;

// Wall time, milliseconds since the epoch, UTC. Any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual std::int64_t now_ms() const = 0;
};

// Random bits, unpredictable in production, from a seed in tests. Any thread.
class Random {
 public:
  virtual ~Random() = default;
  virtual std::uint64_t next_u64() = 0;

  template <typename Id>
  Id next_id();
};

class SystemClock final : public Clock {
 public:
  std::int64_t now_ms() const override;
};

class SystemRandom final : public Random {
 public:
  std::uint64_t next_u64() override;
};

// splitmix64: small, fast, the same on every machine. Not for secrets.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next_u64() override;
  // Uniform in [0, bound); bound > 0.
  std::uint64_t below(std::uint64_t bound) { return next_u64() % bound; }
  bool one_in(std::uint64_t n) { return below(n) == 0; }

 private:
  std::uint64_t state_;
};

template <typename Id>
Id Random::next_id() {
  Id id;
  const std::uint64_t words[2] = {next_u64(), next_u64()};
  std::memcpy(id.bytes.data(), words, sizeof words);
  return id;
}

}  // namespace stepwell
