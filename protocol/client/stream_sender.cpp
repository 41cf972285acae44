#include "protocol/client/stream_sender.hpp"

#include <algorithm>

#include "protocol/limits.hpp"

namespace stepwell::client {

using protocol::FrameHeader;
using protocol::Kind;
using protocol::VerdictCode;

namespace {

// A frame that the door answers so often with an error, without deciding it, is given up.
constexpr unsigned kRefusalsMax = 3;
constexpr Instant kForever = std::chrono::hours(1);

std::uint64_t points_of(const SourceFrame& frame) {
  const auto header = load_le<FrameHeader>(frame.bytes.data());
  return points_in({header, as_bytes(frame.bytes)});
}

Decided decided_of(const SourceFrame& frame) {
  return {frame.kind, frame.first, frame.last, points_of(frame), frame.bytes.size()};
}

}  // namespace

StreamSender::StreamSender(Executor& executor, Random& random, FrameSource& source,
                           StreamEvents events)
    : executor_(executor),
      random_(random),
      source_(source),
      events_(std::move(events)),
      signal_(executor) {}

bool StreamSender::all_decided() const {
  return next_ > source_.last_sequence() && in_flight_.empty() && !rewind_to_;
}

bool StreamSender::is_skipped(std::uint64_t sequence) const {
  return std::ranges::any_of(skipped_, [&](const SequenceRange& range) {
    return range.first <= sequence && sequence <= range.last;
  });
}

void StreamSender::begin(Standing standing) {
  in_flight_.clear();
  rewind_to_.reset();
  hold_until_ = Instant(0);
  expected_ = std::max<std::uint64_t>(standing.expected, 1);
  skipped_ = std::move(standing.skipped);
  // Below what was decided: the server was restored from an older copy. Above: somebody else has
  // sent these frames; they are walked through, to be counted.
  next_ = std::min(expected_, decided_ + 1);
}

Task<void> StreamSender::run(Connection& connection, Standing standing, bool until_done) {
  begin(std::move(standing));
  until_done_ = until_done;
  while (!connection.failed() && !stopped_) {
    if (until_done && all_decided()) co_return;
    const Instant now = executor_.now();
    if (rewind_to_ && in_flight_.empty() && now >= hold_until_) {
      next_ = *std::exchange(rewind_to_, std::nullopt);
    }
    if (rewind_to_ || now < hold_until_) {
      const bool until_answered = rewind_to_ && !in_flight_.empty();
      auto ring = signal_.wait(until_answered ? kForever : hold_until_ - now);
      co_await ring;
      continue;
    }
    auto sending = send_next(connection);
    const Next next = co_await std::move(sending);
    if (next == Next::kNothing && !(until_done && all_decided())) {
      auto ring = signal_.wait(kForever);
      co_await ring;
    }
  }
}

Task<StreamSender::Next> StreamSender::send_next(Connection& connection) {
  // The server's word for a frame in a hole is no other than for all that is decided already. So
  // that it can be told which one is meant, such a frame goes alone.
  if (!in_flight_.empty() && in_flight_.back().fills_hole) co_return Next::kNothing;
  if (next_ == 1 && expected_ == 1) {
    auto opening = send_open(connection);
    co_return co_await std::move(opening);
  }
  const auto found = source_.from(next_);
  if (!found) co_return hold_after(found.error());
  const auto& frame = found.value();
  const std::uint64_t have = frame ? frame->first : source_.last_sequence() + 1;
  if (next_ < have) {
    auto missing = send_missing(connection, have - 1);
    co_return co_await std::move(missing);
  }
  if (!frame) co_return Next::kNothing;
  const bool is_decided = frame->last < expected_;
  const bool fills_hole = is_decided && frame->kind != Kind::kSkip && is_skipped(frame->last);
  if (is_decided && !fills_hole) {
    note_was_there(decided_of(*frame));
    co_return Next::kSent;
  }
  if (fills_hole && !in_flight_.empty()) co_return Next::kNothing;
  if (refusals_ >= kRefusalsMax && frame->first == refused_sequence_) {
    auto giving_up = give_up(connection, *frame);
    co_return co_await std::move(giving_up);
  }
  auto sending = send_frame(connection, std::string(frame->bytes), decided_of(*frame), fills_hole);
  co_return co_await std::move(sending);
}

Task<StreamSender::Next> StreamSender::send_open(Connection& connection) {
  const std::string_view open = source_.open_frame();
  if (refusals_ >= kRefusalsMax && refused_sequence_ == 1) {
    stopped_ = "open was refused: " + refusal_;
    co_return Next::kFailed;
  }
  if (open.empty()) {
    stopped_ = "no sound copy of the open frame is left";
    co_return Next::kFailed;
  }
  auto sending = send_frame(connection, std::string(open), {Kind::kOpen, 1, 1, 0, open.size()});
  co_return co_await std::move(sending);
}

// The source no longer has what is from next_ to `to`: the server may, else it must hear of it.
Task<StreamSender::Next> StreamSender::send_missing(Connection& connection, std::uint64_t to) {
  if (next_ < expected_) {
    Decided there{Kind::kSkip, next_, std::min(to, expected_ - 1)};
    there.points = source_.points_between(there.first, there.last);
    there.is_missing = true;
    note_was_there(there);
    co_return Next::kSent;
  }
  auto skipping = send_skip(connection, {next_, to}, source_.missing_reason(),
                            source_.points_between(next_, to));
  co_return co_await std::move(skipping);
}

Task<StreamSender::Next> StreamSender::give_up(Connection& connection, const SourceFrame& frame) {
  refusals_ = 0;
  const Decided given_up = decided_of(frame);
  if (events_.on_rejected) events_.on_rejected(frame, VerdictCode::kInvalid, refusal_);
  auto skipping = send_skip(connection, {given_up.first, given_up.last},
                            "refused by the server: " + refusal_, given_up.points);
  co_return co_await std::move(skipping);
}

StreamSender::Next StreamSender::hold_after(const Error& error) {
  if (events_.on_read_error) events_.on_read_error(error);
  if (until_done_) {
    stopped_ = error.text;
    return Next::kFailed;
  }
  hold();
  return Next::kHeld;
}

void StreamSender::note_was_there(Decided decided) {
  decided.was_there = true;
  next_ = decided.last + 1;
  tell_decided({decided, VerdictCode::kDuplicate, {}});
}

Task<StreamSender::Next> StreamSender::send_frame(Connection& connection, std::string frame,
                                                  Decided entry, bool fills_hole) {
  const std::uint64_t last = entry.last;
  next_ = last + 1;
  ++sent_frames_;
  in_flight_.push_back({entry, VerdictCode::kApplied, {}, fills_hole});
  auto sending = connection.send(std::move(frame), last);
  const auto sent = co_await std::move(sending);
  co_return sent ? Next::kSent : Next::kFailed;
}

Task<StreamSender::Next> StreamSender::send_skip(Connection& connection, SequenceRange range,
                                                 std::string reason, std::uint64_t points) {
  wire::SkipT skip;
  skip.from = range.first;
  skip.to = range.last;
  skip.reason = reason.substr(0, protocol::kReasonBytesMax);
  skip.points = points;
  std::string frame = protocol::make_frame_of(Kind::kSkip, skip, source_.run(), source_.writer());
  Decided entry{Kind::kSkip, range.first, range.last, points, frame.size()};
  entry.is_loss = true;
  auto sending = send_frame(connection, std::move(frame), entry);
  co_return co_await std::move(sending);
}

}  // namespace stepwell::client
