#pragma once

// Distinct types for the things that are numbered, so that one cannot be passed for another.

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace stepwell {

// A number with a name of its own. Number<struct Foo> never converts to Number<struct Bar>.
template <typename Tag, typename T = std::uint64_t>
struct Number {
  T value = 0;
  auto operator<=>(const Number&) const = default;
};

// Position of a record in the log's order. Increasing and opaque above wal/: no arithmetic.
using Lsn = Number<struct LsnTag>;
// Numbers that the fold assigns, per store. They mean nothing outside it.
using RunNumber = Number<struct RunNumberTag>;
using SeriesNumber = Number<struct SeriesNumberTag>;
using ExperimentId = Number<struct ExperimentIdTag>;
using KeyId = Number<struct KeyIdTag, std::uint32_t>;
using ContextId = Number<struct ContextIdTag, std::uint32_t>;

// 128 random bits, shown as 32 lower-case hex digits.
template <typename Tag>
struct Id128 {
  std::array<std::uint8_t, 16> bytes{};

  auto operator<=>(const Id128&) const = default;
  bool is_zero() const { return *this == Id128{}; }
  std::string hex() const;
  // Exactly 32 hex digits, in either case; else nothing.
  static std::optional<Id128> parse(std::string_view text);
};

using RunId = Id128<struct RunIdTag>;
using WriterId = Id128<struct WriterIdTag>;
using StoreId = Id128<struct StoreIdTag>;

std::string hex_of(const std::array<std::uint8_t, 16>& bytes);
std::optional<std::array<std::uint8_t, 16>> parse_hex(std::string_view text);

template <typename Tag>
std::string Id128<Tag>::hex() const {
  return hex_of(bytes);
}

template <typename Tag>
std::optional<Id128<Tag>> Id128<Tag>::parse(std::string_view text) {
  if (auto bytes = parse_hex(text)) return Id128{*bytes};
  return std::nullopt;
}

}  // namespace stepwell

template <typename Tag, typename T>
struct std::hash<stepwell::Number<Tag, T>> {
  std::size_t operator()(stepwell::Number<Tag, T> number) const {
    return std::hash<T>()(number.value);
  }
};

template <typename Tag>
struct std::hash<stepwell::Id128<Tag>> {
  // A client may choose ids, so all 16 bytes take part.
  std::size_t operator()(const stepwell::Id128<Tag>& id) const {
    std::uint64_t low, high;
    std::memcpy(&low, id.bytes.data(), 8);
    std::memcpy(&high, id.bytes.data() + 8, 8);
    return (low ^ (high * 0x9E3779B97F4A7C15ULL)) * 0xBF58476D1CE4E5B9ULL;
  }
};
