#include "protocol/client/stream_sender.hpp"

#include <algorithm>

#include "protocol/limits.hpp"

namespace stepwell::client {

using protocol::FrameHeader;
using protocol::Kind;
using protocol::VerdictCode;

namespace {

constexpr Instant kHoldMin = milliseconds(20);
constexpr unsigned kHoldDoublingsMax = 8;  // About five seconds.
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

bool StreamSender::is_mine(const wire::Position& position) const {
  return protocol::from_wire<RunId>(position.run()) == source_.run() &&
         protocol::from_wire<WriterId>(position.writer()) == source_.writer();
}

bool StreamSender::all_decided() const {
  return next_ > source_.last_sequence() && in_flight_.empty() && !rewind_to_;
}

void StreamSender::begin(std::uint64_t expected) {
  in_flight_.clear();
  rewind_to_.reset();
  expected_ = std::max<std::uint64_t>(expected, 1);
  // Below what was decided: the server was restored from an older copy. Above: somebody else has
  // sent these frames; they are walked through, to be counted.
  next_ = std::min(expected_, decided_ + 1);
}

Task<void> StreamSender::run(Connection& connection, std::uint64_t expected, bool until_done) {
  begin(expected);
  while (!connection.failed() && !stopped_) {
    if (until_done && all_decided()) co_return;
    const Instant now = executor_.now();
    if (rewind_to_ && in_flight_.empty() && now >= hold_until_) {
      next_ = *std::exchange(rewind_to_, std::nullopt);
    }
    if (rewind_to_) {
      const Instant wait = in_flight_.empty() ? hold_until_ - now : kForever;
      auto ring = signal_.wait(wait);
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
  if (next_ == 1 && expected_ == 1) {
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
  const auto found = source_.from(next_);
  if (!found) {
    stopped_ = found.error().text;
    co_return Next::kFailed;
  }
  const auto& frame = found.value();
  const std::uint64_t have = frame ? frame->first : source_.last_sequence() + 1;
  if (frame && frame->last < expected_) {
    note_was_there(*frame);
    co_return Next::kSent;
  }
  const std::uint64_t missing_from = std::max(next_, expected_);
  if (missing_from < have) {
    auto skipping = send_skip(connection, missing_from, have - 1, source_.missing_reason(), 0);
    co_return co_await std::move(skipping);
  }
  if (!frame) {
    // The server has what the source has lost.
    const std::uint64_t there = std::min(expected_, source_.last_sequence() + 1);
    if (next_ >= there) co_return Next::kNothing;
    next_ = there;
    co_return Next::kSent;
  }
  if (refusals_ >= kRefusalsMax && frame->first == refused_sequence_) {
    refusals_ = 0;
    const Decided given_up = decided_of(*frame);
    if (events_.on_rejected) events_.on_rejected(*frame, VerdictCode::kInvalid, refusal_);
    auto skipping = send_skip(connection, given_up.first, given_up.last,
                              "refused by the server: " + refusal_, given_up.points);
    co_return co_await std::move(skipping);
  }
  auto sending = send_frame(connection, std::string(frame->bytes), decided_of(*frame));
  co_return co_await std::move(sending);
}

void StreamSender::note_was_there(const SourceFrame& frame) {
  InFlight entry{decided_of(frame), VerdictCode::kDuplicate, {}};
  entry.decided.was_there = true;
  next_ = frame.last + 1;
  tell_decided(std::move(entry));
}

Task<StreamSender::Next> StreamSender::send_frame(Connection& connection, std::string frame,
                                                  Decided entry) {
  const std::uint64_t last = entry.last;
  next_ = last + 1;
  ++sent_frames_;
  if (last <= sent_up_to_) ++resent_frames_;
  sent_up_to_ = std::max(sent_up_to_, last);
  in_flight_.push_back({entry, VerdictCode::kApplied, {}});
  auto sending = connection.send(std::move(frame), last);
  const auto sent = co_await std::move(sending);
  co_return sent ? Next::kSent : Next::kFailed;
}

Task<StreamSender::Next> StreamSender::send_skip(Connection& connection, std::uint64_t from,
                                                 std::uint64_t to, std::string reason,
                                                 std::uint64_t points) {
  wire::SkipT skip;
  skip.from = from;
  skip.to = to;
  skip.reason = reason.substr(0, protocol::kReasonBytesMax);
  skip.points = points;
  std::string frame = protocol::make_frame_of(Kind::kSkip, skip, source_.run(), source_.writer());
  Decided entry{Kind::kSkip, from, to, points, frame.size()};
  entry.is_loss = true;
  return send_frame(connection, std::move(frame), entry);
}

void StreamSender::on_ack(const wire::AckT& ack) {
  for (const auto& exception : ack.exceptions) {
    if (exception->position && is_mine(*exception->position)) on_exception(*exception);
  }
  for (const wire::Position& position : ack.decided) {
    if (is_mine(position)) decide_up_to(position.sequence());
  }
  for (const wire::FirstStep& first : ack.first_steps) {
    if (events_.on_first_step && is_mine(first.position())) {
      events_.on_first_step(first.position().sequence(), first.step());
    }
  }
  signal_.ring();
}

std::optional<StreamSender::InFlight> StreamSender::take_in_flight(std::uint64_t sequence) {
  // A skip has no sequence of its own: the oldest one is meant.
  const auto it = std::ranges::find_if(in_flight_, [&](const InFlight& entry) {
    return sequence == 0 ? entry.decided.kind == Kind::kSkip : entry.decided.last == sequence;
  });
  if (it == in_flight_.end()) return std::nullopt;
  InFlight taken = std::move(*it);
  in_flight_.erase(it);
  return taken;
}

void StreamSender::on_exception(const wire::ExceptionT& exception) {
  const std::uint64_t sequence = exception.position->sequence();
  const auto code = static_cast<VerdictCode>(exception.verdict);
  const bool is_open = sequence == 1;
  if (is_reject(code) && !is_open) {
    // It consumed its sequence: `decided` of the same ack covers it.
    for (InFlight& entry : in_flight_) {
      if (entry.decided.last == sequence) {
        entry.verdict = code;
        entry.text = exception.text;
      }
    }
    return;
  }
  if (code == VerdictCode::kApplied || code == VerdictCode::kDuplicate) return;
  const auto taken = take_in_flight(sequence);
  if (is_reject(code)) {
    stopped_ = fmt::format("open was rejected ({}): {}", to_string(code), exception.text);
  } else if (code == VerdictCode::kGone) {
    stopped_ = "the run is gone: " + exception.text;
  } else if (code == VerdictCode::kGap) {
    // Expecting just what it refuses as a gap would repeat forever without a pause.
    if (taken && exception.expected == taken->decided.first) hold();
    // What was sent before it on this connection and is missing there will never be answered.
    std::erase_if(in_flight_, [&](const InFlight& entry) {
      return entry.decided.last >= exception.expected && entry.decided.last < sequence;
    });
    rewind(std::max<std::uint64_t>(exception.expected, 1));
  } else {
    hold();
    if (taken) rewind(taken->decided.first);
  }
}

void StreamSender::on_error(const wire::ErrorT& error) {
  if (!error.position || !is_mine(*error.position)) return;
  const auto taken = take_in_flight(error.position->sequence());
  if (!taken) return;
  if (refused_sequence_ != taken->decided.first) refusals_ = 0;
  refused_sequence_ = taken->decided.first;
  refusal_ = error.text;
  if (error.kind != static_cast<std::uint8_t>(ErrorKind::kOverloaded)) ++refusals_;
  hold();
  rewind(taken->decided.first);
  signal_.ring();
}

void StreamSender::rewind(std::uint64_t sequence) {
  rewind_to_ = std::min(rewind_to_.value_or(sequence), sequence);
  // The server may know less than it did when the connection began.
  expected_ = std::min(expected_, *rewind_to_);
}

void StreamSender::hold() {
  const Instant longest = kHoldMin * (1U << std::min(holds_++, kHoldDoublingsMax));
  hold_until_ = executor_.now() + longest / 2 +
                Instant(static_cast<std::int64_t>(
                    random_.next_u64() % static_cast<std::uint64_t>(longest.count() / 2 + 1)));
}

void StreamSender::decide_up_to(std::uint64_t sequence) {
  while (!in_flight_.empty() && in_flight_.front().decided.last <= sequence) {
    InFlight entry = std::move(in_flight_.front());
    in_flight_.pop_front();
    holds_ = 0;
    tell_decided(std::move(entry));
  }
}

void StreamSender::tell_decided(InFlight entry) {
  if (is_reject(entry.verdict)) {
    entry.decided.is_rejected = true;
    const auto frame = source_.from(entry.decided.first);
    if (frame && frame.value() && frame.value()->first == entry.decided.first &&
        events_.on_rejected) {
      events_.on_rejected(*frame.value(), entry.verdict, entry.text);
    }
  }
  decided_ = std::max(decided_, entry.decided.last);
  if (events_.on_decided) events_.on_decided(entry.decided);
}

}  // namespace stepwell::client
