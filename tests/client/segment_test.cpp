// Spool segments: round trip, every kind of damage, and no trust in lengths.

#include "protocol/client/segment.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "tests/client/support.hpp"

namespace stepwell::client {
namespace {

struct SegmentTest : testing::Test {
  RunId run = run_id(1);
  WriterId writer = writer_id(1);
  std::string bytes;
  std::vector<std::size_t> offsets;  // Of frames 1 (open), 2, 3 ...

  void SetUp() override {
    SegmentHeader header;
    header.run = run;
    header.writer = writer;
    header.first_sequence = 1;
    bytes = make_segment_start(header, open_frame(run, writer));
    offsets = {sizeof(SegmentHeader)};
    for (std::uint64_t sequence = 2; sequence <= 9; ++sequence)
      add(batch_frame(run, writer, sequence, sequence));
  }
  void add(const std::string& frame) {
    offsets.push_back(bytes.size());
    bytes += frame;
  }
  // Sequences of the sound frames.
  std::string sound(const SegmentContent& content) {
    std::string all;
    for (const auto& frame : content.frames) {
      all += std::to_string(frame.first);
      if (frame.last != frame.first) all += "-" + std::to_string(frame.last);
      all += " ";
    }
    return all;
  }
  SegmentContent parse() {
    auto content = parse_segment(as_bytes(bytes));
    EXPECT_TRUE(content) << content.error().text;
    return content.value();
  }
};

TEST_F(SegmentTest, RoundTrip) {
  const auto content = parse();
  EXPECT_EQ(sound(content), "1 2 3 4 5 6 7 8 9 ");
  EXPECT_TRUE(content.damages.empty());
  EXPECT_EQ(content.open.offset, sizeof(SegmentHeader));
}

// The worked example of docs/format/spool.md.
TEST_F(SegmentTest, TheExampleIsWhatWeWrite) {
  const auto file = [](const std::string& name) {
    std::ifstream in(STEPWELL_TEST_DATA "/" + name, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  const std::string open = file("frames/open.frame");
  const auto first = load_le<protocol::FrameHeader>(open.data());
  SegmentHeader header;
  header.run = first.run;
  header.writer = first.writer;
  header.first_sequence = 1;
  bytes = file("spool/example.seg");
  EXPECT_EQ(bytes, make_segment_start(header, open) + file("frames/batch_matrix_narrow.frame"));
  EXPECT_EQ(sound(parse()), "1 2 ");
}

TEST_F(SegmentTest, ALaterSegmentRepeatsOpenWithoutCountingIt) {
  SegmentHeader header;
  header.run = run;
  header.writer = writer;
  header.first_sequence = 10;
  bytes = make_segment_start(header, open_frame(run, writer));
  bytes += batch_frame(run, writer, 10);
  const auto content = parse();
  EXPECT_EQ(sound(content), "10 ");
  EXPECT_GT(content.open.bytes, 0u);
}

TEST_F(SegmentTest, EveryCutIsATail) {
  const std::string whole = bytes;
  for (std::size_t size = sizeof(SegmentHeader); size < whole.size(); ++size) {
    bytes = whole.substr(0, size);
    const auto content = parse();
    const auto sound_frames = static_cast<std::size_t>(
        std::upper_bound(offsets.begin(), offsets.end(), size) - offsets.begin());
    const bool clean = std::ranges::find(offsets, size) != offsets.end();
    EXPECT_EQ(content.frames.size(), sound_frames - 1) << size;
    ASSERT_EQ(content.damages.size(), clean ? 0u : 1u) << size;
    if (!clean) {
      EXPECT_TRUE(content.damages[0].tail) << size;
    }
  }
}

TEST_F(SegmentTest, EveryFlippedByteCostsOneFrameAtMost) {
  const std::string whole = bytes;
  for (std::size_t at = offsets[1]; at < whole.size(); ++at) {
    bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ 0x40);
    const auto content = parse();
    EXPECT_EQ(content.frames.size(), 8u) << at;
    ASSERT_EQ(content.damages.size(), 1u) << at;
    EXPECT_LE(content.damages[0].offset, at);
    EXPECT_GT(content.damages[0].offset + content.damages[0].bytes, at);
  }
}

TEST_F(SegmentTest, LostBytesInTheMiddleAreSkipped) {
  bytes.erase(offsets[3] + 13, 37);  // Alignment is gone from here on.
  EXPECT_EQ(sound(parse()), "1 2 3 5 6 7 8 9 ");
}

TEST_F(SegmentTest, AZeroedRangeIsSkipped) {
  for (std::size_t i = offsets[2]; i < offsets[4] + 5; ++i) bytes[i] = 0;
  const auto content = parse();
  EXPECT_EQ(sound(content), "1 2 6 7 8 9 ");
  ASSERT_EQ(content.damages.size(), 1u);
  EXPECT_EQ(content.damages[0].offset, offsets[2]);
}

TEST_F(SegmentTest, SwappedRepeatedAndForeignFramesAreDamage) {
  add(batch_frame(run, writer, 5));         // Again.
  add(batch_frame(run_id(2), writer, 10));  // Another run's.
  add(batch_frame(run, writer_id(2), 10));  // Another writer's.
  add(protocol::make_frame({}, {}));        // A ping.
  add(batch_frame(run, writer, 10));
  const auto content = parse();
  EXPECT_EQ(sound(content), "1 2 3 4 5 6 7 8 9 10 ");
  ASSERT_EQ(content.damages.size(), 1u);
  EXPECT_NE(content.damages[0].reason.find("sequence 5 after 9"), std::string::npos);
}

TEST_F(SegmentTest, SkipsCoverTheirRange) {
  wire::SkipT skip;
  skip.from = 10;
  skip.to = 14;
  add(protocol::make_frame_of(protocol::Kind::kSkip, skip, run, writer));
  add(batch_frame(run, writer, 15));
  EXPECT_EQ(sound(parse()), "1 2 3 4 5 6 7 8 9 10-14 15 ");
}

TEST_F(SegmentTest, ADamagedHeaderIsNamed) {
  for (std::size_t at = 0; at < sizeof(SegmentHeader); ++at) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    EXPECT_FALSE(parse_segment(as_bytes(damaged))) << at;
  }
  for (std::size_t size = 0; size < sizeof(SegmentHeader); ++size) {
    EXPECT_FALSE(parse_segment(as_bytes(bytes).first(size)));
  }
}

TEST_F(SegmentTest, GarbageNeverCrashes) {
  SeededRandom random(7);
  for (int round = 0; round < 2000; ++round) {
    std::string garbage = bytes;
    for (std::uint64_t n = random.below(20); n > 0; --n) {
      garbage[sizeof(SegmentHeader) + random.below(garbage.size() - sizeof(SegmentHeader))] =
          static_cast<char>(random.next_u64());
    }
    garbage.resize(random.below(garbage.size() + 1));
    (void)parse_segment(as_bytes(garbage));
  }
}

}  // namespace
}  // namespace stepwell::client
