#include "protocol/frame.hpp"

#include <gtest/gtest.h>

#include "engine/base/clock.hpp"
#include "protocol/limits.hpp"
#include "protocol/messages.hpp"

namespace stepwell::protocol {
namespace {

TEST(Frame, RoundTripsEveryPayloadLength) {
  for (std::size_t size = 0; size < 70; ++size) {
    FrameHeader header;
    header.kind = Kind::kTags;
    header.run.bytes[3] = 9;
    header.writer.bytes[15] = 8;
    header.sequence = 77;
    const std::string payload(size, 'p');
    const std::string frame = make_frame(header, payload);
    EXPECT_EQ(frame.size(), 64 + (size + 7) / 8 * 8);
    const auto read = read_frame(as_bytes(frame));
    ASSERT_TRUE(read) << read.error().text;
    EXPECT_EQ(read.value().header.sequence, 77u);
    EXPECT_EQ(read.value().header.run, header.run);
    EXPECT_TRUE(as_text(read.value().payload()).starts_with(payload));
  }
}

TEST(Frame, StartsLikeNoTextAndNoTls) {
  const std::string frame = make_frame({}, {});
  EXPECT_EQ(static_cast<unsigned char>(frame[0]), 0xB5);
  EXPECT_EQ(frame.substr(0, 4), "\xB5SWF");
}

TEST(Frame, RestampKeepsThePayload) {
  std::string frame = make_frame({}, "payload!");
  restamp(frame, RunId{{1}}, WriterId{{2}}, 3);
  const auto read = read_frame(as_bytes(frame));
  ASSERT_TRUE(read);
  EXPECT_EQ(read.value().header.sequence, 3u);
  EXPECT_EQ(as_text(read.value().payload()), "payload!");
}

TEST(Frame, VersionAndFlagsAreRefusedAsInvalid) {
  FrameHeader header;
  header.version = 2;
  const auto version = read_header(as_bytes(make_frame(header, "x")));
  ASSERT_FALSE(version);
  EXPECT_EQ(version.error().kind, ErrorKind::kInvalid);
  header.version = 1;
  header.flags = 0x8000;
  const auto flags = read_header(as_bytes(make_frame(header, "x")));
  ASSERT_FALSE(flags);
  EXPECT_EQ(flags.error().kind, ErrorKind::kInvalid);
}

TEST(Frame, TheLargestFrameIsReadAndALargerOneIsNot) {
  const std::string largest(kFrameBytesMax - sizeof(FrameHeader), 'x');
  EXPECT_TRUE(read_frame(as_bytes(make_frame({}, largest))));
  const auto larger = read_header(as_bytes(make_frame({}, largest + "12345678")));
  ASSERT_FALSE(larger);
  EXPECT_EQ(larger.error().kind, ErrorKind::kInvalid);
}

TEST(Frame, MagicAndHashErrorsAreCorrupt) {
  std::string frame = make_frame({}, "x");
  frame[0] = 'G';
  EXPECT_EQ(read_header(as_bytes(frame)).error().kind, ErrorKind::kCorrupt);
  frame = make_frame({}, "x");
  frame[40] ^= 1;
  EXPECT_EQ(read_header(as_bytes(frame)).error().kind, ErrorKind::kCorrupt);
}

TEST(Messages, RoundTripAndForeignBytesNeverCrash) {
  wire::OpenT open;
  open.experiment = "e";
  open.tags.push_back(std::make_unique<wire::TextT>());
  open.tags[0]->key = "k";
  open.tags[0]->value = "v";
  const std::string frame = make_frame_of(Kind::kOpen, open);
  const auto payload = read_frame(as_bytes(frame)).value().payload();
  EXPECT_EQ(decode<wire::OpenT>(payload).value().tags.at(0)->value, "v");
  SeededRandom random(3);
  for (int round = 0; round < 20'000; ++round) {
    std::string copy = frame;
    for (std::uint64_t n = 1 + random.below(6); n > 0; --n) {
      copy[64 + random.below(copy.size() - 64)] = static_cast<char>(random.next_u64());
    }
    const Bytes mutated = as_bytes(copy).subspan(64);
    (void)decode<wire::OpenT>(mutated.first(mutated.size() - random.below(mutated.size())));
    (void)decode<wire::AckT>(mutated);
    (void)decode<wire::RunDataT>(mutated);
  }
}

TEST(Messages, ARequiredFieldThatIsMissingIsAnError) {
  wire::TagsT tags;
  const std::string frame = make_frame_of(Kind::kTags, tags);
  EXPECT_FALSE(decode<wire::OpenT>(as_bytes(frame).subspan(64)));
}

}  // namespace
}  // namespace stepwell::protocol
