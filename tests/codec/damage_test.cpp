// Bytes that no encoder wrote. Whatever they are, decoding fails with what was expected and found,
// or gives exactly as many items as asked for. Each input lies in memory of its own size, so that a
// sanitizer sees any byte read behind it.

#include "tests/codec/columns.hpp"

namespace stepwell::codec {
namespace {

template <typename Item>
void feed(const std::vector<std::byte>& bytes, std::size_t count) {
  std::vector<Item> out(count);
  const auto taken = decode(bytes, out);
  if (taken) {
    EXPECT_LE(taken.value(), bytes.size());
  } else {
    EXPECT_EQ(taken.error().kind, ErrorKind::kCorrupt);
    EXPECT_NE(taken.error().text.find("expected"), std::string::npos) << taken.error().text;
    EXPECT_NE(taken.error().text.find("found"), std::string::npos) << taken.error().text;
  }
}

template <typename Item>
void damage(const std::vector<Item>& column, const std::string& name) {
  const std::vector<std::byte> bytes = encoded(column);
  const std::size_t stride = 1 + bytes.size() / 300;
  for (std::size_t n = 0; n < bytes.size(); n += n < 40 ? 1 : stride) {
    std::vector<Item> out(column.size());
    const std::vector<std::byte> cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(n));
    EXPECT_TRUE(decode(cut, out).has_error()) << name << " cut to " << n << " of " << bytes.size();
  }
  for (std::size_t n = 0; n < bytes.size(); n += n < 40 ? 1 : stride) {
    for (const unsigned flip : {0x01u, 0x80u, 0x10u, 0xFFu}) {
      std::vector<std::byte> changed = bytes;
      changed[n] ^= static_cast<std::byte>(flip);
      feed<Item>(changed, column.size());
    }
  }
  // Asked for another number of items.
  for (const std::size_t count :
       {std::size_t{1}, std::size_t{2}, column.size() + 1, kBlockPointsMax})
    if (count <= kBlockPointsMax) feed<Item>(bytes, count);
}

TEST(Damage, CutAndFlippedIntegers) {
  for (const std::size_t count : {1u, 2u, 3u, 10u, 257u, 1024u})
    for (const auto& [name, column] : integer_columns(count, count)) damage(column, name);
}

TEST(Damage, CutAndFlippedValues) {
  for (const std::size_t count : {1u, 2u, 3u, 10u, 257u, 1024u})
    for (const auto& [name, column] : value_columns(count, count)) damage(column, name);
}

TEST(Damage, RandomBytesOfEveryTag) {
  Random random(9);
  for (unsigned tag = 0; tag < 256; ++tag) {
    for (int repeat = 0; repeat < 60; ++repeat) {
      std::vector<std::byte> bytes(1 + random() % 200);
      for (auto& byte : bytes)
        byte = static_cast<std::byte>(random() % 3 == 0 ? random() : random() % 12);
      bytes[0] = static_cast<std::byte>(tag);
      bytes.shrink_to_fit();
      const std::size_t count = 1 + random() % (repeat % 2 ? 20 : 1024);
      feed<std::int64_t>(bytes, count);
      feed<double>(bytes, count);
    }
  }
}

struct Malformed {
  const char* what;
  std::vector<unsigned> bytes;
  std::size_t count;
  const char* text;
};

template <typename Item>
void expect_refused(const Malformed& one) {
  std::vector<std::byte> bytes;
  for (const unsigned byte : one.bytes) bytes.push_back(static_cast<std::byte>(byte));
  std::vector<Item> out(one.count);
  const auto taken = decode(bytes, out);
  ASSERT_TRUE(taken.has_error()) << one.what;
  EXPECT_EQ(taken.error().kind, ErrorKind::kCorrupt) << one.what;
  EXPECT_NE(taken.error().text.find(one.text), std::string::npos)
      << one.what << ": " << taken.error().text;
}

TEST(Damage, MalformedIntegersAreNamed) {
  const Malformed table[] = {
      {"nothing", {}, 1, "1 bytes of column tag at offset 0, found 0"},
      {"form 9", {9}, 1, "tag of at most 8, found 9"},
      {"a value's tag", {0x13}, 4, "tag of at most 8, found 19"},
      {"raw, cut", {0, 1, 2, 3}, 1, "8 bytes of raw items at offset 1, found 3"},
      {"varint of 11 bytes", {1, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 0}, 1, "varint"},
      {"varint above 2^64", {1, 255, 255, 255, 255, 255, 255, 255, 255, 255, 2}, 1, "varint"},
      {"varint longer than need be", {1, 0x80, 0}, 1, "shortest varint for base"},
      {"width 65", {3, 65, 0}, 4, "width of at most 64, found 65"},
      {"delta of one item", {5, 1, 0, 0, 0}, 1, "more than 1 items"},
      {"second delta of two items", {7, 1, 0, 0, 0, 0}, 2, "more than 2 items"},
      {"packed items cut", {3, 8, 0, 1, 2, 3}, 4, "4 bytes of packed items at offset 3, found 3"},
      {"bits behind the items", {3, 3, 0, 0x08}, 1, "zero bits behind packed items"},
      {"no patches", {4, 1, 0, 0, 1, 0}, 4, "1 to 4 patches, found 0"},
      {"more patches than items", {4, 1, 0, 5, 1, 0, 0, 0}, 4, "1 to 4 patches, found 5"},
      {"patch width 0", {4, 1, 0, 1, 0, 0, 0, 0}, 4, "patch width of 1 to 63, found 0"},
      {"patch width beyond 64", {4, 60, 0, 1, 5}, 4, "patch width of 1 to 4, found 5"},
      {"position beyond the column", {4, 0, 0, 1, 1, 3, 1}, 3, "positions below 3, found 3"},
      {"positions not ascending", {4, 0, 0, 2, 1, 0b0101, 3}, 4, "ascending positions"},
      {"patch of zero", {4, 0, 0, 1, 1, 1, 0}, 4, "patch 0"},
      {"first difference not zero", {5, 1, 0, 0, 1}, 4, "0 as packed item 0, found 1"},
  };
  for (const Malformed& one : table) expect_refused<std::int64_t>(one);
}

TEST(Damage, MalformedValuesAreNamed) {
  const Malformed table[] = {
      {"form 9", {0x19}, 1, "known tag, found 0x19"},
      {"meaning 4", {0x41}, 1, "known tag, found 0x41"},
      {"plain, but not raw", {0x01, 0}, 1, "known tag, found 0x01"},
      {"raw bits", {0x10, 0}, 1, "known tag, found 0x10"},
      {"raw, cut", {0, 1}, 1, "8 bytes of raw values"},
      {"shift 64", {0x11, 64, 0}, 1, "shift of at most 63, found 64"},
      {"exponent 19", {0x21, 19, 0, 0}, 1, "exponent of at most 18, found 19"},
      {"exceptions beyond the column", {0x21, 1, 2, 0, 0}, 1, "at most 1 exceptions, found 2"},
      {"exceptions cut", {0x21, 1, 1, 7, 7}, 1, "8 bytes of exceptions"},
      {"nothing behind the exponent", {0x31, 1}, 1, "number of exceptions"},
  };
  for (const Malformed& one : table) expect_refused<double>(one);
}

}  // namespace
}  // namespace stepwell::codec
