#pragma once

// The small parts of a column's header: its first byte, varints, and a reader that never passes the
// end. Persisted: the numbers never change.

#include <bit>
#include <cstdint>

#include "engine/base/bytes.hpp"
#include "engine/base/result.hpp"

namespace stepwell::codec {

// Low half of a column's first byte: how the integers are laid out. In the order of what they cost
// to decode, so that of equally small forms the first is taken.
enum class Form : std::uint8_t {
  kRaw = 0,           // 8 bytes an item
  kConstant = 1,      // all the same
  kStride = 2,        // base + i * stride
  kFrame = 3,         // base + packed
  kFramePatched = 4,  // the same, where a few items keep their high bits apart
  kDelta = 5,         // differences to the item before as base + packed
  kDeltaPatched = 6,
  kDelta2 = 7,  // differences of differences
  kDelta2Patched = 8,
};
inline constexpr unsigned kFormMax = 8;

// High half: what the integers mean.
enum class Meaning : std::uint8_t {
  kPlain = 0,      // an item's 64 bits
  kBits = 1,       // a double's bits in the doubles' order, without common trailing zeros
  kDecimal = 2,    // digits / 10^exponent
  kDecimal32 = 3,  // the same, rounded to float32 on the way
};
inline constexpr unsigned kMeaningMax = 3;

constexpr std::byte tag(Meaning meaning, Form form) {
  return static_cast<std::byte>(static_cast<unsigned>(meaning) << 4 | static_cast<unsigned>(form));
}

// Small magnitudes of either sign as small unsigned numbers.
constexpr std::uint64_t zigzag(std::uint64_t value) {
  return value << 1 ^ (value >> 63 != 0 ? ~std::uint64_t{0} : 0);
}
constexpr std::uint64_t unzigzag(std::uint64_t value) {
  return value >> 1 ^ ((value & 1) != 0 ? ~std::uint64_t{0} : 0);
}

// 7 bits a byte, lowest first; the high bit says that more follow. At most 10 bytes.
constexpr std::size_t varint_bytes(std::uint64_t value) {
  return (static_cast<std::size_t>(std::bit_width(value | 1)) + 6) / 7;
}

inline std::byte* put_varint(std::byte* out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) *out++ = static_cast<std::byte>(value | 0x80);
  *out++ = static_cast<std::byte>(value);
  return out;
}

constexpr std::uint64_t as_unsigned(std::int64_t value) {
  return static_cast<std::uint64_t>(value);
}
constexpr std::int64_t as_signed(std::uint64_t value) {
  return static_cast<std::int64_t>(value);
}

class Reader {
 public:
  explicit Reader(Bytes in) : in_(in) {}

  // The next n bytes, named in the error if there are fewer.
  Result<const std::byte*> take(std::size_t n, const char* what) {
    if (n > in_.size() - at_) return too_short(n, what);
    const std::byte* const field = in_.data() + at_;
    at_ += n;
    return field;
  }
  Result<unsigned> byte(const char* what) {
    TRY(const std::byte* const field, take(1, what));
    return std::to_integer<unsigned>(*field);
  }
  // kCorrupt also for a varint that is longer than it need be.
  Result<std::uint64_t> varint(const char* what);
  Result<std::uint64_t> signed_varint(const char* what) {
    TRY(const std::uint64_t value, varint(what));
    return unzigzag(value);
  }
  std::size_t position() const { return at_; }

 private:
  Error too_short(std::size_t n, const char* what) const {
    return fail(ErrorKind::kCorrupt, "column: expected {} bytes of {} at offset {}, found {}", n,
                what, at_, in_.size() - at_);
  }

  Bytes in_;
  std::size_t at_ = 0;
};

inline Result<std::uint64_t> Reader::varint(const char* what) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    TRY(const unsigned next, byte(what));
    if (shift == 63 && next > 1) break;
    value |= static_cast<std::uint64_t>(next & 0x7F) << shift;
    if (next < 0x80) {
      if (next == 0 && shift > 0) break;
      return value;
    }
  }
  return fail(ErrorKind::kCorrupt, "column: expected a shortest varint for {}, found another",
              what);
}

}  // namespace stepwell::codec
