// The bytes themselves: the worked example of docs/format/log.md, which must never change, and what
// a reader refuses.
#include "engine/wal/format.hpp"

#include <gtest/gtest.h>

namespace stepwell::wal {
namespace {

std::string hex(Bytes bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i > 0 && i % 16 == 0) text += '\n';
    static constexpr char kDigits[] = "0123456789abcdef";
    const auto value = std::to_integer<unsigned>(bytes[i]);
    text += kDigits[value >> 4];
    text += kDigits[value & 15];
  }
  return text;
}

SegmentHeader example_segment() {
  SegmentHeader header;
  header.incarnation = 0x1111111111111111;
  header.state = SegmentHeader::kStarted;
  header.log_id = 0x2222222222222222;
  header.segment_bytes = 0x4000000;
  header.first_position = 0x8000000;
  header.previous_incarnation = 0x3333333333333333;
  header.previous_end = 0x7ffe000;
  header.previous_hash = 0x4444444444444444;
  header.previous_last_lsn = 0x7ffd040;
  header.durable = 0x7ffd000;
  return header;
}

// A group with the one record "hello", the first of the segment above.
std::vector<std::byte> example_group() {
  std::vector<std::byte> bytes(kBlock, std::byte{0xee});
  encode_record_header({7, Door::kRest, 1700000000000, 0}, 5, bytes.data() + kGroupHeaderBytes);
  std::memcpy(bytes.data() + 96, "hello\0\0\0", 8);
  GroupHeader header;
  header.log_id = 0x2222222222222222;
  header.incarnation = 0x1111111111111111;
  header.position = 0x8001000;
  header.length = 104;
  header.records = 1;
  header.previous_hash = 0x4444444444444444;
  header.durable = 0x7ffe000;
  seal_group(header, bytes);
  return bytes;
}

const GroupPlace kPlace{0x2222222222222222, 0x1111111111111111, 0x8001000};

TEST(LogFormat, TheWorkedExampleNeverChanges) {
  std::vector<std::byte> block(kBlock);
  encode_segment_header(example_segment(), block);
  EXPECT_EQ(hex(Bytes(block).first(kSegmentHeaderBytes)),
            "3c9eac10ad0b32485357575301000200\n"
            "11111111111111112222222222222222\n"
            "00000004000000000000000800000000\n"
            "333333333333333300e0ff0700000000\n"
            "444444444444444440d0ff0700000000\n"
            "00d0ff07000000000000000000000000");
  EXPECT_EQ(hex(Bytes(example_group()).first(104)),
            "b6a4bad04857465f5357574701000000\n"
            "11111111111111110010000800000000\n"
            "68000000010000004444444444444444\n"
            "00e0ff07000000002222222222222222\n"
            "05000000070002000068e5cf8b010000\n"
            "00000000000000000000000000000000\n"
            "68656c6c6f000000");
}

TEST(LogFormat, FieldsComeBack) {
  std::vector<std::byte> block(kBlock);
  encode_segment_header(example_segment(), block);
  std::string what;
  const auto header = decode_segment_header(block, what);
  ASSERT_TRUE(header.has_value()) << what;
  EXPECT_EQ(header->previous_last_lsn, 0x7ffd040u);
  EXPECT_EQ(header->durable, 0x7ffd000u);
  EXPECT_EQ(header->state, SegmentHeader::kStarted);
  const auto bytes = example_group();
  const auto group = peek_group(bytes, kPlace, kBlock);
  ASSERT_TRUE(group.has_value());
  EXPECT_EQ(group->end(), 0x8002000u);
  EXPECT_TRUE(group_hash_holds(*group, bytes));
  const auto records = decode_records(*group, bytes);
  ASSERT_TRUE(records.has_value());
  ASSERT_EQ(records->size(), 1u);
  EXPECT_EQ(as_text(records->at(0).payload), "hello");
  EXPECT_EQ(records->at(0).lsn.value, 0x8001040u);
  EXPECT_EQ(records->at(0).envelope.kind, 7);
}

TEST(LogFormat, EveryFlippedBitIsNoticed) {
  std::vector<std::byte> block(kBlock);
  encode_segment_header(example_segment(), block);
  std::string what;
  for (std::size_t bit = 0; bit < kSegmentHeaderBytes * 8; ++bit) {
    block[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
    EXPECT_FALSE(decode_segment_header(block, what).has_value()) << "bit " << bit;
    block[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
  }
  auto bytes = example_group();
  for (std::size_t bit = 0; bit < 104 * 8; ++bit) {
    bytes[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
    const auto group = peek_group(bytes, kPlace, kBlock);
    EXPECT_FALSE(group && group_hash_holds(*group, bytes)) << "bit " << bit;
    bytes[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
  }
}

TEST(LogFormat, AGroupIsOnlyGoodInItsPlace) {
  const auto bytes = example_group();
  for (int which = 0; which < 3; ++which) {
    GroupPlace place = kPlace;
    (which == 0 ? place.log_id : which == 1 ? place.incarnation : place.position) += 4096;
    EXPECT_FALSE(peek_group(bytes, place, kBlock).has_value());
  }
  EXPECT_FALSE(peek_group(bytes, kPlace, kBlock - 1).has_value()) << "longer than the room";
  EXPECT_FALSE(peek_group(Bytes(bytes).first(63), kPlace, kBlock).has_value());
}

TEST(LogFormat, RecordsMustFillTheirGroupExactly) {
  const auto bytes = example_group();
  auto header = *peek_group(bytes, kPlace, kBlock);
  for (const std::uint32_t records : {0u, 2u, 1'000'000u, ~0u}) {
    header.records = records;
    EXPECT_FALSE(decode_records(header, bytes).has_value()) << records;
  }
  header.records = 1;
  for (const std::uint32_t length : {64u, 72u, 96u, 112u}) {
    header.length = length;
    EXPECT_FALSE(decode_records(header, bytes).has_value()) << length;
  }
}

TEST(LogFormat, Names) {
  EXPECT_EQ(segment_name(0x8000000), "0000000008000000.seg");
  EXPECT_EQ(parse_segment_name("0000000008000000.seg"), 0x8000000u);
  EXPECT_EQ(parse_pool_name(pool_name(17)), 17u);
  for (const char* name : {"", ".seg", "pool-.seg", "pool-x.seg", "000000000800000.seg",
                           "000000000800000g.seg", "0000000008000000.sig", "pool-1.seg.filling"}) {
    EXPECT_FALSE(parse_segment_name(name).has_value()) << name;
    EXPECT_FALSE(parse_pool_name(name).has_value()) << name;
  }
}

}  // namespace
}  // namespace stepwell::wal
