#include "protocol/client/segment.hpp"

#include <xxhash.h>

#include <algorithm>

#include "protocol/batch.hpp"
#include "protocol/limits.hpp"
#include "protocol/messages.hpp"

namespace stepwell::client {

using protocol::FrameHeader;
using protocol::FrameView;
using protocol::Kind;

namespace {

std::uint64_t hash_of(const SegmentHeader& header) {
  return XXH3_64bits(&header, offsetof(SegmentHeader, hash));
}

// One pass over a segment.
class Parser {
 public:
  Parser(Bytes bytes, SegmentContent& content) : bytes_(bytes), content_(content) {}

  void parse() {
    std::uint64_t at = content_.header.header_bytes;
    while (at < bytes_.size()) {
      if (const auto frame = frame_at(at)) {
        add(*frame);
        at += frame->bytes;
      } else {
        const std::uint64_t next = next_sound(at);
        content_.damages.push_back({at, next - at, next == bytes_.size() && is_cut(at), reason_});
        at = next;
      }
    }
  }

 private:
  // A sound frame of this writer that starts at `at`; else reason_ says why not.
  std::optional<SpooledFrame> frame_at(std::uint64_t at) {
    const Bytes rest = bytes_.subspan(at);
    // Reading in place needs alignment, which lost bytes may have taken away.
    if (at % 8 != 0) {
      moved_.assign(align_up(rest.size(), 8) / 8, 0);
      const auto header = protocol::read_header(rest);
      if (!header || header.value().frame_bytes() > rest.size()) return bad("frame is cut");
      std::memcpy(moved_.data(), rest.data(), header.value().frame_bytes());
      return check(at, Bytes(std::as_bytes(std::span(moved_))).first(header.value().frame_bytes()));
    }
    return check(at, rest);
  }

  std::optional<SpooledFrame> check(std::uint64_t at, Bytes rest) {
    const auto read = protocol::read_frame(rest);
    if (!read) return bad(read.error().text);
    const FrameView& frame = read.value();
    const FrameHeader& header = frame.header;
    if (header.run != content_.header.run || header.writer != content_.header.writer) {
      return bad("frame of another run or writer");
    }
    if (!protocol::is_stream_kind(header.kind)) return bad("frame of a kind that is not spooled");
    SpooledFrame found{header.kind, header.sequence, header.sequence, at, header.frame_bytes()};
    if (header.kind == Kind::kSkip) {
      const auto skip = protocol::decode<wire::SkipT>(frame.payload());
      if (!skip || skip.value().from > skip.value().to) return bad("skip is not well-formed");
      found.first = skip.value().from;
      found.last = skip.value().to;
    }
    if (found.first == 0) return bad("frame without a sequence");
    if (is_repeated_open(found)) return found;
    if (found.first <= last_ || found.first < content_.header.first_sequence) {
      return bad(fmt::format("sequence {} after {}", found.first, last_));
    }
    return found;
  }

  std::nullopt_t bad(std::string reason) {
    reason_ = std::move(reason);
    return std::nullopt;
  }

  bool is_repeated_open(const SpooledFrame& frame) const {
    return frame.kind == Kind::kOpen && content_.open.bytes == 0 && content_.frames.empty();
  }

  void add(const SpooledFrame& frame) {
    if (is_repeated_open(frame)) {
      content_.open = frame;
      if (content_.header.first_sequence != frame.first) return;
    }
    content_.frames.push_back(frame);
    last_ = frame.last;
  }

  // Where the next sound frame starts after `at`, or the end.
  std::uint64_t next_sound(std::uint64_t at) {
    const std::string reason = reason_;
    for (std::uint64_t probe = at + 1; probe < bytes_.size(); ++probe) {
      const auto* found = static_cast<const std::byte*>(
          std::memchr(bytes_.data() + probe, protocol::kFrameFirstByte, bytes_.size() - probe));
      if (!found) break;
      probe = static_cast<std::uint64_t>(found - bytes_.data());
      if (protocol::read_header(bytes_.subspan(probe)) && frame_at(probe)) {
        reason_ = reason;
        return probe;
      }
    }
    reason_ = reason;
    return bytes_.size();
  }

  // What is left is the beginning of a frame, or too little to tell.
  bool is_cut(std::uint64_t at) const {
    const Bytes rest = bytes_.subspan(at);
    if (rest.size() < sizeof(FrameHeader)) return true;
    const auto header = protocol::read_header(rest);
    return header && header.value().frame_bytes() > rest.size();
  }

  Bytes bytes_;
  SegmentContent& content_;
  std::uint64_t last_ = 0;
  std::string reason_;
  std::vector<std::uint64_t> moved_;
};

}  // namespace

Result<SegmentHeader> read_segment_header(Bytes bytes) {
  if (bytes.size() < sizeof(SegmentHeader)) {
    return fail(ErrorKind::kCorrupt, "segment header is cut: {} of {} bytes", bytes.size(),
                sizeof(SegmentHeader));
  }
  const auto header = load_le<SegmentHeader>(bytes.data());
  if (header.magic != kSegmentMagic) {
    return fail(ErrorKind::kCorrupt, "starts with {:08x}, expected a segment's magic {:08x}",
                header.magic, kSegmentMagic);
  }
  if (header.hash != hash_of(header)) {
    return fail(ErrorKind::kCorrupt, "segment header's hash is wrong");
  }
  if (header.version != kSegmentVersion || header.flags != 0) {
    return fail(ErrorKind::kInvalid, "segment of version {} with flags {:x}, expected {} and 0",
                header.version, header.flags, kSegmentVersion);
  }
  if (header.header_bytes % 64 != 0 || header.header_bytes < 64 || header.first_sequence == 0) {
    return fail(ErrorKind::kCorrupt, "segment header of {} bytes, first sequence {}",
                header.header_bytes, header.first_sequence);
  }
  return header;
}

std::string make_segment_start(SegmentHeader header, std::string_view open_frame) {
  header.hash = hash_of(header);
  std::string start(sizeof header, '\0');
  store_le(start.data(), header);
  start += open_frame;
  return start;
}

Result<SegmentContent> parse_segment(Bytes bytes) {
  SegmentContent content;
  TRY(content.header, read_segment_header(bytes));
  Parser(bytes, content).parse();
  return content;
}

std::uint64_t points_in(const FrameView& frame) {
  if (frame.header.kind == Kind::kBatch) {
    const auto batch = protocol::BatchView::parse(frame.payload());
    return batch ? batch.value().points() : 0;
  }
  if (frame.header.kind == Kind::kSkip) {
    const auto skip = protocol::decode<wire::SkipT>(frame.payload());
    return skip ? skip.value().points : 0;
  }
  return 0;
}

}  // namespace stepwell::client
