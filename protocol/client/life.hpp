#pragma once

// One process' half of a Client: thread, connection, spool and writer id. After a fork the child
// gets a Life of its own at first use, and the parent's, whose thread does not exist there, is
// never touched.

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "engine/io/net/tcp.hpp"
#include "engine/io/posix.hpp"
#include "protocol/client/client_core.hpp"
#include "protocol/client/client_options.hpp"

namespace stepwell::client {

class Life {
 public:
  Life(const ClientOptions& options, RunId run, const std::vector<std::string>& contexts,
       std::uint64_t generation);
  // Waits for the server for at most close_wait; and for the last flush to the spool however long
  // the disk takes.
  ~Life();

  ClientCore& core() { return *core_; }
  Recorder& recorder() { return core_->recorder(); }
  bool flush(Instant deadline);
  // Of the process that this life belongs to; see ClientLives.
  const std::uint64_t generation;

 private:
  void wait_for_server();

  const Instant close_wait_;
  SystemClock clock_;
  SystemRandom random_;
  io::PosixFileSystem files_;
  net::AsioExecutor executor_;
  std::unique_ptr<net::AsioConnector> connector_;
  std::shared_ptr<ClientCore> core_;
};

// The life of this process, and those of its forefathers, which are left alone.
class ClientLives {
 public:
  explicit ClientLives(ClientOptions options);
  ~ClientLives();

  Life& current() {
    Life* life = current_.load(std::memory_order_acquire);
    return life->generation == generation() ? *life : revive();
  }
  RunId run() const { return run_; }
  std::uint32_t add_context(std::string canonical);

  // For the fork handlers.
  void lock();
  void unlock();

 private:
  static std::uint64_t generation();
  Life& revive();

  const ClientOptions options_;
  const RunId run_;
  std::mutex mutex_;
  std::vector<std::string> contexts_;
  std::atomic<Life*> current_;  // Owned, if it is of this process.
};

}  // namespace stepwell::client
