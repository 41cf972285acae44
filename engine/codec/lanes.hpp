#pragma once

// A 256-bit register as lanes of 32 or 64 bits. Without AVX2 the compiler uses smaller ones.

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace stepwell::codec {

template <typename Word>
struct Lanes;
template <>
struct Lanes<std::uint32_t> {
  typedef std::uint32_t Vector __attribute__((vector_size(32)));
};
template <>
struct Lanes<std::uint64_t> {
  typedef std::uint64_t Vector __attribute__((vector_size(32)));
};

inline constexpr std::size_t kVectorBytes = 32;
template <typename Word>
inline constexpr std::size_t kLanes = kVectorBytes / sizeof(Word);

// Whether one of kCount signed items is below `least` or above `greatest`.
template <std::size_t kCount, typename T>
bool any_outside(const T* items, T least, T greatest) {
  typedef T Vector __attribute__((vector_size(32)));
  Vector outside{};
  for (std::size_t i = 0; i < kCount; i += kLanes<T>) {
    Vector some;
    std::memcpy(&some, items + i, kVectorBytes);
    outside |= (some < least) | (some > greatest);
  }
  std::uint64_t words[4];
  std::memcpy(words, &outside, kVectorBytes);
  return (words[0] | words[1] | words[2] | words[3]) != 0;
}

// How far an item may be from the first for a column to be narrow.
inline constexpr std::uint64_t kNarrowReach = std::uint64_t{1} << 29;

// Writes map(items[i]) - origin in 32 bits; false if one is not within kNarrowReach. `map` takes a
// Lanes<u64>::Vector or one u64 and changes it in place.
template <typename Item, typename Map>
bool narrow_items(const Item* items, std::size_t count, std::uint64_t origin, Map map,
                  std::int32_t* out) {
  static_assert(sizeof(Item) == 8);
  using Wide = Lanes<std::uint64_t>::Vector;
  using Narrow = Lanes<std::uint32_t>::Vector;
  constexpr std::size_t kStep = kLanes<std::uint32_t>;
  Wide all{};
  std::size_t i = 0;
  for (; i + kStep <= count; i += kStep) {
    Wide low, high;
    std::memcpy(&low, items + i, kVectorBytes);
    std::memcpy(&high, items + i + kStep / 2, kVectorBytes);
    map(low);
    map(high);
    low -= origin;
    high -= origin;
    all |= (low + kNarrowReach) | (high + kNarrowReach);
    Narrow low_words, high_words;
    std::memcpy(&low_words, &low, kVectorBytes);
    std::memcpy(&high_words, &high, kVectorBytes);
    const Narrow words = __builtin_shufflevector(low_words, high_words, 0, 2, 4, 6, 8, 10, 12, 14);
    std::memcpy(out + i, &words, kVectorBytes);
  }
  std::uint64_t any = all[0] | all[1] | all[2] | all[3];
  for (; i < count; ++i) {
    std::uint64_t item;
    std::memcpy(&item, items + i, sizeof item);
    map(item);
    item -= origin;
    any |= item + kNarrowReach;
    out[i] = static_cast<std::int32_t>(item);
  }
  return any < 2 * kNarrowReach;
}

}  // namespace stepwell::codec
