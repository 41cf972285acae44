#pragma once

// What a client does behind log(), on one executor that is passed in: recorded values -> frames ->
// spool -> connection, reconnecting for ever. Client (client.hpp) gives it a thread; a simulation
// drives it by hand.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/clock.hpp"
#include "engine/base/guarded.hpp"
#include "protocol/client/account.hpp"
#include "protocol/client/batch_maker.hpp"
#include "protocol/client/spool.hpp"
#include "protocol/client/stream_sender.hpp"

namespace stepwell::client {

struct CoreOptions {
  RunId run;
  WriterId writer;
  wire::OpenT open;
  std::string spool_directory;  // The run's is made below it.
  SpoolOptions spool;
  Recorder::Options queue;
  Instant flush_interval = milliseconds(200);
  Instant sync_interval = milliseconds(1000);
  std::size_t frame_bytes = 512 << 10;
  Instant backoff_min = milliseconds(50);
  Instant backoff_max = std::chrono::seconds(10);
  ConnectionOptions connection;
};

class ClientCore : public std::enable_shared_from_this<ClientCore> {
 public:
  // `connector` null: offline. All references outlive the core and its last job.
  static std::shared_ptr<ClientCore> make(Executor& executor, io::FileSystem& files,
                                          Connector* connector, const Clock& clock, Random& random,
                                          CoreOptions options);
  ~ClientCore();

  // Any thread.
  Recorder& recorder() { return recorder_; }
  Account account() const;
  std::vector<RejectedFrame> rejected() const;

  // The rest happens on the executor.
  void start();
  // Everything recorded so far goes to the spool now. False if the disk refuses it.
  bool flush(bool durable = false);
  // `done` is called once everything that is spooled now is decided by the server, or at once when
  // that can never be (offline, gone). Not at all if the core stops first.
  void when_decided(std::function<void(bool decided)> done);
  // A last flush, then nothing more. The executor needs to run on until nothing is left.
  void stop();

  const Spool& spool() const { return spool_; }

 private:
  ClientCore(Executor& executor, io::FileSystem& files, Connector* connector, const Clock& clock,
             Random& random, CoreOptions options);

  void flush_later();
  void sync_later();
  void record_to_pending();
  bool write_pending();
  Result<void> sync_spool();

  Task<void> connect_loop();
  Task<Result<void>> one_session();
  Instant next_backoff();
  void on_decided(const Decided& decided);
  void on_rejected(const SourceFrame& frame, protocol::VerdictCode code, const std::string& text);
  void on_read_error(const Error& error);
  StreamEvents events();
  void tell_waiters();

  Executor& executor_;
  io::FileSystem& files_;
  Connector* const connector_;
  Random& random_;
  const CoreOptions options_;

  Recorder recorder_;
  BatchMaker maker_;
  Spool spool_;
  StreamSender sender_;
  Signal stop_signal_;

  Recorded recorded_;  // Its memory goes back and forth with the recorder.
  struct Pending {
    std::vector<AppendedFrame> frames;
    std::uint64_t points = 0;
    std::uint64_t bytes = 0;
  };
  Pending pending_;  // Made, but the disk has not taken them yet.
  bool has_pending_ = false;
  std::uint64_t next_sequence_ = 2;
  bool spool_failing_ = false;

  std::unique_ptr<Connection> connection_;
  std::optional<Standing> standing_;  // The server's answer, once per connection.
  bool stopping_ = false;
  unsigned failures_ = 0;
  TimerId flush_timer_ = 0;
  TimerId sync_timer_ = 0;
  std::uint64_t counted_up_to_ = 0;
  std::uint64_t kept_aside_ = 0;  // The last rejected frame of which there is a copy.

  struct Waiter {
    std::uint64_t sequence;
    std::function<void(bool)> done;
  };
  std::vector<Waiter> waiters_;

  // One fault must not hide another, nor its end the other's. Empty where all is well.
  struct Troubles {
    std::string write, sync, read, connection;
  };
  struct Shared {
    Account account;
    Troubles troubles;
    std::vector<RejectedFrame> rejected;
  };
  mutable Guarded<Shared> shared_;
};

}  // namespace stepwell::client
