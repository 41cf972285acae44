#pragma once

// The logical digest: two stores are equal when theirs are, whatever their file bytes. It covers
// experiments by name; runs by UUID with params, tags, status, points, watermarks and holes. It
// does not cover numbers, key ids, arrival times, counters of duplicates or the incarnation.

#include <functional>
#include <string>

#include "engine/tracking/view.hpp"

namespace stepwell::tracking {

struct Digest {
  std::string hex;  // 32 digits.
  std::uint64_t runs = 0;
  std::uint64_t points = 0;
};

// One view serves the whole walk, so nothing else may write meanwhile.
Result<Digest> digest_of(const View& view);

}  // namespace stepwell::tracking
