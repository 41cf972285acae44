// What the server says about the frames that were sent: decided, refused, to be sent again.

#include <algorithm>

#include "protocol/client/stream_sender.hpp"

namespace stepwell::client {

using protocol::Kind;
using protocol::VerdictCode;

namespace {

constexpr Instant kHoldMin = milliseconds(20);
constexpr unsigned kHoldDoublingsMax = 8;  // About five seconds.

}  // namespace

std::optional<Standing> standing_of(const wire::PositionsT& answer, RunId run, WriterId writer) {
  const auto is_mine = [&](const auto& each) {
    return protocol::from_wire<RunId>(each.run()) == run &&
           protocol::from_wire<WriterId>(each.writer()) == writer;
  };
  const auto position = std::ranges::find_if(answer.positions, is_mine);
  if (position == answer.positions.end()) return std::nullopt;
  Standing standing{position->sequence(), {}};
  for (const wire::SkippedRange& range : answer.skipped) {
    if (is_mine(range)) standing.skipped.push_back({range.from(), range.to()});
  }
  return standing;
}

bool StreamSender::is_mine(const wire::Position& position) const {
  return protocol::from_wire<RunId>(position.run()) == source_.run() &&
         protocol::from_wire<WriterId>(position.writer()) == source_.writer();
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
    // The server may know less than it did when the connection began.
    const std::uint64_t expected = std::max<std::uint64_t>(exception.expected, 1);
    expected_ = std::min(expected_, expected);
    rewind(expected);
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
    // What will be gone through again is told then, in order.
    if (rewind_to_ && entry.decided.first >= *rewind_to_) continue;
    tell_decided(std::move(entry));
  }
}

void StreamSender::tell_decided(InFlight entry) {
  if (is_reject(entry.verdict)) {
    entry.decided.is_rejected = true;
    const auto frame = source_.from(entry.decided.first);
    if (!frame && events_.on_read_error) events_.on_read_error(frame.error());
    if (frame && frame.value() && frame.value()->first == entry.decided.first &&
        events_.on_rejected) {
      events_.on_rejected(*frame.value(), entry.verdict, entry.text);
    }
  }
  decided_ = std::max(decided_, entry.decided.last);
  if (events_.on_decided) events_.on_decided(entry.decided);
}

}  // namespace stepwell::client
