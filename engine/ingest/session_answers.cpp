// The answering half of a session: decisions become acks, answers are written, time limits are
// kept.

#include <algorithm>

#include "engine/base/logging.hpp"
#include "engine/ingest/session.hpp"

namespace stepwell::ingest {

void Session::on_decided(const std::vector<FrameName>& names, std::uint64_t bytes,
                         const std::vector<Result<tracking::Verdict>>& verdicts) {
  in_flight_bytes_ -= bytes;
  for (std::size_t i = 0; i < names.size(); ++i) answers_.add(names[i], verdicts[i]);
  wake_writer();
}

void Session::answer(std::string frame) {
  answers_.add_frame(std::move(frame));
  wake_writer();
}

void Session::wake_writer() {
  // A turn later, so that decisions of the same group leave in the same ack.
  if (!closed_ && !std::exchange(writing_, true)) spawn(home_, write_answers());
}

Task<void> Session::write_answers() {
  const auto self = shared_from_this();
  while (!closed_ && !answers_.empty()) {
    const std::string bytes = answers_.take(shared_.credit());
    write_deadline_ = home_.now() + shared_.options.write_timeout;
    auto writing = stream_->write_all(as_bytes(bytes));
    const auto written = co_await std::move(writing);
    write_deadline_ = kNever;
    if (!written) close();
  }
  writing_ = false;
  if (draining_ && in_flight_bytes_ == 0) close();
}

Task<void> Session::watch() {
  const auto self = shared_from_this();
  const Instant period =
      std::min<Instant>(std::chrono::seconds(1), shared_.options.handshake_timeout / 2);
  while (!closed_) {
    co_await sleep_for(home_, period);
    const Instant now = home_.now();
    if (now < read_deadline_ && now < write_deadline_) continue;
    log().info("{}: closed: {} for too long", stream_->peer(),
               now >= write_deadline_ ? "it does not read its answers"
                                      : "nothing came, or a frame came too slowly");
    close();
  }
}

void Session::drain() {
  draining_ = true;
  wake_writer();
}

void Session::close() {
  if (std::exchange(closed_, true)) return;
  log().debug("{}: closed", stream_->peer());
  stream_->close();
}

}  // namespace stepwell::ingest
