#include <bit>
#include <vector>

#include "engine/codec/codec.hpp"
#include "tests/fuzz/targets.hpp"

namespace stepwell::fuzz {
namespace {

template <typename Item>
Result<std::size_t> decode(Bytes in, std::vector<Item>& out) {
  if constexpr (std::is_same_v<Item, double>) {
    return stepwell::codec::decode_values(in, out);
  } else {
    return stepwell::codec::decode_integers(in, out);
  }
}

// What is encoded comes back bit for bit, from exactly its bytes.
template <typename Item>
void there_and_back(const std::vector<Item>& column) {
  std::vector<std::byte> bytes(stepwell::codec::encoded_bytes_max(column.size()));
  std::size_t length = 0;
  if constexpr (std::is_same_v<Item, double>) {
    length = stepwell::codec::encode_values(column, bytes);
  } else {
    length = stepwell::codec::encode_integers(column, bytes);
  }
  STEPWELL_ASSERT(length <= bytes.size());
  const std::vector<std::byte> exact(bytes.begin(),
                                     bytes.begin() + static_cast<std::ptrdiff_t>(length));
  std::vector<Item> back(column.size());
  const auto taken = decode(exact, back);
  STEPWELL_ASSERT(taken.has_value() && taken.value() == length);
  STEPWELL_ASSERT(std::memcmp(back.data(), column.data(), 8 * column.size()) == 0);
}

// Foreign bytes are refused by name, or are a column like any other.
template <typename Item>
void read(Bytes input, std::size_t count) {
  const std::vector<std::byte> exact(input.begin(), input.end());
  std::vector<Item> column(count);
  const auto taken = decode(exact, column);
  if (!taken) {
    STEPWELL_ASSERT(taken.error().kind == ErrorKind::kCorrupt && !taken.error().text.empty());
    return;
  }
  STEPWELL_ASSERT(taken.value() <= exact.size());
  there_and_back(column);
}

// Items of 8, 4, 2 or 1 bytes, scaled: narrow columns as well as wide ones.
template <typename Item>
std::vector<Item> items_of(Bytes input, std::size_t width, unsigned shift) {
  std::vector<Item> column;
  for (std::size_t at = 0; at + width <= input.size() && column.size() < 1024; at += width) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, input.data() + at, width);
    column.push_back(std::bit_cast<Item>(bits << shift));
  }
  return column;
}

}  // namespace

// {u16 count and how, bytes}
void codec(Bytes input) {
  if (input.size() < 3) return;
  const auto head = load_le<std::uint16_t>(input.data());
  const Bytes rest = input.subspan(2);
  const std::size_t count = 1 + head % 1024;
  read<std::int64_t>(rest, count);
  read<double>(rest, count);
  const std::size_t width = std::size_t{1} << (head >> 10 & 3);
  const unsigned shift = (head >> 12) * 4;
  const auto integers = items_of<std::int64_t>(rest, width, shift);
  if (integers.empty()) return;
  there_and_back(integers);
  there_and_back(items_of<double>(rest, width, shift));
  // The same as decimals, and as a running sum.
  std::vector<double> decimals;
  std::vector<std::int64_t> sums;
  std::uint64_t sum = 0;
  for (const std::int64_t item : integers) {
    decimals.push_back(static_cast<double>(item) / 100);
    sums.push_back(static_cast<std::int64_t>(sum += static_cast<std::uint64_t>(item)));
  }
  there_and_back(decimals);
  there_and_back(sums);
}

}  // namespace stepwell::fuzz
