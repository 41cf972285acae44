#pragma once

// What all HTTP sessions, and the handlers of their requests, share. Outlives them.

#include <atomic>
#include <cstdint>
#include <optional>

#include "engine/base/clock.hpp"
#include "engine/http/options.hpp"
#include "engine/tracking/search/cache.hpp"
#include "engine/tracking/tracking.hpp"

namespace stepwell::http {

struct Shared {
  // `changes` is that of the tracking's fold.
  Shared(tracking::Tracking& t, const tracking::Changes& changes, const Clock& c, Random& r,
         Options o)
      : tracking(t),
        clock(c),
        random(r),
        options(std::move(o)),
        searches(changes, options.search_bytes_max) {}
  ~Shared();

  tracking::Tracking& tracking;
  const Clock& clock;
  Random& random;
  const Options options;
  tracking::SearchCache searches;
  std::atomic<std::uint32_t> connections{0};
  std::atomic<std::uint64_t> body_bytes{0};  // Of requests that are being read or answered.
  std::atomic<bool> draining{false};
};

}  // namespace stepwell::http
