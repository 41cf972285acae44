// Commands that clients may send: delete, restore, purge. Each is answered by `read_done` once its
// verdict is there; the connection is read on only then.

#include "engine/ingest/session.hpp"

namespace stepwell::ingest {
Task<void> Session::answer_command(std::string frame) {
  const auto self = shared_from_this();
  const auto header = load_le<protocol::FrameHeader>(frame.data());
  if (!header.writer.is_zero()) {
    const Error error = fail(ErrorKind::kInvalid, "{} frame has writer {}, expected none",
                             to_string(header.kind), header.writer.hex());
    answer(done_frame(header.sequence, error, 0));
    co_return;
  }
  read_deadline_ = kNever;  // It is we who wait.
  const std::uint64_t bytes = frame.size();
  in_flight_bytes_ += bytes;
  ++in_flight_frames_;
  count_answers();
  auto submitting = shared_.tracking.submit(std::move(frame), wal::Door::kFrame, home_);
  const auto decided = co_await std::move(submitting);
  in_flight_bytes_ -= bytes;
  --in_flight_frames_;
  const Result<void> result =
      decided ? tracking::result_of(decided.value()) : Result<void>(decided.error());
  answer(done_frame(header.sequence, result, 0));
}

}  // namespace stepwell::ingest
