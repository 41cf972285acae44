#pragma once

// A frame = a 64-byte header and a FlatBuffers payload padded to 8 bytes. The same bytes lie in a
// socket, in the log, in a spool and in a replay. See docs/FORMAT.md.

#include <cstdint>
#include <optional>
#include <string>

#include "engine/base/bytes.hpp"
#include "engine/base/ids.hpp"
#include "engine/base/result.hpp"
#include "protocol/kinds.hpp"

namespace stepwell::protocol {

// "\xB5SWF": the first byte starts neither UTF-8 text (HTTP) nor a TLS record.
inline constexpr std::uint32_t kFrameMagic = 0x465753B5;
inline constexpr std::uint8_t kFrameFirstByte = 0xB5;

// Little-endian, no padding. Lies at the start of every frame.
struct FrameHeader {
  std::uint32_t magic = kFrameMagic;
  std::uint8_t version = 1;
  Kind kind = Kind::kPing;
  std::uint16_t flags = 0;          // None is defined yet; unknown ones are refused.
  std::uint32_t payload_bytes = 0;  // A multiple of 8.
  std::uint32_t header_hash = 0;    // Low half of XXH3-64 over the header with this field zero.
  RunId run;
  WriterId writer;
  std::uint64_t sequence = 0;
  std::uint64_t payload_hash = 0;  // XXH3-64 of the payload.

  std::size_t frame_bytes() const { return sizeof(FrameHeader) + payload_bytes; }
};
static_assert(sizeof(FrameHeader) == 64);

// A frame whose header and hashes were checked, in place. `bytes` start at a multiple of 8.
struct FrameView {
  FrameHeader header;
  Bytes bytes;
  Bytes payload() const { return bytes.subspan(sizeof(FrameHeader)); }
};

// Reads a header from at least 64 bytes: magic, version, flags, length and header hash. kCorrupt:
// this is not a frame's start. kInvalid: it is one, but of a version, flag or length that is
// refused.
Result<FrameHeader> read_header(Bytes bytes);

// kCorrupt unless the payload has the header's hash.
Result<void> check_payload(const FrameHeader& header, Bytes payload);

// A whole frame from the start of `bytes`: both checks above, or kCorrupt where bytes are missing.
Result<FrameView> read_frame(Bytes bytes);

// Header + payload + padding, hashes filled in. The header's kind, run, writer and sequence are
// taken.
std::string make_frame(FrameHeader header, std::string_view payload);

// Gives a finished frame another place in a writer's stream, without touching the payload.
void restamp(std::string& frame, RunId run, WriterId writer, std::uint64_t sequence);

}  // namespace stepwell::protocol
