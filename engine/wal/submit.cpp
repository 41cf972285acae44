// The second and third stage of the log: groups onto the disk, and the durable prefix to its
// readers.
#include <algorithm>

#include "engine/base/assert.hpp"
#include "engine/wal/segmented_log.hpp"

namespace stepwell::wal {

// Submission is one job later, so that what is appended in one job travels in one group.
void SegmentedLog::post_submit() {
  if (submit_posted_ || in_flight_.size() >= options_.groups_in_flight_max) return;
  submit_posted_ = true;
  environment_.sequencer.post([this, alive = alive_] {
    if (!*alive) return;
    submit_posted_ = false;
    submit_ready();
  });
}

void SegmentedLog::submit_ready() {
  while (!poisoned_ && in_flight_.size() < options_.groups_in_flight_max) {
    if (waiting_.empty()) finish_group();
    if (waiting_.empty() || !submit(waiting_.front())) break;
    waiting_.pop_front();
  }
  prepare_more();
}

// False if its segment is not ready yet, or the log was poisoned by it.
bool SegmentedLog::submit(BuiltGroup& built) {
  Segment* const segment = find_segment(built.segment_first);
  if (segment == nullptr) return false;
  const std::uint64_t entry = first_entry_ + in_flight_.size();
  const bool first = !segment->started;
  in_flight_.push_back({built.position + built.bytes.size(), nullptr, first ? 2u : 1u});
  if (first) {
    const auto started = start_segment(*segment);
    if (started.has_error()) {
      in_flight_.pop_back();
      poison(started.error());
      return false;
    }
  }
  GroupHeader header;
  header.log_id = log_id_;
  header.incarnation = segment->header.incarnation;
  header.position = built.position;
  header.length = built.length;
  header.records = static_cast<std::uint32_t>(built.records.size());
  header.previous_hash = chain_hash_;
  header.durable = durable_;
  header.last = closing_mark_;
  chain_hash_ = seal_group(header, built.bytes);
  chain_end_ = header.end();
  chain_incarnation_ = header.incarnation;
  waiting_bytes_ -= built.length;
  ++groups_written_;
  if (!built.records.empty()) {
    chain_last_lsn_ = built.records.back().lsn;
    segment->last_lsn = chain_last_lsn_;
    vouched_ = false;
    in_flight_.back().group = std::make_shared<const Group>(built.memory, std::move(built.records));
  }
  write(*segment, built.bytes, built.memory, built.position - built.segment_first, entry);
  return true;
}

// Writes the header, whose completion counts for the segment's first group.
Result<void> SegmentedLog::start_segment(Segment& segment) {
  TRY(segment.file, queue_->open(segment.path));
  segment.started = true;
  segment.last_lsn = chain_last_lsn_;
  segment.header.state = SegmentHeader::kStarted;
  segment.header.previous_incarnation = chain_incarnation_;
  segment.header.previous_end = chain_end_;
  segment.header.previous_hash = chain_hash_;
  segment.header.previous_last_lsn = chain_last_lsn_.value;
  segment.header.durable = durable_;
  const ArenaPool::Arena block = header_blocks_.take(kBlock);
  encode_segment_header(segment.header, {block.memory.get(), kBlock});
  write(segment, {block.memory.get(), kBlock}, block.memory, 0,
        first_entry_ + in_flight_.size() - 1);
  return ok();
}

void SegmentedLog::write(Segment& segment, Bytes from, std::shared_ptr<std::byte> memory,
                         std::uint64_t offset, std::uint64_t entry) {
  queue_->write(
      *segment.file, from, offset,
      [this, entry, memory = std::move(memory)](Result<void> result) { completed(entry, result); });
}

void SegmentedLog::completed(std::uint64_t entry, const Result<void>& result) {
  if (poisoned_) return;
  if (result.has_error()) return poison(result.error());
  STEPWELL_ASSERT(entry >= first_entry_ && entry - first_entry_ < in_flight_.size());
  --in_flight_[entry - first_entry_].open;
  hand_out();
  submit_ready();
  recycle_released();
  when_idle();
}

// The contiguous completed prefix. A callback may append, so nothing is kept across it.
void SegmentedLog::hand_out() {
  while (!poisoned_ && !in_flight_.empty() && in_flight_.front().open == 0) {
    const InFlight done = std::move(in_flight_.front());
    in_flight_.pop_front();
    ++first_entry_;
    durable_ = done.end;
    if (!done.group) continue;
    last_durable_ = done.group->last_lsn();
    if (on_durable_) on_durable_(done.group);
  }
}

void SegmentedLog::poison(const Error& error) {
  if (poisoned_) return;
  poisoned_ = in_context("the log is poisoned", error);
  poisoned_->kind = ErrorKind::kIo;
  if (on_poisoned_) on_poisoned_(*poisoned_);
  if (on_closed_) std::exchange(on_closed_, nullptr)(*poisoned_);
}

bool SegmentedLog::is_idle() const {
  return in_flight_.empty() && waiting_.empty() && !builder_.is_open();
}

void SegmentedLog::when_idle() {
  if (poisoned_ || !is_idle()) return;
  if (state_ == State::kClosing) {
    // Also where a mark vouches already: this one tells the next opening that nothing follows.
    const bool wrote = !vouched_ || groups_written_ > 0;
    if (wrote && !std::exchange(closing_mark_, true) && write_mark()) return;
    state_ = State::kClosed;
    if (on_closed_) std::exchange(on_closed_, nullptr)(ok());
    return;
  }
  if (vouched_ || idle_timer_ != 0) return;
  idle_seen_ = groups_written_;
  idle_timer_ = environment_.sequencer.post_after(options_.idle_mark_after, [this, alive = alive_] {
    if (*alive) idle_timer_fired();
  });
}

void SegmentedLog::idle_timer_fired() {
  idle_timer_ = 0;
  if (poisoned_ || state_ != State::kOpen || !is_idle() || vouched_) return;
  if (groups_written_ != idle_seen_) return when_idle();  // It was busy meanwhile: wait again.
  write_mark();
}

void SegmentedLog::close(std::function<void(Result<void>)> done) {
  state_ = State::kClosing;
  if (idle_timer_ != 0) environment_.sequencer.cancel(std::exchange(idle_timer_, 0));
  on_closed_ = [&sequencer = environment_.sequencer, done = std::move(done)](Result<void> result) {
    sequencer.post([done, result = std::move(result)] { done(result); });
  };
  if (poisoned_) return std::exchange(on_closed_, nullptr)(*poisoned_);
  if (options_.read_only) vouched_ = true;
  submit_ready();
  when_idle();
  give_up_closing_if_full();
}

// Nobody frees space for a log that takes nothing any more.
void SegmentedLog::give_up_closing_if_full() {
  if (!on_closed_ || !disk_full_ || !in_flight_.empty()) return;
  const Error error = fail(ErrorKind::kOverloaded, "{}: no space for what waits", directory_);
  std::exchange(on_closed_, nullptr)(error);
}

}  // namespace stepwell::wal
