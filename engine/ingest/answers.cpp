#include "engine/ingest/answers.hpp"

#include <algorithm>

#include "protocol/kinds.hpp"

namespace stepwell::ingest {
namespace {

using protocol::VerdictCode;

wire::Position to_position(const FrameName& frame) {
  return {protocol::to_wire(frame.run), protocol::to_wire(frame.writer), frame.sequence};
}

// A submission that was not logged, as a verdict. Only overload is expected; a store that is
// poisoned tells the same, and the process ends.
tracking::Verdict not_logged(const Error& error) {
  const auto code =
      error.kind == ErrorKind::kInvalid ? VerdictCode::kLimit : VerdictCode::kOverloaded;
  return {static_cast<std::uint8_t>(code), 0, std::nullopt, error.text};
}

// What an entry takes in memory with what the allocator adds; on the wire it is less.
constexpr std::size_t kAllocated = 16;
constexpr std::size_t kDecidedBytes =
    sizeof(std::pair<std::pair<RunId, WriterId>, std::uint64_t>) + 4 * sizeof(void*) + kAllocated;
constexpr std::size_t kFirstStepBytes = sizeof(wire::FirstStep) + sizeof(void*);

std::size_t bytes_of(const wire::ExceptionT& exception) {
  return sizeof(exception) + sizeof(wire::Position) + kAllocated + exception.text.capacity() +
         kAllocated;
}

}  // namespace

void Answers::add(const FrameName& frame, const Result<tracking::Verdict>& result) {
  has_ack_ = true;
  tracking::Verdict verdict = result ? result.value() : not_logged(result.error());
  const auto code = static_cast<VerdictCode>(verdict.code);
  // Everything below the next expected sequence is decided, whatever this frame's own fate.
  if (verdict.expected > 1) {
    const auto [at, is_new] = decided_.try_emplace({frame.run, frame.writer}, 0);
    at->second = std::max(at->second, verdict.expected - 1);
    if (is_new) ack_bytes_ += kDecidedBytes;
  }
  if (code != VerdictCode::kApplied) {
    wire::ExceptionT exception;
    exception.position = std::make_unique<wire::Position>(to_position(frame));
    exception.verdict = verdict.code;
    exception.expected = verdict.expected;
    exception.text = std::move(verdict.text);
    ack_bytes_ += bytes_of(exception);
    exceptions_.push_back(std::move(exception));
  } else if (verdict.first_step) {
    first_steps_.emplace_back(to_position(frame), *verdict.first_step);
    ack_bytes_ += kFirstStepBytes;
  }
}

wire::AckT Answers::next_ack() {
  wire::AckT ack;
  std::size_t bytes = 0;
  const auto has_room = [&](std::size_t entry) {
    return (bytes += entry) <= kAckBytesMax || bytes == entry;
  };
  while (!exceptions_.empty() && has_room(bytes_of(exceptions_.front()))) {
    ack_bytes_ -= bytes_of(exceptions_.front());
    ack.exceptions.push_back(std::make_unique<wire::ExceptionT>(std::move(exceptions_.front())));
    exceptions_.pop_front();
  }
  while (!first_steps_.empty() && has_room(kFirstStepBytes)) {
    ack_bytes_ -= kFirstStepBytes;
    ack.first_steps.push_back(first_steps_.front());
    first_steps_.pop_front();
  }
  if (!exceptions_.empty() || !first_steps_.empty()) return ack;
  while (!decided_.empty() && has_room(kDecidedBytes)) {
    ack_bytes_ -= kDecidedBytes;
    const auto& [writer, upto] = *decided_.begin();
    ack.decided.push_back(to_position({writer.first, writer.second, upto}));
    decided_.erase(decided_.begin());
  }
  has_ack_ = !decided_.empty();
  return ack;
}

std::string Answers::take(std::uint64_t credit) {
  std::string out = std::exchange(frames_, {});
  if (has_ack_) {
    wire::AckT ack = next_ack();
    ack.credit = credit;
    out += protocol::make_frame_of(protocol::Kind::kAck, ack);
  }
  return out;
}

std::string done_frame(std::uint64_t question, const Result<void>& result, std::uint64_t points) {
  wire::ReadDoneT done;
  done.kind = result ? 0 : static_cast<std::uint8_t>(result.error().kind);
  if (!result) done.text = result.error().text;
  done.points = points;
  return protocol::make_frame_of(protocol::Kind::kReadDone, done, {}, {}, question);
}

std::string error_frame(const Error& error, const FrameName& frame, bool closing) {
  wire::ErrorT message;
  message.kind = static_cast<std::uint8_t>(error.kind);
  message.text = error.text;
  message.position = std::make_unique<wire::Position>(to_position(frame));
  message.closing = closing;
  return protocol::make_frame_of(protocol::Kind::kError, message);
}

}  // namespace stepwell::ingest
