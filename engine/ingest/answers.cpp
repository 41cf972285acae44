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

}  // namespace

void Answers::add(const FrameName& frame, const Result<tracking::Verdict>& result) {
  has_ack_ = true;
  const tracking::Verdict verdict = result ? result.value() : not_logged(result.error());
  const auto code = static_cast<VerdictCode>(verdict.code);
  // Everything below the next expected sequence is decided, whatever this frame's own fate.
  if (verdict.expected > 1) {
    auto& upto = decided_[{frame.run, frame.writer}];
    upto = std::max(upto, verdict.expected - 1);
  }
  if (code != VerdictCode::kApplied) {
    auto exception = std::make_unique<wire::ExceptionT>();
    exception->position = std::make_unique<wire::Position>(to_position(frame));
    exception->verdict = verdict.code;
    exception->expected = verdict.expected;
    exception->text = verdict.text;
    ack_.exceptions.push_back(std::move(exception));
  } else if (verdict.first_step) {
    ack_.first_steps.emplace_back(to_position(frame), *verdict.first_step);
  }
}

std::string Answers::take(std::uint64_t credit) {
  std::string out = std::exchange(frames_, {});
  if (std::exchange(has_ack_, false)) {
    ack_.credit = credit;
    for (const auto& [writer, upto] : std::exchange(decided_, {})) {
      ack_.decided.push_back(to_position({writer.first, writer.second, upto}));
    }
    out += protocol::make_frame_of(protocol::Kind::kAck, ack_);
    ack_ = {};
  }
  return out;
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
