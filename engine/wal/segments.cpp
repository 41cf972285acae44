// The log's segments: prepared before they are needed, recycled when every holder has let go.
#include <algorithm>

#include "engine/wal/segmented_log.hpp"

namespace stepwell::wal {
namespace {

constexpr std::size_t kPreparedAhead = 2;
constexpr Instant kRetryAfter = milliseconds(200);

}  // namespace

SegmentedLog::Segment* SegmentedLog::find_segment(std::uint64_t first_position) {
  for (auto it = segments_.rbegin(); it != segments_.rend(); ++it) {
    if (it->header.first_position == first_position) return &*it;
  }
  return nullptr;
}

std::size_t SegmentedLog::prepared_count() const {
  return static_cast<std::size_t>(
      std::count_if(segments_.begin(), segments_.end(), [](const auto& s) { return !s.started; }));
}

void SegmentedLog::prepare_more() {
  if (preparing_ || poisoned_ || options_.read_only || state_ == State::kClosed) return;
  if (state_ == State::kClosing && waiting_.empty()) return;
  if (prepared_count() >= kPreparedAhead) return;
  preparing_ = true;
  pool_->prepare(next_prepared_, [this, alive = alive_](Result<PreparedSegment> result) {
    if (*alive) prepared(std::move(result));
  });
}

void SegmentedLog::prepared(Result<PreparedSegment> result) {
  preparing_ = false;
  if (poisoned_) return;
  if (result.has_error() && result.error().kind != ErrorKind::kOverloaded) {
    return poison(result.error());
  }
  disk_full_ = result.has_error();
  if (disk_full_) {
    give_up_closing_if_full();
    // Whoever appends next asks again; what waits already needs a timer to ask for it.
    if (waiting_.empty() || retry_timer_ != 0) return;
    retry_timer_ = environment_.sequencer.post_after(kRetryAfter, [this, alive = alive_] {
      if (!*alive) return;
      retry_timer_ = 0;
      prepare_more();
    });
    return;
  }
  next_prepared_ = result.value().header.end();
  segments_.push_back({std::move(result.value().path), result.value().header, {}, false, nullptr});
  submit_ready();
  when_idle();
}

void SegmentedLog::release(std::string_view holder, Lsn lsn) {
  const auto it = holders_.find(holder);
  if (it == holders_.end()) {
    holders_.emplace(holder, lsn);
  } else {
    it->second = std::max(it->second, lsn);
  }
  recycle_released();
}

// A segment goes only when its successor is durably begun, so that the files always tell the log's
// end.
void SegmentedLog::recycle_released() {
  if (holders_.empty() || options_.read_only || poisoned_ || state_ == State::kClosed) return;
  Lsn released = holders_.begin()->second;
  for (const auto& [name, lsn] : holders_) released = std::min(released, lsn);
  while (segments_.size() >= 2 && segments_[0].last_lsn <= released && segments_[1].started &&
         durable_ > segments_[1].header.first_position + kBlock) {
    pool_->recycle(segments_.front().path, [this, alive = alive_](Result<void> result) {
      if (*alive && result.has_error()) poison(result.error());
    });
    segments_.pop_front();
  }
}

Log::Stats SegmentedLog::stats() const {
  Stats stats;
  stats.segments_prepared = prepared_count();
  stats.segments_live = segments_.size() - stats.segments_prepared;
  stats.segments_pooled = pool_ ? pool_->ready() : 0;
  stats.segment_bytes = options_.segment_bytes;
  stats.bytes_in_memory = arenas_.bytes_in_use();
  stats.bytes_waiting = waiting_bytes_;
  stats.groups_written = groups_written_;
  stats.disk_full = disk_full_;
  stats.room_bytes =
      (stats.segments_prepared + stats.segments_pooled) * (options_.segment_bytes - kBlock);
  for (const Segment& segment : segments_) {
    if (segment.header.first_position == cursor_segment_ && segment.started) {
      stats.room_bytes += segment.header.end() - cursor_;
    }
  }
  return stats;
}

}  // namespace stepwell::wal
