#include "tests/sim/frame_client.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace stepwell::sim {

using protocol::VerdictCode;

FrameClient::FrameClient(HandExecutor& network, std::uint64_t seed, std::vector<Command> stream,
                         Deliver deliver, Ask ask)
    : network_(network),
      random_(seed),
      stream_(std::move(stream)),
      deliver_(std::move(deliver)),
      ask_(std::move(ask)) {
  cut();
}

void FrameClient::cut() {
  connected_ = false;
  const std::uint64_t connection = ++connection_;
  network_.post_after(milliseconds(1 + random_.below(20)), [this, connection] {
    if (connection == connection_) connect();
  });
}

void FrameClient::connect() {
  const auto expected = ask_(stream_.front());
  if (!expected) return cut();
  EXPECT_TRUE(doomed_ || *expected > acknowledged_) << "the server forgot what it acknowledged";
  const std::uint64_t how = random_.below(8);
  next_ = how == 0 ? 0 : how < 3 ? acknowledged_ : *expected - 1;
  // Who asks hears what was decided; its acknowledgement may have been lost.
  if (how >= 3) acknowledged_ = *expected - 1;
  in_flight_ = 0;
  connected_ = true;
  last_there_ = last_back_ = network_.now();
  pump();
}

Instant FrameClient::arrival(Instant& last) {
  const Instant at = network_.now() + std::chrono::microseconds(random_.below(800));
  last = std::max(at, last + Instant(1));
  return last - network_.now();
}

void FrameClient::pump() {
  while (connected_ && in_flight_ < kWindow && next_ < stream_.size()) {
    const std::size_t at = next_++;
    if (at < sent_up_to_) ++resent_;
    sent_up_to_ = std::max(sent_up_to_, at + 1);
    ++in_flight_;
    const std::uint64_t connection = connection_;
    network_.post_after(arrival(last_there_), [this, connection, at] {
      if (connected_ && connection == connection_) deliver_(*this, connection, at);
    });
  }
}

void FrameClient::answer(std::uint64_t connection, std::size_t at, const FrameAnswer& answer) {
  if (connection != connection_ || !connected_) return;
  network_.post_after(arrival(last_back_), [this, connection, at, answer] {
    if (connected_ && connection == connection_) take(connection, at, answer);
  });
}

void FrameClient::take(std::uint64_t, std::size_t at, const FrameAnswer& answer) {
  --in_flight_;
  if (answer.code == VerdictCode::kGone) {
    EXPECT_TRUE(doomed_);
    gone_ = true;
  } else if (answer.code == VerdictCode::kGap) {
    next_ = std::min<std::size_t>(next_, answer.expected - 1);
  } else if (answer.code == VerdictCode::kOverloaded) {
    next_ = std::min(next_, at);
  } else {
    // A stream has no gaps: this speaks for all before it, whose acknowledgements may have been
    // lost.
    acknowledged_ = std::max(acknowledged_, at + 1);
  }
  if (in_flight_ == 0 || answer.code == VerdictCode::kApplied) pump();
}

}  // namespace stepwell::sim
