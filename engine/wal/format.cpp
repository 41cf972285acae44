#include "engine/wal/format.hpp"

#include <xxhash.h>

#include <charconv>

#include <fmt/format.h>

#include "engine/base/assert.hpp"

namespace stepwell::wal {
namespace {

// Offsets of the fields; the same ones are in docs/format/log.md.
namespace segment_at {
constexpr std::size_t kHash = 0, kMagic = 8, kVersion = 12, kState = 14, kIncarnation = 16,
                      kLogId = 24, kSegmentBytes = 32, kFirstPosition = 40,
                      kPreviousIncarnation = 48, kPreviousEnd = 56, kPreviousHash = 64,
                      kPreviousLastLsn = 72, kDurable = 80, kReserved = 88;
}
namespace group_at {
constexpr std::size_t kHash = 0, kMagic = 8, kVersion = 12, kFlags = 14, kIncarnation = 16,
                      kPosition = 24, kLength = 32, kRecords = 36, kPreviousHash = 40,
                      kDurable = 48, kLogId = 56;
}
namespace record_at {
constexpr std::size_t kLength = 0, kKind = 4, kDoor = 6, kFlags = 7, kArrival = 8, kPrincipal = 16,
                      kReserved = 24;
}

// Flags of a group; numbers never change.
constexpr std::uint16_t kLast = 1;

std::uint64_t seed_of(std::uint64_t incarnation, std::uint64_t position) {
  return incarnation ^ (position * 0x9E3779B97F4A7C15ULL);
}

std::uint64_t group_hash(const GroupHeader& header, const std::byte* bytes) {
  return XXH3_64bits_withSeed(bytes + 8, header.length - 8,
                              seed_of(header.incarnation, header.position));
}

}  // namespace

void encode_segment_header(const SegmentHeader& header, MutableBytes block) {
  STEPWELL_ASSERT(block.size() == kBlock);
  std::byte* const to = block.data();
  std::memset(to, 0, kBlock);
  store_le(to + segment_at::kMagic, kSegmentMagic);
  store_le(to + segment_at::kVersion, kFormatVersion);
  store_le(to + segment_at::kState, header.state);
  store_le(to + segment_at::kIncarnation, header.incarnation);
  store_le(to + segment_at::kLogId, header.log_id);
  store_le(to + segment_at::kSegmentBytes, header.segment_bytes);
  store_le(to + segment_at::kFirstPosition, header.first_position);
  store_le(to + segment_at::kPreviousIncarnation, header.previous_incarnation);
  store_le(to + segment_at::kPreviousEnd, header.previous_end);
  store_le(to + segment_at::kPreviousHash, header.previous_hash);
  store_le(to + segment_at::kPreviousLastLsn, header.previous_last_lsn);
  store_le(to + segment_at::kDurable, header.durable);
  store_le(to + segment_at::kReserved, std::uint64_t{0});
  store_le(to + segment_at::kHash, XXH3_64bits(to + 8, kSegmentHeaderBytes - 8));
}

std::optional<SegmentHeader> decode_segment_header(Bytes block, std::string& what) {
  const std::byte* const from = block.data();
  if (block.size() < kSegmentHeaderBytes) {
    what = fmt::format("the file ends inside the segment header, after {} bytes", block.size());
    return std::nullopt;
  }
  if (load_le<std::uint32_t>(from + segment_at::kMagic) != kSegmentMagic) {
    what = "no segment header here (wrong magic)";
    return std::nullopt;
  }
  if (load_le<std::uint64_t>(from + segment_at::kHash) !=
      XXH3_64bits(from + 8, kSegmentHeaderBytes - 8)) {
    what = "the segment header's checksum does not hold";
    return std::nullopt;
  }
  const auto version = load_le<std::uint16_t>(from + segment_at::kVersion);
  if (version != kFormatVersion) {
    what = fmt::format("{} {}, this program reads {}", kNewerFormat, version, kFormatVersion);
    return std::nullopt;
  }
  SegmentHeader header;
  header.state = load_le<std::uint16_t>(from + segment_at::kState);
  header.incarnation = load_le<std::uint64_t>(from + segment_at::kIncarnation);
  header.log_id = load_le<std::uint64_t>(from + segment_at::kLogId);
  header.segment_bytes = load_le<std::uint64_t>(from + segment_at::kSegmentBytes);
  header.first_position = load_le<std::uint64_t>(from + segment_at::kFirstPosition);
  header.previous_incarnation = load_le<std::uint64_t>(from + segment_at::kPreviousIncarnation);
  header.previous_end = load_le<std::uint64_t>(from + segment_at::kPreviousEnd);
  header.previous_hash = load_le<std::uint64_t>(from + segment_at::kPreviousHash);
  header.previous_last_lsn = load_le<std::uint64_t>(from + segment_at::kPreviousLastLsn);
  header.durable = load_le<std::uint64_t>(from + segment_at::kDurable);
  const bool sane =
      (header.state == SegmentHeader::kPrepared || header.state == SegmentHeader::kStarted) &&
      header.segment_bytes % kBlock == 0 && header.segment_bytes >= 2 * kBlock &&
      header.first_position % kBlock == 0;
  if (!sane) {
    what = "the segment header's fields contradict each other";
    return std::nullopt;
  }
  return header;
}

std::uint64_t seal_group(GroupHeader header, MutableBytes bytes) {
  STEPWELL_ASSERT(bytes.size() == header.padded());
  std::byte* const to = bytes.data();
  store_le(to + group_at::kMagic, kGroupMagic);
  store_le(to + group_at::kVersion, kFormatVersion);
  store_le(to + group_at::kFlags, header.last ? kLast : std::uint16_t{0});
  store_le(to + group_at::kIncarnation, header.incarnation);
  store_le(to + group_at::kPosition, header.position);
  store_le(to + group_at::kLength, header.length);
  store_le(to + group_at::kRecords, header.records);
  store_le(to + group_at::kPreviousHash, header.previous_hash);
  store_le(to + group_at::kDurable, header.durable);
  store_le(to + group_at::kLogId, header.log_id);
  std::memset(to + header.length, 0, bytes.size() - header.length);
  const std::uint64_t hash = group_hash(header, to);
  store_le(to + group_at::kHash, hash);
  return hash;
}

std::optional<GroupHeader> peek_group(Bytes bytes, const GroupPlace& place, std::uint64_t room) {
  if (bytes.size() < kGroupHeaderBytes) return std::nullopt;
  const std::byte* const from = bytes.data();
  const GroupPlace claimed = claimed_place(bytes);
  if (load_le<std::uint32_t>(from + group_at::kMagic) != kGroupMagic ||
      load_le<std::uint16_t>(from + group_at::kVersion) != kFormatVersion ||
      claimed.log_id != place.log_id || claimed.incarnation != place.incarnation ||
      claimed.position != place.position) {
    return std::nullopt;
  }
  GroupHeader header;
  header.hash = load_le<std::uint64_t>(from + group_at::kHash);
  header.log_id = place.log_id;
  header.incarnation = place.incarnation;
  header.position = place.position;
  header.length = load_le<std::uint32_t>(from + group_at::kLength);
  header.records = load_le<std::uint32_t>(from + group_at::kRecords);
  header.previous_hash = load_le<std::uint64_t>(from + group_at::kPreviousHash);
  header.durable = load_le<std::uint64_t>(from + group_at::kDurable);
  header.last = (load_le<std::uint16_t>(from + group_at::kFlags) & kLast) != 0;
  if (header.length < kGroupHeaderBytes || header.length % 8 != 0 || header.padded() > room) {
    return std::nullopt;
  }
  return header;
}

GroupPlace claimed_place(Bytes header) {
  const std::byte* const from = header.data();
  return {load_le<std::uint64_t>(from + group_at::kLogId),
          load_le<std::uint64_t>(from + group_at::kIncarnation),
          load_le<std::uint64_t>(from + group_at::kPosition)};
}

bool group_hash_holds(const GroupHeader& header, Bytes bytes) {
  return group_hash(header, bytes.data()) == header.hash;
}

std::optional<std::vector<RecordView>> decode_records(const GroupHeader& header, Bytes bytes) {
  std::vector<RecordView> records;
  if (header.records > header.length / kRecordHeaderBytes) return std::nullopt;
  records.reserve(header.records);
  std::uint64_t at = kGroupHeaderBytes;
  for (std::uint32_t i = 0; i < header.records; ++i) {
    if (header.length - at < kRecordHeaderBytes) return std::nullopt;
    const std::byte* const from = bytes.data() + at;
    const auto length = load_le<std::uint32_t>(from + record_at::kLength);
    if (header.length - at < record_bytes(length)) return std::nullopt;
    RecordView& record = records.emplace_back();
    record.lsn = Lsn{header.position + at};
    record.envelope.kind = load_le<std::uint16_t>(from + record_at::kKind);
    record.envelope.door = static_cast<Door>(load_le<std::uint8_t>(from + record_at::kDoor));
    record.envelope.arrival_ms = load_le<std::int64_t>(from + record_at::kArrival);
    record.envelope.principal = load_le<std::uint64_t>(from + record_at::kPrincipal);
    record.payload = bytes.subspan(at + kRecordHeaderBytes, length);
    at += record_bytes(length);
  }
  if (at != header.length) return std::nullopt;
  return records;
}

void encode_record_header(const Envelope& envelope, std::uint64_t payload_bytes, std::byte* to) {
  store_le(to + record_at::kLength, static_cast<std::uint32_t>(payload_bytes));
  store_le(to + record_at::kKind, envelope.kind);
  store_le(to + record_at::kDoor, static_cast<std::uint8_t>(envelope.door));
  store_le(to + record_at::kFlags, std::uint8_t{0});
  store_le(to + record_at::kArrival, envelope.arrival_ms);
  store_le(to + record_at::kPrincipal, envelope.principal);
  store_le(to + record_at::kReserved, std::uint64_t{0});
}

std::string segment_name(std::uint64_t first_position) {
  return fmt::format("{:016x}.seg", first_position);
}

std::optional<std::uint64_t> parse_segment_name(std::string_view name) {
  if (name.size() != 20 || !name.ends_with(".seg")) return std::nullopt;
  std::uint64_t position = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + 16, position, 16);
  if (error != std::errc() || end != name.data() + 16) return std::nullopt;
  return position;
}

std::string pool_name(std::uint64_t number) {
  return fmt::format("pool-{}.seg", number);
}

std::optional<std::uint64_t> parse_pool_name(std::string_view name) {
  if (!name.starts_with("pool-") || !name.ends_with(".seg") || name.size() < 10) {
    return std::nullopt;
  }
  const std::string_view digits = name.substr(5, name.size() - 9);
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

}  // namespace stepwell::wal
