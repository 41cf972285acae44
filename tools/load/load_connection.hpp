#pragma once

// One connection of a load: works through its share of the streams (n, n + connections, …), some at
// a time, reconnects for ever, resumes at the server's positions and makes unacknowledged batches
// again. One executor, shared by all connections of the load.

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "protocol/client/connection.hpp"
#include "protocol/client/signal.hpp"
#include "tools/load/journal.hpp"
#include "tools/load/profile.hpp"
#include "tools/load/totals.hpp"

namespace stepwell::tools {

struct LoadSettings {
  unsigned connections = 1;
  std::uint64_t streams_max = 0;  // Of all connections; 0: no end.
  double frames_per_second = 0;   // Of each connection; 0: as fast as it goes.
  bool bursts = false;            // Send only what allow() allows.
};

class LoadConnection {
 public:
  // All references outlive it; `journal` may be null.
  LoadConnection(Executor& executor, Connector& connector, Profile& profile,
                 const LoadSettings& settings, JournalWriter* journal, LoadTotals& totals,
                 unsigned index);
  ~LoadConnection();

  // Runs until stop() and everything sent is answered, or its streams are finished.
  Task<void> run();
  // Sends nothing new.
  void stop();
  // Ends at once.
  void abandon();
  bool finished() const { return finished_; }

  // Bursts: makes this many frames ahead, and sends them when allowed.
  void prepare(std::uint64_t frames);
  void allow();
  bool burst_done() const { return connected_ && prepared_.empty() && all_answered(); }
  bool connected() const { return connected_; }

 private:
  struct InFlight {
    std::uint64_t sequence;
    std::uint32_t bytes;
    std::uint32_t points;
    Instant sent;
  };
  struct Stream {
    std::uint64_t number = 0;
    std::uint64_t length = 0;
    std::uint64_t next = 1;          // To be sent.
    std::uint64_t sent = 0;          // Greatest sequence.
    std::uint64_t acknowledged = 0;  // Greatest sequence.
    std::optional<std::uint64_t> rewind;
    RunId run;
    WriterId writer;
    std::deque<InFlight> in_flight;
  };
  struct Prepared {
    std::size_t stream;
    std::uint64_t sequence;
    std::string frame;
  };

  void take_streams();
  Task<Result<void>> session();
  void send_some();
  bool send_one();
  bool send_prepared();
  void prepare_again(Stream& stream, std::uint64_t from);
  bool send_frame(Stream& stream, std::uint64_t sequence, std::string_view frame);
  void resend_something();
  void retire_finished();
  bool may_send_now();
  Stream* find(const wire::Position& position);
  void on_positions(const wire::PositionsT& positions);
  void on_ack(const wire::AckT& ack);
  void on_exception(const wire::ExceptionT& exception);
  void decide(Stream& stream, std::uint64_t up_to);
  void refuse(Stream& stream, std::uint64_t from, std::uint64_t sequence);
  bool done() const;
  bool all_answered() const;

  Executor& executor_;
  Connector& connector_;
  Profile& profile_;
  const LoadSettings& settings_;
  JournalWriter* const journal_;
  LoadTotals& totals_;
  client::Signal signal_;
  SeededRandom chance_;

  std::vector<Stream> streams_;
  std::uint64_t next_stream_;
  std::size_t turn_ = 0;  // Of streams_.
  std::unique_ptr<client::Connection> connection_;
  std::deque<Prepared> prepared_;
  std::uint64_t in_flight_ = 0;
  std::uint64_t positions_missing_ = 0;
  Instant hold_until_{0};
  Instant rate_start_{0};
  std::uint64_t rate_frames_ = 0;
  bool allowed_ = false;
  bool connected_ = false;
  bool stopping_ = false;
  bool abandoned_ = false;
  bool finished_ = false;
};

// Points in a profile's frame; 0 for what is no batch.
std::uint64_t points_of_frame(const Profile& profile, std::uint64_t stream, std::uint64_t sequence,
                              std::string_view frame);

}  // namespace stepwell::tools
