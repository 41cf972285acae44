#pragma once

// A writer's gapless stream: which sequences were decided, and how. Pure state; DESIGN section 3
// has the rules. "Decided" is applied, rejected or skipped.

#include <cstdint>
#include <string>

#include "engine/tracking/rows.hpp"

namespace stepwell::tracking {

enum class Place {
  kNext,       // The expected one.
  kFillsHole,  // Skipped earlier: this is a sound copy of it.
  kDuplicate,  // Applied earlier.
  kRejected,   // Rejected earlier; `hole` says how.
  kGap,        // An earlier one is missing.
};

struct Placed {
  Place place;
  const Hole* hole = nullptr;
};

Placed place_of(const WriterRow& writer, std::uint64_t sequence);

// The sequence was applied; it is the next one, or fills a hole (`points` come off its account).
void mark_applied(WriterRow& writer, std::uint64_t sequence, std::uint64_t points);

// The next sequence, or one in a skipped hole, was rejected for good.
void mark_rejected(WriterRow& writer, std::uint64_t sequence, VerdictCode verdict,
                   std::string reason, std::uint64_t points);

// [hole.from, hole.to] will not come; hole.from <= next. What is decided already is ignored. True
// if anything was skipped.
bool mark_skipped(WriterRow& writer, Hole hole);

}  // namespace stepwell::tracking
