#pragma once

// For connection*.cpp only: what a Connection and its loops share.

#include <deque>

#include "engine/base/one_shot.hpp"
#include "protocol/client/connection.hpp"
#include "protocol/client/frame_stream.hpp"
#include "protocol/client/unanswered.hpp"

namespace stepwell::client {

struct WaitingFrame {
  std::string bytes;
  std::uint64_t last;
  OneShot<bool> sent;
};

// Held by the loops as well, so that they can outlive the Connection by a moment.
struct Connection::State : std::enable_shared_from_this<State> {
  State(Executor& e, std::unique_ptr<Stream> s, ConnectionOptions o, ConnectionEvents v)
      : executor(e),
        stream(std::move(s)),
        frames(*stream),
        options(std::move(o)),
        events(std::move(v)) {}

  Task<Result<void>> shake_hands();
  Task<void> read_loop();
  Task<void> write_loop();
  void dispatch(const protocol::FrameView& frame);
  void dispatch_ack(const protocol::FrameView& frame);
  void queue(std::string_view frame);
  bool has_credit(std::size_t bytes) const;
  void queue_stream_frame(std::string_view frame, std::uint64_t last);
  void send_waiting();
  void fail_with(const Error& error);
  void release_waiting();
  void watch();
  Instant watch_period() const;

  Executor& executor;
  std::unique_ptr<Stream> stream;
  FrameStream frames;
  const ConnectionOptions options;
  const ConnectionEvents events;
  wire::WelcomeT welcome;
  std::uint64_t credit = 0;
  Unanswered unanswered;
  std::deque<WaitingFrame> waiting;
  std::string outgoing;
  bool writing = false;
  bool failed = false;
  bool detached = false;  // The Connection is gone or closed: no more callbacks.
  TimerId watch_timer = 0;
  Instant last_sent{0};
  Instant last_heard{0};
};

}  // namespace stepwell::client
