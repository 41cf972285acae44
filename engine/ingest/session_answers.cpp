// The answering half of a session: frames go to the log, decisions become acks, answers are
// written, time limits are kept.

#include <algorithm>

#include "engine/base/logging.hpp"
#include "engine/base/spawn.hpp"
#include "engine/ingest/session.hpp"

namespace stepwell::ingest {
namespace {

// What the answer to a frame in flight may take, whatever it will be.
constexpr std::uint64_t kPromisedBytes = 256;

}  // namespace

void Session::submit_collected() {
  if (collected_.empty()) return;
  std::vector<FrameName> names;
  names.reserve(collected_.size());
  std::uint64_t bytes = 0;
  for (const protocol::FrameView& frame : collected_) {
    names.push_back(FrameName::of(frame.header));
    bytes += frame.bytes.size();
  }
  in_flight_bytes_ += bytes;
  in_flight_frames_ += names.size();
  count_answers();
  using Memory =
      std::pair<std::shared_ptr<const void>, std::vector<std::shared_ptr<const std::string>>>;
  auto memory = std::make_shared<const Memory>(buffer_.memory(), std::exchange(own_, {}));
  auto decided = [self = shared_from_this(), names = std::move(names),
                  bytes](std::vector<Result<tracking::Verdict>> verdicts) mutable {
    Executor& home = self->home_;
    home.post([self = std::move(self), names = std::move(names), bytes,
               verdicts = std::move(verdicts)] { self->on_decided(names, bytes, verdicts); });
  };
  shared_.tracking.submit(collected_, wal::Door::kFrame, std::move(memory), std::move(decided));
  collected_.clear();
}

void Session::on_decided(const std::vector<FrameName>& names, std::uint64_t bytes,
                         const std::vector<Result<tracking::Verdict>>& verdicts) {
  in_flight_bytes_ -= bytes;
  in_flight_frames_ -= names.size();
  for (std::size_t i = 0; i < names.size(); ++i) answers_.add(names[i], verdicts[i]);
  count_answers();
  wake_writer();
}

void Session::answer(std::string frame) {
  answers_.add_frame(std::move(frame));
  count_answers();
  wake_writer();
}

void Session::count_answers() {
  const std::uint64_t bytes =
      answers_.bytes() + writing_bytes_ + reading_bytes_ + in_flight_frames_ * kPromisedBytes;
  shared_.answer_bytes += bytes - answer_bytes_;  // Wraps around where it is less.
  answer_bytes_ = bytes;
}

void Session::wake_writer() {
  // A turn later, so that decisions of the same group leave in the same ack.
  if (!closed_ && !std::exchange(writing_, true)) spawn(home_, write_answers());
}

Task<void> Session::write_answers() {
  const auto self = shared_from_this();
  while (!closed_ && !answers_.empty()) {
    std::string bytes = answers_.take(shared_.credit());
    writing_bytes_ = bytes.capacity();
    count_answers();
    write_deadline_ = home_.now() + shared_.options.write_timeout;
    auto writing = stream_->write_all(as_bytes(bytes));
    const auto written = co_await std::move(writing);
    write_deadline_ = kNever;
    bytes = {};
    writing_bytes_ = 0;
    count_answers();
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
  if (closed_.exchange(true)) return;
  log().debug("{}: closed", stream_->peer());
  stream_->close();
}

}  // namespace stepwell::ingest
