#pragma once

// Chooses how a column of integers is laid out: the exact size of every form from statistics, then
// the smallest. All arithmetic is modulo 2^64.

#include <cstdint>
#include <span>

#include "engine/codec/codec.hpp"
#include "engine/codec/parts.hpp"

namespace stepwell::codec {

struct Plan {
  Form form = Form::kRaw;
  unsigned width = 0;        // Bits of a packed item.
  unsigned patch_width = 0;  // Bits of a patch: what an item has above `width`.
  unsigned patches = 0;      // How many items have such bits.
  std::uint64_t first = 0;   // Item 0 of the delta forms.
  std::uint64_t delta = 0;   // Item 1 - item 0 of the second differences; the stride.
  std::uint64_t base = 0;    // Subtracted from every packed item.
  std::size_t bytes = 0;     // All of it, first byte included.
};

// How often the column is differenced: 0, 1 or 2.
constexpr unsigned level_of(Form form) {
  return form < Form::kDelta ? 0 : form < Form::kDelta2 ? 1 : 2;
}
constexpr bool is_patched(Form form) {
  return form == Form::kFramePatched || form == Form::kDeltaPatched || form == Form::kDelta2Patched;
}

// Bits of a patch's position in a column of `count` items.
constexpr unsigned position_width(std::size_t count) {
  return static_cast<unsigned>(std::bit_width(count - 1));
}

// A column and its differences. Level k holds the column differenced k times; its first k items
// mean nothing. A column within 2^29 of its first item is held less that item, in 32 bits, so that
// its differences fit too and twice as many go through a register.
struct Levels {
  std::size_t count = 0;
  bool narrow = false;
  std::uint64_t origin = 0;  // Added to level 0: the first item if narrow, else 0.
  std::span<const std::int64_t> wide_items;
  union {
    // Rows a multiple of 4096 bytes apart would make a processor take a read of one row for a read
    // of what it has just written to the other.
    std::int32_t narrow_levels[3][kBlockPointsMax + 512];
    std::int64_t wide_levels[2][kBlockPointsMax + 256];  // Of level 1 and 2.
  };

  template <typename T>
  const T* level(unsigned k) const {
    if constexpr (sizeof(T) == 4) {
      return narrow_levels[k];
    } else {
      return k == 0 ? wide_items.data() : wide_levels[k - 1];
    }
  }
};

// The smallest plan except kRaw, whose size needs no plan. Fills `levels`, which refers to `items`.
Plan make_plan(std::span<const std::int64_t> items, Levels& levels);
// The same for levels whose level 0 is there.
Plan make_plan(Levels& levels);

}  // namespace stepwell::codec
