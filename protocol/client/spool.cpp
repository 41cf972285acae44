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

Result<Spool::NewFile> Spool::create_file(std::string_view contents) {
  const std::string path =
      fmt::format("{}/{}-{:06}.seg", directory_, header_.writer.hex(), header_.number);
  auto created = files_.open(path, io::OpenMode::kCreate);
  // A number whose file exists was begun before an error: its content is not known, leave it.
  if (created || created.error().kind == ErrorKind::kExists) ++header_.number;
  if (!created) return created.error();
  if (auto written = created.value()->write_at(as_bytes(contents), 0); !written) {
    (void)files_.remove(path);
    return written.error();
  }
  return NewFile{path, std::move(created.value())};
}

Result<void> Spool::begin_segment(std::uint64_t first) {
  TRY(files_.make_directories(directory_));
  header_.first_sequence = first;
  const std::string start = make_segment_start(header_, open_frame_);
  TRY(NewFile made, create_file(start));
  if (options_.sync != SyncPolicy::kNone) {
    TRY(files_.sync_directory(directory_));
  }
  file_ = std::move(made.file);
  segments_.push_back({made.path, first, first - 1, start.size(), total_points_, {}});
  if (first == 1) count(segments_.back(), {protocol::Kind::kOpen, 1, 1, {}});
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
  for (const AppendedFrame& frame : frames) count(segment, frame);
  last_ = segment.last;
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

void Spool::count(Segment& segment, const AppendedFrame& frame) {
  const std::uint32_t before = segment.points.empty() ? 0 : segment.points.back();
  segment.points.resize(frame.last - segment.first, before);
  segment.points.push_back(before + static_cast<std::uint32_t>(frame.points));
  segment.last = frame.last;
  total_points_ += frame.points;
}

std::uint64_t Spool::points_up_to(std::uint64_t sequence) const {
  const auto it = std::ranges::lower_bound(segments_, sequence, {}, &Segment::last);
  if (it == segments_.end()) return total_points_;
  return it->points_before + (sequence < it->first ? 0 : it->points[sequence - it->first]);
}

std::uint64_t Spool::points_between(std::uint64_t first, std::uint64_t last) const {
  if (first > last) return 0;
  return points_up_to(last) - (first > 1 ? points_up_to(first - 1) : 0);
}

void Spool::release(std::uint64_t sequence) {
  released_ = std::max(released_, sequence);
  while (!recent_.empty() && recent_.front().last <= released_) {
    recent_bytes_ -= recent_.front().bytes.size();
    recent_.pop_front();
  }
  while (!segments_.empty() && segments_.front().last <= released_) {
    const Segment& segment = segments_.front();
    if (is_active(segment)) break;
    if (loaded_path_ == segment.path) loaded_.reset();
    let_go(segment);
    total_bytes_ -= segment.bytes;
    segments_.pop_front();
  }
}

void Spool::let_go(const Segment& segment) {
  const auto gone = segment.has_loss ? move_aside(segment) : files_.remove(segment.path);
  if (!gone) log().warn("spool: {}", gone.error().text);
}

Result<void> Spool::move_aside(const Segment& segment) {
  const std::string lost = directory_ + "/lost";
  TRY(files_.make_directories(lost));
  TRY(files_.rename(segment.path, lost + segment.path.substr(directory_.size())));
  TRY(files_.sync_directory(lost));
  return files_.sync_directory(directory_);
}

void Spool::set_aside(std::uint64_t first, std::uint64_t last) {
  for (Segment& segment : segments_) {
    if (segment.first <= last && segment.last >= first) segment.has_loss = true;
  }
}

void Spool::remove_if_released() {
  if (segments_.empty() || segments_.back().last > released_) return;
  file_.reset();
  release(released_);
}

}  // namespace stepwell::client
