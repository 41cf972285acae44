#pragma once

// Logging from a trainer, in fifteen lines:
//
//     #include "protocol/client/client.hpp"
//
//     stepwell::client::ClientOptions options;
//     options.server = "127.0.0.1:5000";      // Empty: offline, to be replayed later.
//     options.experiment = "mnist";
//     options.labels = {{"rank", "1"}};       // Ranks above 0; none for rank 0.
//     stepwell::client::Client client(options);
//     client.params({{"learning_rate", "0.1"}});
//     for (int step = 0; step < steps; ++step) {
//       ...
//       client.log(step, {{"loss", loss}, {"accuracy", accuracy}});
//     }
//     client.end();
//     client.flush(std::chrono::seconds(10));
//
// log() appends to a bounded queue in memory: it never blocks, never throws, never waits for disk
// or network. A background thread writes the queue to a spool on disk every flush_interval (200 ms:
// what a SIGKILL loses at most, give or take the write itself), sends from there, and deletes what
// the server has made durable. The server may be away for as long as the disk has space. Any thread
// may call anything. After fork() the child's client goes on as a writer of its own; the parent's
// is untouched. Many clients may live in one process.

#include <chrono>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/ids.hpp"
#include "protocol/client/account.hpp"
#include "protocol/client/client_options.hpp"

namespace stepwell::client {

class ClientLives;

class Client {
 public:
  using Value = std::pair<std::string_view, double>;
  using Text = std::pair<std::string_view, std::string_view>;
  // A label set, made once and used in many calls.
  enum class Context : std::uint32_t { kDefault = 0 };

  // Never fails: what is wrong with server or spool shows in account() and in the log. An option
  // that breaks a rule of the format (a name too long, a bad label) is left out, with a warning.
  explicit Client(ClientOptions options);
  // A last flush to the spool, as long as the disk takes, and a bounded wait for the server
  // (close_wait).
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  RunId run() const;

  void log(std::int64_t step, std::span<const Value> values) noexcept;
  void log(std::int64_t step, std::initializer_list<Value> values) noexcept;
  void log(std::string_view key, double value, std::int64_t step) noexcept;
  // With a time of its own (ms since the epoch), and with labels other than the client's.
  void log_at(Context context, std::int64_t step, std::int64_t time_ms,
              std::span<const Value> values) noexcept;
  // The server assigns the run's next step.
  void log_next(std::span<const Value> values, Context context = Context::kDefault) noexcept;
  Context context(const Labels& labels) noexcept;

  void params(std::span<const Text> params) noexcept;
  void params(std::initializer_list<Text> params) noexcept;
  void tags(std::span<const Text> tags) noexcept;
  void tags(std::initializer_list<Text> tags) noexcept;
  // This writer is done. More may be logged all the same.
  void end(EndStatus status = EndStatus::kFinished) noexcept;

  // True once everything logged before is in the spool, durably, and, unless offline, decided by
  // the server. False when the deadline comes first, or when that cannot happen.
  bool flush(std::chrono::nanoseconds deadline) noexcept;

  Account account() const;
  std::vector<RejectedFrame> rejected() const;

 private:
  const std::unique_ptr<ClientLives> lives_;
};

}  // namespace stepwell::client
