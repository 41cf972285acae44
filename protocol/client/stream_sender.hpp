#pragma once

// Sends one writer's stream over a connection until it is decided: resumes where the server stands,
// repeats after a gap or an overload, declares what is missing, and tells of every decision. Knows
// nothing of files or reconnecting. One executor; it outlives every connection it is run on.

#include <deque>
#include <functional>
#include <optional>
#include <vector>

#include "engine/base/clock.hpp"
#include "protocol/client/connection.hpp"
#include "protocol/client/frame_source.hpp"
#include "protocol/client/signal.hpp"

namespace stepwell::client {

struct Decided {
  protocol::Kind kind{};
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::uint64_t points = 0;
  std::uint64_t bytes = 0;
  bool was_there = false;   // Decided before it was sent: by an earlier connection, or a replay.
  bool is_missing = false;  // was_there, and the source no longer has these frames.
  bool is_loss = false;     // A skip that this sender declared: the frames were missing.
  bool is_rejected = false;
};

struct SequenceRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
};

// Where the server stands with a writer: its answer to positions.
struct Standing {
  std::uint64_t expected = 1;
  std::vector<SequenceRange> skipped;  // Below `expected`: what a sound copy still fills.
};

// Nothing if the answer is about others.
std::optional<Standing> standing_of(const wire::PositionsT& answer, RunId run, WriterId writer);

struct StreamEvents {
  // In order of sequence, without a gap from the first frame on. After the server went back in
  // time, the same sequences come again.
  std::function<void(const Decided&)> on_decided;
  // Before on_decided of the same frame.
  std::function<void(const SourceFrame&, protocol::VerdictCode, const std::string& text)>
      on_rejected;
  std::function<void(std::uint64_t sequence, std::int64_t step)> on_first_step;
  // The source could not be read just now. It is tried again; or, with `until_done`, given up.
  std::function<void(const Error&)> on_read_error;
};

class StreamSender {
 public:
  StreamSender(Executor& executor, Random& random, FrameSource& source, StreamEvents events);

  // Sends from the server's position on, and what fills its holes. With `until_done` returns once
  // everything that the source has is decided; else only when the connection has failed or the
  // stream is stopped.
  Task<void> run(Connection& connection, Standing standing, bool until_done);

  // The connection's user passes these on; what is about other writers is ignored.
  void on_ack(const wire::AckT& ack);
  void on_error(const wire::ErrorT& error);
  // The source has more, or the connection has failed.
  void wake() { signal_.ring(); }

  // Everything up to here was decided by the server, at some time.
  std::uint64_t decided() const { return decided_; }
  bool all_decided() const;
  // Why nothing is sent any more: the run is gone, or its open was rejected.
  const std::optional<std::string>& stopped() const { return stopped_; }
  std::uint64_t sent_frames() const { return sent_frames_; }

 private:
  struct InFlight {
    Decided decided;
    protocol::VerdictCode verdict{};
    std::string text;
    bool fills_hole = false;
  };
  enum class Next { kSent, kNothing, kHeld, kFailed };

  bool is_mine(const wire::Position& position) const;
  bool is_skipped(std::uint64_t sequence) const;
  void begin(Standing standing);
  Task<Next> send_next(Connection& connection);
  Task<Next> send_open(Connection& connection);
  Task<Next> send_missing(Connection& connection, std::uint64_t to);
  Task<Next> send_frame(Connection& connection, std::string frame, Decided entry,
                        bool fills_hole = false);
  Task<Next> send_skip(Connection& connection, SequenceRange range, std::string reason,
                       std::uint64_t points);
  Task<Next> give_up(Connection& connection, const SourceFrame& frame);
  void note_was_there(Decided decided);
  Next hold_after(const Error& error);
  void on_exception(const wire::ExceptionT& exception);
  void decide_up_to(std::uint64_t sequence);
  void tell_decided(InFlight entry);
  std::optional<InFlight> take_in_flight(std::uint64_t sequence);
  void rewind(std::uint64_t sequence);
  void hold();

  Executor& executor_;
  Random& random_;
  FrameSource& source_;
  const StreamEvents events_;
  Signal signal_;

  std::uint64_t expected_ = 1;  // Where the server stood when this connection began.
  std::vector<SequenceRange> skipped_;
  bool until_done_ = false;
  std::uint64_t next_ = 1;  // To be sent.
  std::uint64_t decided_ = 0;
  std::deque<InFlight> in_flight_;
  // Frames after a refused one will be refused too: send nothing until all are answered, then go on
  // from here.
  std::optional<std::uint64_t> rewind_to_;
  Instant hold_until_{0};
  unsigned holds_ = 0;
  std::uint64_t refused_sequence_ = 0;  // The door answered it with an error, refusals_ times.
  unsigned refusals_ = 0;
  std::string refusal_;
  std::optional<std::string> stopped_;
  std::uint64_t sent_frames_ = 0;
};

}  // namespace stepwell::client
