#include "engine/codec/bit_packing.hpp"

#include <array>
#include <utility>

#include "engine/codec/lanes.hpp"

namespace stepwell::codec {
namespace {

template <typename Word>
constexpr unsigned kWordBits = sizeof(Word) * 8;
template <typename Word, unsigned kWidth, std::size_t kRow>
[[gnu::always_inline]] inline void pack_row(const Word* words,
                                            typename Lanes<Word>::Vector& pending, std::byte* out) {
  constexpr unsigned kBits = kWordBits<Word>;
  constexpr unsigned kAt = kRow * kWidth % kBits;
  typename Lanes<Word>::Vector row;
  std::memcpy(&row, words + kRow * kLanes<Word>, kVectorBytes);
  if constexpr (kWidth < kBits) row &= static_cast<Word>(low_bits(kWidth));
  if constexpr (kAt == 0) {
    pending = row;
  } else {
    pending |= row << kAt;
  }
  if constexpr (kAt + kWidth >= kBits) {
    std::memcpy(out + kRow * kWidth / kBits * kVectorBytes, &pending, kVectorBytes);
    if constexpr (kAt + kWidth > kBits) pending = row >> (kBits - kAt);
  }
}

template <typename Word, unsigned kWidth, std::size_t... kRows>
void pack_rows(const Word* words, std::byte* out, std::index_sequence<kRows...>) {
  typename Lanes<Word>::Vector pending{};
  (pack_row<Word, kWidth, kRows>(words, pending, out), ...);
}

template <typename Word, unsigned kWidth>
void pack_block(const Word* words, std::byte* out) {
  pack_rows<Word, kWidth>(words, out, std::make_index_sequence<kWordBits<Word>>());
}

template <typename Word, unsigned kWidth, std::size_t kRow>
[[gnu::always_inline]] inline void unpack_row(const std::byte* in,
                                              typename Lanes<Word>::Vector& current, Word* words) {
  constexpr unsigned kBits = kWordBits<Word>;
  constexpr unsigned kAt = kRow * kWidth % kBits;
  constexpr std::size_t kNext = kRow * kWidth / kBits + 1;
  if constexpr (kAt == 0) std::memcpy(&current, in + (kNext - 1) * kVectorBytes, kVectorBytes);
  typename Lanes<Word>::Vector row = current >> kAt;
  if constexpr (kAt + kWidth > kBits) {
    std::memcpy(&current, in + kNext * kVectorBytes, kVectorBytes);
    row |= current << (kBits - kAt);
  }
  if constexpr (kWidth < kBits) row &= static_cast<Word>(low_bits(kWidth));
  std::memcpy(words + kRow * kLanes<Word>, &row, kVectorBytes);
}

template <typename Word, unsigned kWidth, std::size_t... kRows>
void unpack_rows(const std::byte* in, Word* words, std::index_sequence<kRows...>) {
  typename Lanes<Word>::Vector current{};
  (unpack_row<Word, kWidth, kRows>(in, current, words), ...);
}

template <typename Word, unsigned kWidth>
void unpack_block(const std::byte* in, Word* words) {
  unpack_rows<Word, kWidth>(in, words, std::make_index_sequence<kWordBits<Word>>());
}

// A function per width, so that every shift is a constant.
template <typename Word>
struct Kernels {
  void (*pack)(const Word*, std::byte*);
  void (*unpack)(const std::byte*, Word*);
};

template <typename Word, unsigned kFirstWidth, std::size_t... kIndex>
constexpr auto kernels(std::index_sequence<kIndex...>) {
  return std::array<Kernels<Word>, sizeof...(kIndex)>{Kernels<Word>{
      &pack_block<Word, kFirstWidth + kIndex>, &unpack_block<Word, kFirstWidth + kIndex>}...};
}

template <typename Word>
constexpr unsigned kFirstWidth = sizeof(Word) == 4 ? 1 : 33;
template <typename Word>
constexpr auto kKernels = kernels<Word, kFirstWidth<Word>>(std::make_index_sequence<32>());

template <typename Word>
void pack_all(const Word* words, std::size_t count, unsigned width, std::byte* out) {
  if (width == 0) return;
  const auto kernel = kKernels<Word>[width - kFirstWidth<Word>].pack;
  for (; count >= kPackBlock; count -= kPackBlock) {
    kernel(words, out);
    words += kPackBlock;
    out += packed_bytes(kPackBlock, width);
  }
  pack_sequential(words, count, width, out);
}

template <typename Word>
void unpack_all(const std::byte* in, std::size_t count, unsigned width, Word* words) {
  if (width == 0) {
    std::memset(words, 0, count * sizeof(Word));
    return;
  }
  const auto kernel = kKernels<Word>[width - kFirstWidth<Word>].unpack;
  for (; count >= kPackBlock; count -= kPackBlock) {
    kernel(in, words);
    words += kPackBlock;
    in += packed_bytes(kPackBlock, width);
  }
  unpack_sequential(in, count, width, words);
}

}  // namespace

void pack(const std::uint32_t* words, std::size_t count, unsigned width, std::byte* out) {
  pack_all(words, count, width, out);
}
void pack(const std::uint64_t* words, std::size_t count, unsigned width, std::byte* out) {
  pack_all(words, count, width, out);
}
void unpack(const std::byte* in, std::size_t count, unsigned width, std::uint32_t* words) {
  unpack_all(in, count, width, words);
}
void unpack(const std::byte* in, std::size_t count, unsigned width, std::uint64_t* words) {
  unpack_all(in, count, width, words);
}

template <typename Word>
void pack_sequential(const Word* words, std::size_t count, unsigned width, std::byte* out) {
  const std::uint64_t mask = low_bits(width);
  std::byte* const end = out + packed_bytes(count, width);
  std::uint64_t pending = 0;
  unsigned used = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t word = words[i] & mask;
    pending |= word << used;
    used += width;
    if (used >= 64) {
      store_le(out, pending);
      out += 8;
      used -= 64;
      pending = used == 0 ? 0 : word >> (width - used);
    }
  }
  if (out != end) std::memcpy(out, &pending, static_cast<std::size_t>(end - out));
}

template <typename Word>
void unpack_sequential(const std::byte* in, std::size_t count, unsigned width, Word* words) {
  // A copy with room behind it, so that every word is read as 8 bytes at any place.
  std::byte room[8 * 1024 + 16];
  const std::size_t bytes = packed_bytes(count, width);
  if (bytes != 0) std::memcpy(room, in, bytes);
  std::memset(room + bytes, 0, 16);
  const std::uint64_t mask = low_bits(width);
  if (width <= 57) {
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t bit = i * width;
      words[i] = static_cast<Word>(load_le<std::uint64_t>(room + bit / 8) >> bit % 8 & mask);
    }
    return;
  }
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t bit = i * width;
    const auto high = std::to_integer<std::uint64_t>(room[bit / 8 + 8]);
    const std::uint64_t low = load_le<std::uint64_t>(room + bit / 8) >> bit % 8;
    words[i] = static_cast<Word>((low | high << 1 << (63 - bit % 8)) & mask);
  }
}

template void pack_sequential(const std::uint32_t*, std::size_t, unsigned, std::byte*);
template void pack_sequential(const std::uint64_t*, std::size_t, unsigned, std::byte*);
template void unpack_sequential(const std::byte*, std::size_t, unsigned, std::uint32_t*);
template void unpack_sequential(const std::byte*, std::size_t, unsigned, std::uint64_t*);

bool padding_is_zero(const std::byte* in, std::size_t count, unsigned width) {
  const std::size_t bits = count * width;
  if (bits % 8 == 0) return true;
  return std::to_integer<unsigned>(in[bits / 8]) >> bits % 8 == 0;
}

}  // namespace stepwell::codec
