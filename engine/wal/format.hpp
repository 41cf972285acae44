#pragma once

// The bytes of a segment file: what lies where, and whether it is what was written. The layout is
// told in docs/format/log.md; all integers are little-endian.
//
// Position = place of a byte in the log's address space. A segment's header holds the position of
// the file's first byte, so the byte at offset o has position first_position + o.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/bytes.hpp"
#include "engine/wal/record.hpp"

namespace stepwell::wal {

inline constexpr std::uint64_t kBlock = 4096;  // Groups begin at multiples of it in their file.
inline constexpr std::uint32_t kSegmentMagic = 0x53575753;  // "SWWS" in the file
inline constexpr std::uint32_t kGroupMagic = 0x47575753;    // "SWWG" in the file
inline constexpr std::uint16_t kFormatVersion = 1;
inline constexpr std::uint64_t kSegmentHeaderBytes = 96;
inline constexpr std::uint64_t kGroupHeaderBytes = 64;
inline constexpr std::uint64_t kRecordHeaderBytes = 32;

// Block 0 of a segment file. Written twice: durably when the file is prepared under its name (state
// kPrepared, no predecessor), and together with the first group (kStarted).
struct SegmentHeader {
  enum State : std::uint16_t { kPrepared = 1, kStarted = 2 };  // Persisted: never change.

  std::uint64_t incarnation = 0;  // Random at every use of the file.
  std::uint16_t state = kPrepared;
  std::uint64_t log_id = 0;  // Random at the log's creation, the same in all its segments.
  std::uint64_t segment_bytes = 0;
  std::uint64_t first_position = 0;
  // Of the group before this segment's first one: its segment's incarnation, the position where its
  // padding ends, its hash; and the LSN of the last record so far. All 0 at the log's beginning.
  std::uint64_t previous_incarnation = 0;
  std::uint64_t previous_end = 0;
  std::uint64_t previous_hash = 0;
  std::uint64_t previous_last_lsn = 0;
  std::uint64_t durable = 0;  // Everything below this position was durable at submit.

  std::uint64_t end() const { return first_position + segment_bytes; }
};

// Fills a whole block.
void encode_segment_header(const SegmentHeader& header, MutableBytes block);
// How the text begins that says that a sound header is of another version of the format.
inline constexpr std::string_view kNewerFormat = "log format version";
// The header in a block, or what is wrong with it in `what`.
std::optional<SegmentHeader> decode_segment_header(Bytes block, std::string& what);

struct GroupHeader {
  std::uint64_t hash = 0;  // XXH3-64 of all that follows it up to `length`, seeded by place.
  std::uint64_t incarnation = 0;
  std::uint64_t position = 0;
  std::uint32_t length = 0;  // Header included, padding not.
  std::uint32_t records = 0;
  std::uint64_t previous_hash = 0;
  std::uint64_t durable = 0;
  std::uint64_t log_id = 0;
  bool last = false;  // The log was closed with it: no group follows in its segment.

  std::uint64_t padded() const { return align_up(length, kBlock); }
  std::uint64_t end() const { return position + padded(); }
};

// Completes a group whose records lie in bytes[64, length): writes the header with its hash, zeroes
// the padding. `bytes` is the padded group. Returns the hash.
std::uint64_t seal_group(GroupHeader header, MutableBytes bytes);

// Where a group claims to belong.
struct GroupPlace {
  std::uint64_t log_id = 0;
  std::uint64_t incarnation = 0;
  std::uint64_t position = 0;
};
// Reads the fields and checks those that need no hash: the group of this place, not longer than
// `room`. Nothing if it is not one.
std::optional<GroupHeader> peek_group(Bytes header, const GroupPlace& place, std::uint64_t room);
// Whatever stands in the fields, for who has lost the segment's header. At least kGroupHeaderBytes.
GroupPlace claimed_place(Bytes header);
// `bytes` holds at least `header.length`.
bool group_hash_holds(const GroupHeader& header, Bytes bytes);
// The records of a group whose hash holds. Nothing if they do not fill it exactly.
std::optional<std::vector<RecordView>> decode_records(const GroupHeader& header, Bytes bytes);

// Bytes of a record in a group.
constexpr std::uint64_t record_bytes(std::uint64_t payload) {
  return kRecordHeaderBytes + align_up(payload, 8);
}
void encode_record_header(const Envelope& envelope, std::uint64_t payload_bytes, std::byte* to);

// "<16 hex>.seg", and back.
std::string segment_name(std::uint64_t first_position);
std::optional<std::uint64_t> parse_segment_name(std::string_view name);
std::string pool_name(std::uint64_t number);
std::optional<std::uint64_t> parse_pool_name(std::string_view name);

}  // namespace stepwell::wal
