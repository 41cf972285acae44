#pragma once

// Columns of every kind that a chunk may hold, from a seed, and the trip through the codec.

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "engine/codec/codec.hpp"

namespace stepwell::codec {

using Integers = std::vector<std::int64_t>;
using Values = std::vector<double>;
using Random = std::mt19937_64;

// Around every border of the layouts: blocks of 256 words, bytes, words, widths of positions.
inline const std::vector<std::size_t>& boundary_counts() {
  static const std::vector<std::size_t> counts = {
      1,  2,   3,   4,   5,   7,   8,   9,   15,  16,  17,  31,  32,  33,   63,   64,
      65, 127, 128, 129, 255, 256, 257, 511, 512, 513, 767, 768, 769, 1000, 1023, 1024};
  return counts;
}

template <typename Item>
std::vector<std::byte> encoded(const std::vector<Item>& column) {
  // A guard behind the promised room shows any write beyond it.
  constexpr std::byte kGuard{0xA5};
  std::vector<std::byte> out(encoded_bytes_max(column.size()) + 64, kGuard);
  const MutableBytes room = MutableBytes(out).first(encoded_bytes_max(column.size()));
  std::size_t bytes = 0;
  if constexpr (std::is_same_v<Item, double>) {
    bytes = encode_values(column, room);
  } else {
    bytes = encode_integers(column, room);
  }
  EXPECT_LE(bytes, room.size());
  for (std::size_t i = bytes; i < out.size(); ++i)
    EXPECT_EQ(out[i], kGuard) << "wrote byte " << i << " of " << bytes;
  out.resize(bytes);
  return out;
}

inline Result<std::size_t> decode(Bytes in, Integers& out) {
  return decode_integers(in, out);
}
inline Result<std::size_t> decode(Bytes in, Values& out) {
  return decode_values(in, out);
}

// Encodes and decodes; the column must come back bit for bit, from exactly the bytes written, also
// when others follow. Returns the bytes.
template <typename Item>
std::vector<std::byte> round_trip(const std::vector<Item>& column, const std::string& what) {
  std::vector<std::byte> bytes = encoded(column);
  EXPECT_EQ(encoded(column), bytes) << what;
  for (const std::size_t behind : {0u, 5u}) {
    std::vector<std::byte> in = bytes;
    in.resize(bytes.size() + behind, std::byte{0xFF});
    in.shrink_to_fit();
    std::vector<Item> back(column.size());
    const auto taken = decode(in, back);
    EXPECT_TRUE(taken.has_value()) << what << ": " << (taken ? "" : taken.error().text);
    if (!taken) break;
    EXPECT_EQ(taken.value(), bytes.size()) << what;
    EXPECT_EQ(std::memcmp(back.data(), column.data(), 8 * column.size()), 0) << what;
  }
  return bytes;
}

// A column of `count` items, item i from make(i).
template <typename Item, typename F>
std::vector<Item> column_of(std::size_t count, F make) {
  std::vector<Item> column(count);
  for (std::size_t i = 0; i < count; ++i) column[i] = static_cast<Item>(make(i));
  return column;
}

struct NamedIntegers {
  std::string name;
  Integers column;
};
struct NamedValues {
  std::string name;
  Values column;
};
// Every kind; the same of one seed on every machine as far as the integers go.
std::vector<NamedIntegers> integer_columns(std::size_t count, std::uint64_t seed);
std::vector<NamedValues> value_columns(std::size_t count, std::uint64_t seed);

}  // namespace stepwell::codec
