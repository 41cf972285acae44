#pragma once

// One connection that speaks HTTP/1.1: requests one after another, each answered before the next is
// looked at, until either side ends it. Belongs to its home executor.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "engine/base/executor.hpp"
#include "engine/base/stream.hpp"
#include "engine/base/task.hpp"
#include "engine/http/compressor.hpp"
#include "engine/http/handler.hpp"
#include "engine/http/parser.hpp"
#include "engine/http/shared.hpp"

namespace stepwell::http {

class Session : public std::enable_shared_from_this<Session> {
 public:
  // `query`: where reads are worked out, so that a heavy one holds up nobody's writes.
  Session(Shared& shared, std::unique_ptr<Stream> stream, Executor& home, Executor& query);
  ~Session();

  // Runs until the connection has ended; `first` was read already.
  Task<void> run(std::string first);
  // Takes no further request, and closes once the one that is being answered is. Home executor.
  void drain();

 private:
  // What the client's next bytes belong to; none while it waits for us.
  enum class Phase { kNone, kIdle, kHead, kBody };

  // Until the request is whole. False: the connection ends, with or without a refusal.
  Task<bool> read_request();
  Task<bool> read_more();
  void enter(Phase phase);
  // Tells why, and lets the client hear it before the connection ends.
  Task<void> refuse(Refusal refusal);
  Task<void> answer_request();

  // Head and body in one write, or in pieces (session_answers.cpp). False: the client did not take
  // all of it, or the source failed.
  Task<bool> write(Response response, const Request& request);
  Task<bool> write_pieces(Response response, const Request& request, Piece piece);
  Task<bool> write_all(std::string bytes);
  bool wants_keep_alive(const Request& request) const;

  // The connection is closed unless a later deadline is set, or none, in time.
  void set_deadline(Instant after);
  void clear_deadline();
  void start_timer();
  void on_timer();
  // Counts what the request holds; false: all requests together hold too much.
  bool count_body(std::size_t bytes);
  std::string request_id(const Request& request);
  void close();

  Shared& shared_;
  std::unique_ptr<Stream> stream_;
  Executor& home_;
  Executor& query_;
  Context context_;
  std::string inbox_;  // Read, and not taken yet.
  std::optional<Parser> parser_;
  std::size_t body_bytes_ = 0;  // Counted in shared_.
  std::uint64_t written_bytes_ = 0;
  Phase phase_ = Phase::kNone;
  bool draining_ = false;
  bool closed_ = false;
  bool last_ = false;  // The connection ends with this answer.
  Instant deadline_;
  Instant timer_at_;
  std::optional<TimerId> timer_;
  std::uint64_t id_prefix_;
  std::uint64_t requests_ = 0;
};

}  // namespace stepwell::http
