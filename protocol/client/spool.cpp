#include "protocol/client/spool.hpp"

#include <algorithm>

#include "engine/base/logging.hpp"

namespace stepwell::client {
namespace {

// A segment whose frames are all decided is left behind once it is this large.
constexpr std::uint64_t kStaleBytes = 256 << 10;

}  // namespace

Spool::Spool(io::FileSystem& files, std::string directory, std::string open_frame,
             SpoolOptions options)
    : files_(files),
      directory_(std::move(directory)),
      open_frame_(std::move(open_frame)),
      options_(options) {
  const auto open = load_le<protocol::FrameHeader>(open_frame_.data());
  header_.run = open.run;
  header_.writer = open.writer;
}

Result<void> Spool::begin_segment(std::uint64_t first) {
  TRY(files_.make_directories(directory_));
  SegmentHeader header = header_;
  header.first_sequence = first;
  const std::string path =
      fmt::format("{}/{}-{:06}.seg", directory_, header.writer.hex(), header.number);
  const std::string start = make_segment_start(header, open_frame_);
  auto created = files_.open(path, io::OpenMode::kCreate);
  // A number whose file exists was begun before an error: its content is not known, leave it.
  if (!created) {
    if (created.error().kind == ErrorKind::kExists) ++header_.number;
    return created.error();
  }
  ++header_.number;
  if (auto written = created.value()->write_at(as_bytes(start), 0); !written) {
    (void)files_.remove(path);
    return written.error();
  }
  if (options_.sync != SyncPolicy::kNone) {
    TRY(files_.sync_directory(directory_));
  }
  file_ = std::move(created.value());
  segments_.push_back({path, first, first == 1 ? 1 : first - 1, start.size()});
  total_bytes_ += start.size();
  last_ = std::max<std::uint64_t>(last_, 1);
  dirty_ = true;
  return ok();
}

void Spool::end_segment() {
  if (!file_) return;
  if (options_.sync != SyncPolicy::kNone) {
    if (auto synced = sync(); !synced) log().warn("spool: {}", synced.error().text);
  }
  file_.reset();
}

Result<void> Spool::append(std::vector<AppendedFrame>& frames) {
  std::string bytes;
  for (const AppendedFrame& frame : frames) bytes += frame.bytes;
  if (options_.bytes_max > 0 && total_bytes_ + bytes.size() > options_.bytes_max) {
    return fail(ErrorKind::kOverloaded, "spool {} holds {} bytes, at most {}", directory_,
                total_bytes_, options_.bytes_max);
  }
  const bool is_full = file_ && segments_.back().bytes + bytes.size() > options_.segment_bytes;
  const bool is_stale =
      file_ && segments_.back().last <= released_ && segments_.back().bytes > kStaleBytes;
  if (is_full || is_stale) {
    end_segment();
    release(released_);
  }
  if (!file_) {
    TRY(begin_segment(last_ + 1));
  }
  if (frames.empty()) return ok();
  Segment& segment = segments_.back();
  // At a kept offset rather than at the end: what a failed write left there is written over.
  TRY(file_->write_at(as_bytes(bytes), segment.bytes));
  dirty_ = true;
  segment.bytes += bytes.size();
  total_bytes_ += bytes.size();
  segment.last = last_ = frames.back().last;
  remember(std::move(frames));
  frames.clear();
  if (options_.sync == SyncPolicy::kAlways) {
    // They are written all the same; appending them again would be wrong.
    if (auto synced = sync(); !synced) log().warn("spool: {}", synced.error().text);
  }
  return ok();
}

void Spool::remember(std::vector<AppendedFrame> frames) {
  for (AppendedFrame& frame : frames) {
    recent_bytes_ += frame.bytes.size();
    recent_.push_back(std::move(frame));
  }
  while (recent_bytes_ > options_.recent_bytes && !recent_.empty()) {
    recent_bytes_ -= recent_.front().bytes.size();
    recent_.pop_front();
  }
}

Result<void> Spool::sync() {
  if (!file_ || !dirty_) return ok();
  TRY(file_->sync());
  dirty_ = false;
  return ok();
}

void Spool::release(std::uint64_t sequence) {
  released_ = std::max(released_, sequence);
  while (!recent_.empty() && recent_.front().last <= released_) {
    recent_bytes_ -= recent_.front().bytes.size();
    recent_.pop_front();
  }
  while (!segments_.empty() && segments_.front().last <= released_) {
    const bool is_active = segments_.size() == 1 && file_;
    if (is_active) break;
    const Segment& segment = segments_.front();
    if (loaded_path_ == segment.path) loaded_.reset();
    if (auto removed = files_.remove(segment.path); !removed) {
      log().warn("spool: {}", removed.error().text);
    }
    total_bytes_ -= segment.bytes;
    segments_.pop_front();
  }
}

void Spool::remove_if_released() {
  if (segments_.empty() || segments_.back().last > released_) return;
  file_.reset();
  release(released_);
}

Result<std::optional<SourceFrame>> Spool::from(std::uint64_t sequence) {
  const auto in_recent = [&]() -> std::optional<SourceFrame> {
    const auto it = std::ranges::lower_bound(recent_, sequence, {}, &AppendedFrame::last);
    if (it == recent_.end()) return std::nullopt;
    return SourceFrame{it->kind, it->first, it->last, it->bytes};
  };
  if (!recent_.empty() && sequence >= recent_.front().first) return in_recent();
  for (const Segment& segment : segments_) {
    if (segment.last < sequence) continue;
    const bool is_loaded =
        loaded_ && loaded_path_ == segment.path && loaded_->bytes().size() == segment.bytes;
    if (!is_loaded) {
      loaded_.reset();
      auto loading = LoadedSegment::load(files_, segment.path);
      // Somebody has damaged or removed it: what it held is lost, and declared as that.
      if (!loading) {
        log().warn("spool: {}", loading.error().text);
        continue;
      }
      loaded_.emplace(std::move(loading.value()));
      loaded_path_ = segment.path;
    }
    if (auto frame = loaded_->from(sequence)) return frame;
  }
  return in_recent();
}

}  // namespace stepwell::client
