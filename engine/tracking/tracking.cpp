#include "engine/tracking/tracking.hpp"

namespace stepwell::tracking {
namespace {

// What frees space, or leads to it, is taken even on a disk that is full for others.
bool uses_reserve(protocol::Kind kind) {
  return protocol::is_client_command(kind);
}

}  // namespace

Result<void> result_of(const Verdict& verdict) {
  switch (static_cast<VerdictCode>(verdict.code)) {
    case VerdictCode::kApplied:
      return ok();
    case VerdictCode::kNotFound:
    case VerdictCode::kGone:
      return Error{ErrorKind::kNotFound, verdict.text};
    case VerdictCode::kExists:
    case VerdictCode::kConflict:
      return Error{ErrorKind::kExists, verdict.text};
    default:
      return Error{ErrorKind::kInvalid, verdict.text};
  }
}

wal::Envelope Tracking::envelope(const protocol::FrameHeader& header, wal::Door door) const {
  wal::Envelope envelope;
  envelope.kind = static_cast<std::uint16_t>(header.kind);
  envelope.door = door;
  envelope.arrival_ms = clock_.now_ms();
  return envelope;
}

void Tracking::submit(const std::vector<protocol::FrameView>& frames, wal::Door door,
                      std::shared_ptr<const void> memory, store::Store::Decided decided) {
  std::vector<store::Command> commands;
  commands.reserve(frames.size());
  for (const protocol::FrameView& frame : frames) {
    commands.push_back(
        {envelope(frame.header, door), frame.bytes, uses_reserve(frame.header.kind)});
  }
  store_.submit(std::move(commands), std::move(memory), std::move(decided));
}

Task<Result<Verdict>> Tracking::submit(std::string frame, wal::Door door, Executor& resume) {
  const auto header = load_le<protocol::FrameHeader>(frame.data());
  co_return co_await store_.submit(envelope(header, door), std::move(frame), resume,
                                   uses_reserve(header.kind));
}

Result<View> Tracking::snapshot() const {
  TRY(auto snapshot, store_.snapshot());
  return View(std::move(snapshot));
}

}  // namespace stepwell::tracking
