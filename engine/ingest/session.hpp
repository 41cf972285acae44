#pragma once

// One connection that speaks frames: hello and welcome, then frames in and acks out until either
// side ends it. Checks each frame's header and hash, hands writers' streams to tracking/ and
// answers reads. Belongs to its home executor; decisions and answers of reads are posted there.

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/executor.hpp"
#include "engine/base/stream.hpp"
#include "engine/base/task.hpp"
#include "engine/ingest/answers.hpp"
#include "engine/ingest/options.hpp"
#include "engine/ingest/read_buffer.hpp"
#include "engine/tracking/tracking.hpp"
#include "protocol/frame.hpp"

namespace stepwell::ingest {

inline constexpr Instant kNever = Instant::max();

// What all sessions share. Outlives them.
struct Shared {
  Shared(tracking::Tracking& t, Options o) : tracking(t), options(o), buffers(o.buffer_bytes_max) {}
  ~Shared();
  // Bytes that a connection may have unacknowledged, given what the store has room for.
  std::uint64_t credit() const;

  tracking::Tracking& tracking;
  const Options options;
  BufferPool buffers;
  std::atomic<std::uint32_t> connections{0};
  std::atomic<std::uint64_t> answer_bytes{0};  // Of all sessions, as they count them.
};

class Session : public std::enable_shared_from_this<Session> {
 public:
  // `query`: where reads are worked out, so that a heavy one holds up nobody's acks. `lookup`:
  // where positions are, so that it holds up nobody's reconnect either.
  Session(Shared& shared, std::unique_ptr<Stream> stream, Executor& home, Executor& query,
          Executor& lookup);
  ~Session();

  // Runs until the connection has ended; `first` was read already.
  Task<void> run(std::string first);
  // Takes no further frame, and closes when all that is in flight is acknowledged. Home executor.
  void drain();

 private:
  enum class Next { kGoOn, kClose };

  Task<Result<void>> shake_hands();
  Task<Result<void>> serve();
  // Reads until the buffer holds `bytes`. False: the client closed its side between frames.
  Task<Result<bool>> read_until(std::size_t bytes);
  Task<Result<bool>> read_frame(protocol::FrameView& frame);
  // Everything that the buffer holds of whole frames; then the stream frames go to the log
  // together.
  Task<Result<Next>> take_frames();
  Task<Result<Next>> take_control(const protocol::FrameView& frame);
  void take_stream_frame(const protocol::FrameView& frame);
  // A header that is one of ours but refused, and a payload that is not what its header says.
  Result<Next> refuse_header(const protocol::FrameHeader& header, const Error& error);
  void refuse(const protocol::FrameHeader& header, protocol::VerdictCode code, const Error& error);
  void submit_collected();
  void on_decided(const std::vector<FrameName>& names, std::uint64_t bytes,
                  const std::vector<Result<tracking::Verdict>>& verdicts);
  // What was taken must be decided, and answers be read, before more is taken.
  bool may_read() const;
  // False: it closes or drains meanwhile.
  Task<bool> wait_to_read();

  // Works out the answer on `worker`; a history and a chart page by page.
  Task<void> answer_read(std::string frame, Executor& worker);

  // Sends it to the log and waits for its verdict.
  Task<void> answer_command(std::string frame);

  void answer(std::string frame);
  // After each change of what waits, or will wait, for the client.
  void count_answers();
  void wake_writer();
  Task<void> write_answers();
  Task<void> watch();
  void close();

  Shared& shared_;
  std::unique_ptr<Stream> stream_;
  Executor& home_;
  Executor& query_;
  Executor& lookup_;
  ReadBuffer buffer_;
  Answers answers_;
  Instant read_deadline_;
  Instant write_deadline_;
  bool writing_ = false;
  std::atomic<bool> closed_{false};  // Workers look at it too.
  bool draining_ = false;
  std::uint64_t in_flight_bytes_ = 0;
  std::uint64_t in_flight_frames_ = 0;
  std::uint64_t writing_bytes_ = 0;  // Answers that the socket has not taken.
  std::uint64_t reading_bytes_ = 0;  // A question, and what of its answer is worked out.
  std::uint64_t answer_bytes_ = 0;   // Counted in shared_.

  std::vector<protocol::FrameView> collected_;           // In the buffer, for the log.
  std::vector<std::shared_ptr<const std::string>> own_;  // Refusals among them, made here.
};

}  // namespace stepwell::ingest
