#include "engine/io/net/memory_pipe.hpp"

#include <algorithm>
#include <coroutine>
#include <deque>
#include <mutex>
#include <optional>
#include <string>

namespace stepwell::net {
namespace {

// Where a coroutine sleeps until it is woken on its executor.
struct Sleeper {
  Executor* executor = nullptr;
  std::coroutine_handle<> waiting;

  void wake() {
    if (!waiting) return;
    executor->post([handle = std::exchange(waiting, {})] { handle.resume(); });
  }
};

struct Segment {
  Instant ready;
  std::string bytes;
};

struct Direction {
  Sleeper reader;
  Sleeper writer;
  std::deque<Segment> segments;
  std::size_t held = 0;  // Bytes in segments.
  bool ended = false;    // The writing side has closed: what is held may still be read.
  bool deaf = false;     // The reading side has closed.
  TimerId timer = 0;     // Wakes the reader when the first segment is ready.
};

struct Pipe final : PipeControl {
  explicit Pipe(PipeOptions o) : options(std::move(o)) {}

  void cut() override {
    const std::lock_guard guard(mutex);
    cut_locked();
  }
  void cut_after(std::size_t bytes) override {
    const std::lock_guard guard(mutex);
    until_cut = bytes;
    if (bytes == 0) cut_locked();
  }
  void stall(bool stall_now) override {
    const std::lock_guard guard(mutex);
    stalled = stall_now;
    for (Direction& direction : directions) direction.reader.wake();
  }

  void cut_locked() {
    is_cut = true;
    for (Direction& direction : directions) {
      direction.segments.clear();
      direction.held = 0;
      direction.reader.wake();
      direction.writer.wake();
    }
  }
  // One end is closed: it neither writes nor reads any more.
  void close_locked(std::size_t out) {
    Direction& mine = directions[out];
    Direction& theirs = directions[1 - out];
    mine.ended = true;
    theirs.deaf = true;
    for (Sleeper* sleeper : {&mine.reader, &mine.writer, &theirs.reader, &theirs.writer}) {
      sleeper->wake();
    }
  }

  // Nothing: wait. Else bytes read, 0 = end.
  std::optional<Result<std::size_t>> try_read(std::size_t in, MutableBytes into);
  std::optional<Result<void>> try_write(std::size_t out, Bytes& from);

  PipeOptions options;
  std::mutex mutex;
  Direction directions[2];  // Direction i is written by end i and read by end 1 - i.
  bool is_cut = false;
  bool stalled = false;
  std::optional<std::size_t> until_cut;
};

Error closed() {
  return fail(ErrorKind::kIo, "closed");
}

std::optional<Result<std::size_t>> Pipe::try_read(std::size_t in, MutableBytes into) {
  Direction& direction = directions[in];
  if (direction.deaf) return closed();
  if (is_cut) return fail(ErrorKind::kIo, "connection reset");
  if (direction.segments.empty()) {
    if (direction.ended) return std::size_t{0};
    return std::nullopt;
  }
  if (stalled) return std::nullopt;
  Segment& segment = direction.segments.front();
  if (segment.ready > direction.reader.executor->now()) return std::nullopt;
  std::size_t count = std::min(into.size(), segment.bytes.size());
  if (options.chunk) count = std::clamp<std::size_t>(options.chunk(count), 1, count);
  if (until_cut) count = std::min(count, *until_cut);
  std::memcpy(into.data(), segment.bytes.data(), count);
  segment.bytes.erase(0, count);
  if (segment.bytes.empty()) direction.segments.pop_front();
  direction.held -= count;
  direction.writer.wake();
  if (until_cut) {
    *until_cut -= count;
    if (*until_cut == 0) cut_locked();
  }
  return count;
}

// Takes what fits off the front of `from`; done when nothing is left.
std::optional<Result<void>> Pipe::try_write(std::size_t out, Bytes& from) {
  Direction& direction = directions[out];
  if (direction.ended) return closed();
  if (is_cut || direction.deaf) return fail(ErrorKind::kIo, "connection reset");
  const std::size_t count = std::min(from.size(), options.capacity - direction.held);
  if (count > 0) {
    const Instant now = direction.writer.executor->now();
    direction.segments.push_back({now + options.latency, std::string(as_text(from.first(count)))});
    direction.held += count;
    from = from.subspan(count);
    direction.reader.wake();
  }
  if (from.empty()) return Result<void>(ok());
  return std::nullopt;
}

// Suspends into `sleeper` and gives up the lock; whoever wakes it posts it.
struct SleepIn {
  Sleeper& sleeper;
  std::unique_lock<std::mutex>& guard;
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) {
    sleeper.waiting = handle;
    // The coroutine, and `guard` in it, may run elsewhere as soon as the lock is free.
    std::unique_lock<std::mutex> mine = std::move(guard);
  }
  void await_resume() const noexcept {}
};

void arm_timer(const std::shared_ptr<Pipe>& pipe, Direction& direction) {
  if (direction.segments.empty() || pipe->stalled || direction.timer != 0) return;
  Executor& executor = *direction.reader.executor;
  const Instant delay = direction.segments.front().ready - executor.now();
  direction.timer = executor.post_after(delay, [pipe, &direction] {
    const std::lock_guard guard(pipe->mutex);
    direction.timer = 0;
    direction.reader.wake();
  });
}

Task<Result<std::size_t>> read_from(std::shared_ptr<Pipe> pipe, std::size_t in, MutableBytes into) {
  Direction& direction = pipe->directions[in];
  for (;;) {
    std::unique_lock guard(pipe->mutex);
    if (auto done = pipe->try_read(in, into)) co_return std::move(*done);
    arm_timer(pipe, direction);
    co_await SleepIn{direction.reader, guard};
  }
}

Task<Result<void>> write_to(std::shared_ptr<Pipe> pipe, std::size_t out, Bytes from) {
  Direction& direction = pipe->directions[out];
  for (;;) {
    std::unique_lock guard(pipe->mutex);
    if (auto done = pipe->try_write(out, from)) co_return std::move(*done);
    co_await SleepIn{direction.writer, guard};
  }
}

class PipeEnd final : public Stream {
 public:
  PipeEnd(std::shared_ptr<Pipe> pipe, std::size_t out) : pipe_(std::move(pipe)), out_(out) {}
  ~PipeEnd() override { PipeEnd::close(); }

  Task<Result<std::size_t>> read_some(MutableBytes into) override {
    return read_from(pipe_, 1 - out_, into);
  }
  Task<Result<void>> write_all(Bytes from) override { return write_to(pipe_, out_, from); }
  void close() override {
    const std::lock_guard guard(pipe_->mutex);
    pipe_->close_locked(out_);
  }
  std::string peer() const override { return out_ == 0 ? "memory:second" : "memory:first"; }

 private:
  std::shared_ptr<Pipe> pipe_;
  std::size_t out_;
};

}  // namespace

MemoryPipe memory_pipe(Executor& first, Executor& second, PipeOptions options) {
  auto pipe = std::make_shared<Pipe>(std::move(options));
  Executor* executors[2] = {&first, &second};
  for (std::size_t end = 0; end < 2; ++end) {
    pipe->directions[end].writer.executor = executors[end];
    pipe->directions[end].reader.executor = executors[1 - end];
  }
  return {std::make_unique<PipeEnd>(pipe, 0), std::make_unique<PipeEnd>(pipe, 1), pipe};
}

}  // namespace stepwell::net
