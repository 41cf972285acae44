#pragma once

// A connection that speaks frames: hello/welcome, credit, pipelined sends, acknowledgements, pings.
// It neither reconnects nor knows what a spool is; its user does. Many runs and writers may share
// one.
//
// Everything, callbacks included, happens on the executor that was given. A connection may be
// destroyed at any time, also from within its own callbacks; no callback comes afterwards.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/executor.hpp"
#include "engine/base/stream.hpp"
#include "protocol/messages.hpp"

namespace stepwell::client {

struct ConnectionOptions {
  std::string client = "stepwell-client";  // Name and version, for the server's log.
  std::string credentials;
  Instant handshake_timeout = std::chrono::seconds(10);
  // The connection fails when frames are unanswered and nothing but pongs has come for so long.
  Instant silence_timeout = std::chrono::seconds(30);
};

struct ConnectionEvents {
  std::function<void(const wire::AckT&)> on_ack;
  std::function<void(const wire::PositionsT&)> on_positions;
  std::function<void(const wire::ErrorT&)> on_error;
  // Answers to reads: experiments, runs, run, points, read_done. Valid during the call.
  std::function<void(const protocol::FrameView&)> on_answer;
  // Once, when it has failed or the server closed it. Not after close().
  std::function<void(const Error&)> on_closed;
};

class Connection {
 public:
  // Connects and shakes hands. kInvalid: the server's version is not ours.
  static Task<Result<std::unique_ptr<Connection>>> open(Executor& executor, Connector& connector,
                                                        ConnectionOptions options,
                                                        ConnectionEvents events);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  const wire::WelcomeT& welcome() const;
  StoreId store() const;

  // Queues a frame of a writer's stream if the credit allows it, else false. Counts against the
  // credit until its (run, writer, sequence) is answered. Frames leave in the order of these calls.
  // `last_sequence`: for a skip, which has none in its header, the last one that it consumes.
  bool try_send(std::string_view frame, std::uint64_t last_sequence = 0);
  // Waits for credit where try_send() would refuse. Fails once the connection has.
  Task<Result<void>> send(std::string frame, std::uint64_t last_sequence = 0);

  // Frames that no credit is needed for: reads, positions, pings.
  void send_control(std::string_view frame);
  void ask_positions(const std::vector<wire::Position>& which);
  void ping();

  // Bytes of stream frames that were queued or sent and are not answered yet.
  std::uint64_t unanswered_bytes() const;
  std::uint64_t unanswered_frames() const;
  // What the server allows of them, as of its last word.
  std::uint64_t credit() const;
  // Queued, not yet handed to the socket.
  std::uint64_t unsent_bytes() const;

  bool failed() const;
  void close();

 private:
  struct State;
  explicit Connection(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

wire::Position make_position(RunId run, WriterId writer, std::uint64_t sequence);

}  // namespace stepwell::client
