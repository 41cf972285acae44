#include "protocol/frame.hpp"

#include <xxhash.h>

#include "protocol/limits.hpp"

namespace stepwell::protocol {
namespace {

std::uint32_t hash_of_header(FrameHeader header) {
  header.header_hash = 0;
  return static_cast<std::uint32_t>(XXH3_64bits(&header, sizeof header));
}

}  // namespace

Result<FrameHeader> read_header(Bytes bytes) {
  if (bytes.size() < sizeof(FrameHeader)) {
    return fail(ErrorKind::kCorrupt, "frame header is cut: {} of {} bytes", bytes.size(),
                sizeof(FrameHeader));
  }
  const auto header = load_le<FrameHeader>(bytes.data());
  if (header.magic != kFrameMagic) {
    return fail(ErrorKind::kCorrupt, "frame starts with {:08x}, expected magic {:08x}",
                header.magic, kFrameMagic);
  }
  if (header.header_hash != hash_of_header(header)) {
    return fail(ErrorKind::kCorrupt, "frame header's hash is {:08x}, its bytes give {:08x}",
                header.header_hash, hash_of_header(header));
  }
  if (header.version != kVersion) {
    return fail(ErrorKind::kInvalid, "frame has version {}, expected {}", header.version, kVersion);
  }
  if (header.flags != 0) {
    return fail(ErrorKind::kInvalid, "frame has flags {:04x}, none is known", header.flags);
  }
  if (header.frame_bytes() > kFrameBytesMax || header.payload_bytes % 8 != 0) {
    return fail(ErrorKind::kInvalid,
                "frame's payload is {} bytes, expected a multiple of 8 up to {}",
                header.payload_bytes, kFrameBytesMax - sizeof(FrameHeader));
  }
  return header;
}

Result<void> check_payload(const FrameHeader& header, Bytes payload) {
  const std::uint64_t hash = XXH3_64bits(payload.data(), payload.size());
  if (hash != header.payload_hash) {
    return fail(ErrorKind::kCorrupt,
                "{} frame {} of writer {}: payload's hash is {:016x}, expected {:016x}",
                to_string(header.kind), header.sequence, header.writer.hex(), hash,
                header.payload_hash);
  }
  return ok();
}

Result<FrameView> read_frame(Bytes bytes) {
  TRY(const FrameHeader header, read_header(bytes));
  if (bytes.size() < header.frame_bytes()) {
    return fail(ErrorKind::kCorrupt, "frame is cut: {} of {} bytes", bytes.size(),
                header.frame_bytes());
  }
  const FrameView frame{header, bytes.first(header.frame_bytes())};
  TRY(check_payload(header, frame.payload()));
  return frame;
}

std::string make_frame(FrameHeader header, std::string_view payload) {
  const std::size_t padded = align_up(payload.size(), 8);
  std::string frame(sizeof header + padded, '\0');
  payload.copy(frame.data() + sizeof header, payload.size());
  header.payload_bytes = static_cast<std::uint32_t>(padded);
  header.payload_hash = XXH3_64bits(frame.data() + sizeof header, padded);
  header.header_hash = hash_of_header(header);
  store_le(frame.data(), header);
  return frame;
}

void restamp(std::string& frame, RunId run, WriterId writer, std::uint64_t sequence) {
  auto header = load_le<FrameHeader>(frame.data());
  header.run = run;
  header.writer = writer;
  header.sequence = sequence;
  header.header_hash = hash_of_header(header);
  store_le(frame.data(), header);
}

}  // namespace stepwell::protocol
