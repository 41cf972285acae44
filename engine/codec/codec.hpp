#pragma once

// The columns of a sealed chunk as bytes, and back, bit for bit. Pure functions without state or
// allocation, up to 100 KiB of stack; any thread. The same column gives the same bytes on every
// machine. The bytes are told in docs/format/codec.md.

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/base/bytes.hpp"
#include "engine/base/result.hpp"

namespace stepwell::codec {

// A column has 1 to this many items.
inline constexpr std::size_t kBlockPointsMax = 1024;

// No column of `count` items takes more, whatever it holds.
constexpr std::size_t encoded_bytes_max(std::size_t count) {
  return 1 + 8 * count;
}

// Write the smallest form of a column to the front of `out`, which has room for
// encoded_bytes_max(column.size()), and return its length. Bytes of `out` behind it are untouched.
std::size_t encode_integers(std::span<const std::int64_t> column, MutableBytes out);
std::size_t encode_values(std::span<const double> column, MutableBytes out);

// Read a column of exactly out.size() items from the front of `in` and return how many bytes it
// took; what follows belongs to the caller. kCorrupt: `in` is no such column, or is cut short. `in`
// is not trusted: damage that is not noticed gives other items, never anything worse. After an
// error the contents of `out` mean nothing.
Result<std::size_t> decode_integers(Bytes in, std::span<std::int64_t> out);
Result<std::size_t> decode_values(Bytes in, std::span<double> out);

}  // namespace stepwell::codec
