#include "protocol/client/segment.hpp"
#include "tests/fuzz/targets.hpp"

namespace stepwell::fuzz {
namespace {

void parse(const std::string& bytes) {
  const auto content = client::parse_segment(as_bytes(bytes));
  if (!content) {
    STEPWELL_ASSERT(!content.error().text.empty());
    return;
  }
  std::uint64_t last = 0;
  for (const client::SpooledFrame& found : content.value().frames) {
    STEPWELL_ASSERT(found.first > last && found.first <= found.last);
    last = found.last;
    STEPWELL_ASSERT(found.offset <= bytes.size() && found.bytes <= bytes.size() - found.offset);
    // What it calls sound is a frame of this writer, bit for bit.
    const std::string copy = bytes.substr(found.offset, found.bytes);
    const auto frame = protocol::read_frame(as_bytes(copy));
    STEPWELL_ASSERT(frame.has_value() && frame.value().header.kind == found.kind);
    STEPWELL_ASSERT(frame.value().header.run == content.value().header.run);
    STEPWELL_ASSERT(frame.value().header.writer == content.value().header.writer);
    client::points_in(frame.value());
  }
  for (const client::SegmentDamage& damage : content.value().damages) {
    STEPWELL_ASSERT(damage.offset <= bytes.size() && damage.bytes <= bytes.size() - damage.offset);
  }
}

// Makes good the hashes of the header and of every frame that stands where the one before it ends.
std::string resealed(std::string bytes) {
  if (bytes.size() < sizeof(client::SegmentHeader)) return bytes;
  const auto header = load_le<client::SegmentHeader>(bytes.data());
  std::string sealed = client::make_segment_start(header, "");
  std::size_t at = sealed.size();
  while (bytes.size() - at >= sizeof(protocol::FrameHeader)) {
    auto frame = load_le<protocol::FrameHeader>(bytes.data() + at);
    at += sizeof frame;
    const std::size_t payload = std::min<std::size_t>(frame.payload_bytes, bytes.size() - at);
    sealed += protocol::make_frame(frame, std::string_view(bytes).substr(at, payload));
    at += payload;
  }
  return sealed + bytes.substr(at);
}

}  // namespace

void spool(Bytes input) {
  const std::string bytes(as_text(input));
  parse(bytes);
  parse(resealed(bytes));
}

}  // namespace stepwell::fuzz
