#pragma once

// An Executor on one thread of its own, with an event loop that also drives the sockets of tcp.hpp.
//
//     AsioExecutor executor;  executor.start("net-0");  ...  executor.stop();  executor.join();
//
// post, post_after and cancel are for any thread; start, finish, stop and join for the owner's.
// Jobs that are still queued at the end, and tasks that still wait, are destroyed.

#include <memory>
#include <string>

#include "engine/base/executor.hpp"

namespace boost::asio {
class io_context;
}

namespace stepwell::net {

class AsioExecutor final : public Executor {
 public:
  AsioExecutor();
  // stop() and join().
  ~AsioExecutor() override;
  AsioExecutor(const AsioExecutor&) = delete;
  AsioExecutor& operator=(const AsioExecutor&) = delete;

  enum class Priority { kNormal, kBackground };  // Background work leaves the processor to others.
  // Once. The thread blocks every signal: those belong to the program's own threads.
  void start(const std::string& thread_name, Priority priority = Priority::kNormal);
  // The thread ends by itself once no job, timer or socket operation is left.
  void finish();
  // The thread ends after the job that it is running.
  void stop();
  void join();
  // As join(); false if the thread has not ended by then.
  bool join_for(Instant longest);

  void post(Job job) override;
  TimerId post_after(Instant delay, Job job) override;
  bool cancel(TimerId timer) override;
  Instant now() const override;

  // True on this executor's own thread.
  bool runs_here() const;

  // For the sources of this folder.
  boost::asio::io_context& context();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace stepwell::net
