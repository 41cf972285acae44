#include "protocol/client/frame_source.hpp"

#include <algorithm>
#include <new>

namespace stepwell::client {

Result<LoadedSegment> LoadedSegment::load(io::FileSystem& files, const std::string& path) {
  LoadedSegment segment;
  TRY(const auto file, files.open(path, io::OpenMode::kRead));
  TRY(const std::uint64_t size, file->size());
  if (size > kSegmentBytesMax) {
    return fail(ErrorKind::kInvalid, "{}: {} bytes, a segment has at most {}", path, size,
                kSegmentBytesMax);
  }
  try {
    segment.buffer_.resize(align_up(size, 8) / 8);
  } catch (const std::bad_alloc&) {
    return fail(ErrorKind::kOverloaded, "{}: no memory for its {} bytes", path, size);
  }
  const MutableBytes all = std::as_writable_bytes(std::span(segment.buffer_)).first(size);
  TRY(segment.size_, file->read_at(all, 0));
  auto content = parse_segment(segment.bytes());
  if (!content) return in_context(path, content.error());
  segment.content_ = std::move(content.value());
  return segment;
}

std::optional<SourceFrame> LoadedSegment::from(std::uint64_t sequence) const {
  const auto it = std::ranges::lower_bound(content_.frames, sequence, {}, &SpooledFrame::last);
  if (it == content_.frames.end()) return std::nullopt;
  return SourceFrame{it->kind, it->first, it->last, bytes_of(*it)};
}

}  // namespace stepwell::client
