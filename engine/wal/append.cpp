// The first stage of the log: records into groups.
#include <algorithm>

#include "engine/wal/segmented_log.hpp"

namespace stepwell::wal {

Result<Lsn> SegmentedLog::append(const Envelope& envelope, std::span<const Bytes> parts) {
  if (poisoned_) return *poisoned_;
  if (options_.read_only) return fail(ErrorKind::kDenied, "{} is open read-only", directory_);
  if (state_ != State::kOpen) return fail(ErrorKind::kInternal, "{} is closed", directory_);
  std::uint64_t payload_bytes = 0;
  for (const Bytes& part : parts) payload_bytes += part.size();
  if (payload_bytes > record_bytes_max()) {
    return fail(ErrorKind::kInvalid, "a record of {} bytes, the log takes at most {}",
                payload_bytes, record_bytes_max());
  }
  const std::uint64_t bytes = record_bytes(payload_bytes);
  if (waiting_bytes_ > 0 && waiting_bytes_ + bytes > options_.waiting_bytes_max) {
    return fail(ErrorKind::kOverloaded, "{} bytes wait for the log's disk, the limit is {}",
                waiting_bytes_ + bytes, options_.waiting_bytes_max);
  }
  TRY(make_place(bytes));
  last_appended_ = builder_.add(envelope, parts, payload_bytes);
  waiting_bytes_ += bytes;
  post_submit();
  return last_appended_;
}

// Leaves a group open that takes a record of `bytes`: the open one, else a new one, in the next
// segment if this one's rest is too short.
Result<void> SegmentedLog::make_place(std::uint64_t bytes) {
  const std::uint64_t segment_end = cursor_segment_ + options_.segment_bytes;
  if (builder_.is_open() &&
      builder_.fits(bytes, std::min(options_.group_bytes_max, segment_end - cursor_))) {
    return ok();
  }
  // `cursor_` is where the open group begins, if one is open.
  std::uint64_t begin = cursor_;
  if (builder_.is_open()) begin += align_up(builder_.length(), kBlock);
  std::uint64_t segment = cursor_segment_;
  if (align_up(kGroupHeaderBytes + bytes, kBlock) > segment_end - begin) {
    segment = segment_end;
    begin = segment_end + kBlock;
  }
  if (disk_full_ && find_segment(segment) == nullptr) {
    prepare_more();
    return fail(ErrorKind::kOverloaded, "{}: no space for a new log segment", directory_);
  }
  finish_group();
  cursor_segment_ = segment;
  cursor_ = begin;
  builder_.open(segment, begin, bytes);
  waiting_bytes_ += kGroupHeaderBytes;
  return ok();
}

void SegmentedLog::finish_group() {
  if (!builder_.is_open()) return;
  waiting_.push_back(builder_.finish());
  cursor_ += waiting_.back().bytes.size();
}

// An empty group, whose durable position vouches for all before it. False if there is no space for
// it.
bool SegmentedLog::write_mark() {
  if (!make_place(0).has_value()) return false;
  vouched_ = true;
  submit_ready();
  return true;
}

}  // namespace stepwell::wal
