#include "engine/io/net/asio_executor.hpp"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <future>
#include <map>
#include <optional>
#include <thread>
#include <unordered_map>

#include "engine/base/guarded.hpp"

namespace asio = boost::asio;

namespace stepwell::net {
namespace {

constexpr int kBackgroundNice = 10;

Instant steady_now() {
  return std::chrono::duration_cast<Instant>(std::chrono::steady_clock::now().time_since_epoch());
}

std::chrono::steady_clock::time_point as_time_point(Instant instant) {
  return std::chrono::steady_clock::time_point(
      std::chrono::duration_cast<std::chrono::steady_clock::duration>(instant));
}

struct Timers {
  TimerId next = 1;
  std::map<std::pair<Instant, TimerId>, Job> waiting;
  std::unordered_map<TimerId, Instant> due;
};

}  // namespace

// All timers share one Asio timer, set to the earliest of them: a post_after or cancel is a map
// operation, and only a new earliest one costs a system call.
struct AsioExecutor::State {
  asio::io_context context{1};
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> work{
      context.get_executor()};
  asio::steady_timer timer{context};  // Loop thread only.
  Instant armed = Instant::max();     // Loop thread only: what `timer` is set to.
  Guarded<Timers> timers;
  std::atomic<bool> finishing = false;  // A cancelled timer must not keep the loop alive now.
  std::thread thread;
  std::promise<void> ended;
  std::shared_future<void> end = ended.get_future().share();

  // Loop thread.
  void arm() {
    Instant earliest = Instant::max();
    {
      auto locked = timers.lock();
      if (!locked->waiting.empty()) earliest = locked->waiting.begin()->first.first;
    }
    if (earliest == armed) return;
    armed = earliest;
    if (earliest == Instant::max()) {
      timer.cancel();
      return;
    }
    timer.expires_at(as_time_point(earliest));  // Aborts the wait before.
    timer.async_wait([this](const boost::system::error_code& error) {
      if (error) return;
      armed = Instant::max();
      run_due();
      arm();
    });
  }

  // One at a time, since a job may cancel the next.
  void run_due() {
    const Instant now = steady_now();
    for (;;) {
      Job job;
      {
        auto locked = timers.lock();
        if (locked->waiting.empty() || locked->waiting.begin()->first.first > now) return;
        auto node = locked->waiting.extract(locked->waiting.begin());
        locked->due.erase(node.key().second);
        job = std::move(node.mapped());
      }
      job();
    }
  }
};

AsioExecutor::AsioExecutor() : state_(std::make_unique<State>()) {}

AsioExecutor::~AsioExecutor() {
  stop();
  join();
  spawned().destroy_all();
}

void AsioExecutor::start(const std::string& thread_name, Priority priority) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  state_->thread = std::thread([state = state_.get(), priority] {
    // Of this thread alone, on Linux; without it all works as well.
    if (priority == Priority::kBackground) setpriority(PRIO_PROCESS, 0, kBackgroundNice);
    state->context.run();
    state->ended.set_value();
  });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_setname_np(state_->thread.native_handle(), thread_name.substr(0, 15).c_str());
}

void AsioExecutor::finish() {
  state_->finishing = true;
  asio::post(state_->context, [state = state_.get()] {
    state->arm();
    state->work.reset();
  });
}

void AsioExecutor::stop() {
  state_->context.stop();
}

void AsioExecutor::join() {
  if (state_->thread.joinable()) state_->thread.join();
}

bool AsioExecutor::join_for(Instant longest) {
  if (!state_->thread.joinable()) return true;
  if (state_->end.wait_for(longest) != std::future_status::ready) return false;
  state_->thread.join();
  return true;
}

void AsioExecutor::post(Job job) {
  asio::post(state_->context, [job = std::move(job)]() mutable { job(); });
}

TimerId AsioExecutor::post_after(Instant delay, Job job) {
  const Instant at = steady_now() + delay;
  TimerId id;
  bool earliest;
  {
    auto locked = state_->timers.lock();
    id = locked->next++;
    locked->due.emplace(id, at);
    const auto it = locked->waiting.emplace(std::pair{at, id}, std::move(job)).first;
    earliest = it == locked->waiting.begin();
  }
  if (earliest) asio::post(state_->context, [state = state_.get()] { state->arm(); });
  return id;
}

bool AsioExecutor::cancel(TimerId timer) {
  Job dropped;  // Destroyed outside the lock: its destructor may come back here.
  auto locked = state_->timers.lock();
  const auto due = locked->due.find(timer);
  if (due == locked->due.end()) return false;
  const auto it = locked->waiting.find(std::pair{due->second, timer});
  dropped = std::move(it->second);
  locked->waiting.erase(it);
  locked->due.erase(due);
  if (state_->finishing) asio::post(state_->context, [state = state_.get()] { state->arm(); });
  return true;
}

Instant AsioExecutor::now() const {
  return steady_now();
}

bool AsioExecutor::runs_here() const {
  return state_->thread.get_id() == std::this_thread::get_id();
}

asio::io_context& AsioExecutor::context() {
  return state_->context;
}

}  // namespace stepwell::net
