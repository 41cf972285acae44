#pragma once

// The format of spool segments (docs/format/spool.md): a header, the writer's `open` frame, then
// frames exactly as they go over the wire. One writer per file, written once from front to back.

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/bytes.hpp"
#include "engine/base/ids.hpp"
#include "engine/base/result.hpp"
#include "protocol/frame.hpp"

namespace stepwell::client {

inline constexpr std::uint32_t kSegmentMagic = 0x505357B5;  // "\xB5WSP"
inline constexpr std::uint16_t kSegmentVersion = 1;
// A segment is read whole. Writers roll far below it.
inline constexpr std::uint64_t kSegmentBytesMax = 256 << 20;

// Little-endian, no padding.
struct SegmentHeader {
  std::uint32_t magic = kSegmentMagic;
  std::uint16_t version = kSegmentVersion;
  std::uint16_t flags = 0;
  std::uint32_t header_bytes = 64;  // The open frame follows; a multiple of 64.
  std::uint32_t number = 0;         // Of the writer's segments, from 0.
  RunId run;
  WriterId writer;
  std::uint64_t first_sequence = 0;
  std::uint64_t hash = 0;  // XXH3-64 of what is before it.
};
static_assert(sizeof(SegmentHeader) == 64);

// Header and open frame, as a segment begins.
std::string make_segment_start(SegmentHeader header, std::string_view open_frame);

// A sound frame in a segment's bytes. Batches, params, tags, end, open: first = last = its
// sequence. Skip: the range that it consumes.
struct SpooledFrame {
  protocol::Kind kind{};
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};

// Bytes that are not what the writer wrote.
struct SegmentDamage {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  bool tail = false;  // A frame cut short at the end of the file: a writer that was killed.
  std::string reason;
};

struct SegmentContent {
  SegmentHeader header;
  SpooledFrame open;  // Where the repeated open frame lies; bytes 0 if it is damaged.
  // In order, each first > the last before. In the segment with first_sequence 1, open comes first.
  std::vector<SpooledFrame> frames;
  std::vector<SegmentDamage> damages;
};

// The header alone, from a file's first bytes. kCorrupt: damaged, or not a segment's.
Result<SegmentHeader> read_segment_header(Bytes bytes);

// Never trusts a length: whatever does not have its hashes is damage, and the next sound frame of
// the same run and writer is searched for. kCorrupt: the header itself is damaged, or is no
// segment's.
Result<SegmentContent> parse_segment(Bytes bytes);

// Points in a frame; 0 for other kinds than batches and skips. The frame is sound and 8-aligned.
std::uint64_t points_in(const protocol::FrameView& frame);

}  // namespace stepwell::client
