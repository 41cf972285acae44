#pragma once

// What all HTTP sessions, and the handlers of their requests, share. Outlives them.

#include <atomic>
#include <cstdint>
#include <optional>

#include "engine/base/clock.hpp"
#include "engine/http/options.hpp"
#include "engine/tracking/tracking.hpp"

namespace stepwell::http {

struct Shared {
  Shared(tracking::Tracking& t, const Clock& c, Random& r, Options o)
      : tracking(t), clock(c), random(r), options(std::move(o)) {}
  ~Shared();

  tracking::Tracking& tracking;
  const Clock& clock;
  Random& random;
  const Options options;
  std::atomic<std::uint32_t> connections{0};
  std::atomic<std::uint64_t> body_bytes{0};  // Of requests that are being read or answered.
  std::atomic<bool> draining{false};
};

}  // namespace stepwell::http
