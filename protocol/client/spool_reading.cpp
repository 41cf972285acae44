// The live spool's reading half: frames for the sender, and segments that must be written anew.

#include <algorithm>

#include "engine/base/logging.hpp"
#include "protocol/client/spool.hpp"

namespace stepwell::client {

const AppendedFrame* Spool::recent_from(std::uint64_t sequence) const {
  const auto it = std::ranges::lower_bound(recent_, sequence, {}, &AppendedFrame::last);
  return it == recent_.end() ? nullptr : &*it;
}

// False: somebody has damaged or removed it, so what it held is lost. What only cannot be read now
// is an error: it must not be taken for that.
Result<bool> Spool::load(const Segment& segment) {
  const bool is_loaded =
      loaded_ && loaded_path_ == segment.path && loaded_->bytes().size() == segment.bytes;
  if (is_loaded) return true;
  loaded_.reset();
  auto loading = LoadedSegment::load(files_, segment.path);
  if (!loading) {
    const ErrorKind kind = loading.error().kind;
    if (kind != ErrorKind::kNotFound && kind != ErrorKind::kCorrupt) return loading.error();
    log().warn("spool: {}", loading.error().text);
    return false;
  }
  loaded_.emplace(std::move(loading.value()));
  loaded_path_ = segment.path;
  return true;
}

Result<std::optional<SourceFrame>> Spool::from(std::uint64_t sequence) {
  const AppendedFrame* recent = recent_from(sequence);
  std::optional<SourceFrame> in_memory;
  if (recent) in_memory = SourceFrame{recent->kind, recent->first, recent->last, recent->bytes};
  if (recent && recent->first <= sequence) return in_memory;
  for (const Segment& segment : segments_) {
    if (segment.last < sequence) continue;
    TRY(const bool is_there, load(segment));
    if (!is_there) continue;
    const auto frame = loaded_->from(sequence);
    if (!frame) continue;
    if (in_memory && in_memory->first < frame->first) break;
    return frame;
  }
  return in_memory;
}

Result<void> Spool::sync() {
  if (file_ && dirty_ && !segments_.back().is_doubtful) {
    const auto synced = file_->sync();
    segments_.back().is_doubtful = !synced;
    if (!synced) return synced;
    dirty_ = false;
  }
  for (Segment& segment : segments_) {
    // What is decided need not survive here.
    if (segment.is_doubtful && segment.last > released_) {
      TRY(rewrite(segment));
    }
  }
  return ok();
}

// The frames of a segment that are not decided: from memory, or from the file with their hashes
// proved.
Result<std::string> Spool::read_back(const Segment& segment) {
  TRY(const bool is_there, load(segment));
  std::string bytes;
  for (std::uint64_t at = std::max<std::uint64_t>(segment.first, 2); at <= segment.last;) {
    const AppendedFrame* recent = recent_from(at);
    std::optional<SourceFrame> frame;
    if (recent && recent->first == at) {
      frame = SourceFrame{recent->kind, recent->first, recent->last, recent->bytes};
    } else if (is_there) {
      frame = loaded_->from(at);
    }
    if (frame && frame->first == at) {
      bytes += frame->bytes;
      at = frame->last + 1;
    } else if (at <= released_) {
      ++at;
    } else {
      return fail(ErrorKind::kCorrupt, "{}: frame {} cannot be read back after a failed sync",
                  segment.path, at);
    }
  }
  return bytes;
}

Result<void> Spool::rewrite(Segment& segment) {
  TRY(const std::string frames, read_back(segment));
  header_.first_sequence = segment.first;
  const std::string contents = make_segment_start(header_, open_frame_) + frames;
  TRY(NewFile made, create_file(contents));
  auto synced = made.file->sync();
  if (synced) synced = files_.sync_directory(directory_);
  if (!synced) {
    (void)files_.remove(made.path);
    return synced;
  }
  // Should this fail, there are two copies of the same frames, which nobody minds.
  if (auto removed = files_.remove(segment.path); !removed) {
    log().warn("spool: {}", removed.error().text);
  }
  log().warn("spool: {} is written anew as {}, since it could not be synced", segment.path,
             made.path);
  if (is_active(segment)) {
    file_ = std::move(made.file);
    dirty_ = false;
  }
  loaded_.reset();
  total_bytes_ += contents.size() - segment.bytes;
  segment.path = std::move(made.path);
  segment.bytes = contents.size();
  segment.is_doubtful = false;
  return ok();
}

}  // namespace stepwell::client
