#pragma once

// Words of 0 to 64 bits, packed without gaps into (count * width + 7) / 8 bytes. Two layouts:
//
// - sequential: word i occupies bits i * width and up of the bytes, lowest bit first;
// - blocks: each 256 words interleaved over the lanes of a 256-bit register (8 lanes of 32 bits for
//   widths up to 32, else 4 of 64), so that one instruction packs a word of every lane; the words
//   after the last whole block are sequential. The idea is FastLanes' (PVLDB 16, p. 2132).

#include <cstddef>
#include <cstdint>

#include "engine/base/bytes.hpp"

namespace stepwell::codec {

inline constexpr std::size_t kPackBlock = 256;

constexpr std::size_t packed_bytes(std::size_t count, unsigned width) {
  return (count * width + 7) / 8;
}

// Of every word only the low `width` bits are packed. The first for widths up to 32, the second for
// 33 and up. `out` and `in` are packed_bytes(count, width) long; count is at most 1024.
void pack(const std::uint32_t* words, std::size_t count, unsigned width, std::byte* out);
void pack(const std::uint64_t* words, std::size_t count, unsigned width, std::byte* out);
void unpack(const std::byte* in, std::size_t count, unsigned width, std::uint32_t* words);
void unpack(const std::byte* in, std::size_t count, unsigned width, std::uint64_t* words);

// Any width.
template <typename Word>
void pack_sequential(const Word* words, std::size_t count, unsigned width, std::byte* out);
template <typename Word>
void unpack_sequential(const std::byte* in, std::size_t count, unsigned width, Word* words);

// The bits of the last byte behind the last sequential word are zero, as they are written.
bool padding_is_zero(const std::byte* in, std::size_t count, unsigned width);

constexpr std::uint64_t low_bits(unsigned width) {
  return width == 0 ? 0 : ~std::uint64_t{0} >> (64 - width);
}

}  // namespace stepwell::codec
