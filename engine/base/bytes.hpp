#pragma once

// Bytes as they lie in frames, log and index. Everything is little-endian except index keys, which
// are big-endian so that their byte order is their numeric order.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace stepwell {

static_assert(std::endian::native == std::endian::little, "formats are read in place");

using Bytes = std::span<const std::byte>;
using MutableBytes = std::span<std::byte>;

inline Bytes as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

inline std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Unaligned loads and stores of plain little-endian values.
template <typename T>
T load_le(const void* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

template <typename T>
void store_le(void* to, T value) {
  std::memcpy(to, &value, sizeof value);
}

constexpr std::uint64_t align_up(std::uint64_t n, std::uint64_t alignment) {
  return (n + alignment - 1) / alignment * alignment;
}

// Writes fields one after another into a growing string. Integers little-endian; `big` for keys.
class Encoder {
 public:
  template <typename T>
  Encoder& put(T value) {
    out_.append(reinterpret_cast<const char*>(&value), sizeof value);
    return *this;
  }
  template <typename T>
  Encoder& big(T value);
  // LEB128: seven bits a byte, the lowest first.
  Encoder& varint(std::uint64_t value) {
    while (value >= 0x80) {
      put(static_cast<std::uint8_t>(value | 0x80));
      value >>= 7;
    }
    return put(static_cast<std::uint8_t>(value));
  }
  // A u32 length, then the bytes.
  Encoder& text(std::string_view value) {
    put(static_cast<std::uint32_t>(value.size()));
    return raw(value);
  }
  Encoder& raw(std::string_view value) {
    out_.append(value);
    return *this;
  }
  std::string take() { return std::move(out_); }
  const std::string& view() const { return out_; }

 private:
  std::string out_;
};

// Reads the same fields back. Never reads past the end: after the first short read `ok()` is false
// and every further value is zero or empty.
class Decoder {
 public:
  explicit Decoder(std::string_view in) : in_(in) {}

  template <typename T>
  T get() {
    T value{};
    const std::string_view field = take(sizeof value);
    if (ok_) std::memcpy(&value, field.data(), sizeof value);
    return value;
  }
  template <typename T>
  T big();
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const auto byte = get<std::uint8_t>();
      value |= std::uint64_t{byte & 0x7fU} << shift;
      if (byte < 0x80) return value;
    }
    ok_ = false;
    return 0;
  }
  std::string_view text() { return take(get<std::uint32_t>()); }
  std::string_view take(std::size_t n) {
    if (!ok_ || n > in_.size()) {
      ok_ = false;
      return {};
    }
    const std::string_view field = in_.substr(0, n);
    in_.remove_prefix(n);
    return field;
  }
  std::string_view rest() const { return in_; }
  bool ok() const { return ok_; }
  // Everything was there and nothing is left over.
  bool done() const { return ok_ && in_.empty(); }

 private:
  std::string_view in_;
  bool ok_ = true;
};

namespace detail {
template <typename T>
T byte_swapped(T value) {
  if constexpr (sizeof(T) == 8)
    return static_cast<T>(__builtin_bswap64(static_cast<std::uint64_t>(value)));
  if constexpr (sizeof(T) == 4)
    return static_cast<T>(__builtin_bswap32(static_cast<std::uint32_t>(value)));
  if constexpr (sizeof(T) == 2)
    return static_cast<T>(__builtin_bswap16(static_cast<std::uint16_t>(value)));
  return value;
}
}  // namespace detail

template <typename T>
Encoder& Encoder::big(T value) {
  return put(detail::byte_swapped(value));
}

template <typename T>
T Decoder::big() {
  return detail::byte_swapped(get<T>());
}

}  // namespace stepwell
