#pragma once

// One writer's frames in order, wherever they are kept: the live spool of a client, or old
// segments.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/io/file_system.hpp"
#include "protocol/client/segment.hpp"

namespace stepwell::client {

struct SourceFrame {
  protocol::Kind kind{};
  std::uint64_t first = 0;  // The sequences that it consumes.
  std::uint64_t last = 0;
  std::string_view bytes;  // The frame; 8-aligned. Valid until the next call.
};

class FrameSource {
 public:
  virtual ~FrameSource() = default;
  virtual RunId run() const = 0;
  virtual WriterId writer() const = 0;
  // Empty where no sound copy is left.
  virtual std::string_view open_frame() const = 0;
  // The first frame whose last sequence is at least `sequence`. Nothing: no more, or not yet.
  // An error: they cannot be read now, which says nothing about whether they are there.
  virtual Result<std::optional<SourceFrame>> from(std::uint64_t sequence) = 0;
  // The last sequence that the writer is known to have used.
  virtual std::uint64_t last_sequence() const = 0;
  // Why sequences are missing, for the skip that declares it.
  virtual std::string missing_reason() const = 0;
  // What is known of the points in these frames, also of those that cannot be read any more.
  virtual std::uint64_t points_between(std::uint64_t first, std::uint64_t last) const = 0;
};

// A segment file in memory.
class LoadedSegment {
 public:
  static Result<LoadedSegment> load(io::FileSystem& files, const std::string& path);

  const SegmentContent& content() const { return content_; }
  Bytes bytes() const { return Bytes(std::as_bytes(std::span(buffer_))).first(size_); }
  std::string_view bytes_of(const SpooledFrame& frame) const {
    return as_text(bytes().subspan(frame.offset, frame.bytes));
  }
  // As FrameSource::from.
  std::optional<SourceFrame> from(std::uint64_t sequence) const;

 private:
  std::vector<std::uint64_t> buffer_;
  std::size_t size_ = 0;
  SegmentContent content_;
};

}  // namespace stepwell::client
