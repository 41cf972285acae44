#include "engine/wal/segment_pool.hpp"

#include <algorithm>
#include <atomic>
#include <deque>
#include <mutex>
#include <optional>

#include "engine/wal/arena.hpp"

namespace stepwell::wal {
namespace {

constexpr std::uint64_t kStepBytes = 4 << 20;  // Zeroed and synced between two looks around.
constexpr std::uint64_t kWriteBytes = 1 << 20;
constexpr std::string_view kFillSuffix = ".filling";

}  // namespace

// Everything the background does. Its methods run on the background executor, and at open on the
// opening thread before anything was posted; the mutex keeps the destructor away from a running
// step.
class SegmentPool::Worker : public std::enable_shared_from_this<Worker> {
 public:
  explicit Worker(Settings settings) : settings_(std::move(settings)), aim_(settings_.ready_min) {}

  Result<void> adopt(const std::vector<std::string>& names);
  Result<void> discard(const std::vector<std::string>& paths);
  Result<PreparedSegment> prepare_now(std::uint64_t first_position);
  template <typename Step>
  void in_background(Step step) {
    settings_.background.post([self = shared_from_this(), step = std::move(step)]() mutable {
      const std::lock_guard lock(self->mutex_);
      if (!self->stopped_) step(*self);
    });
  }
  void enqueue(std::uint64_t first_position, OnPrepared done);
  void recycle(const std::string& path, const OnRecycled& done);
  void look_around();
  void stop() {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }

  std::function<void(const Error&)> on_error;
  std::atomic<std::size_t> ready_count{0};

 private:
  struct Wanted {
    std::uint64_t first_position;
    OnPrepared done;
  };
  struct Filling {
    std::unique_ptr<io::File> file;
    std::uint64_t number;
    std::uint64_t filled = 0;
  };

  std::string path_of(const std::string& name) const { return settings_.directory + "/" + name; }
  Result<PreparedSegment> prepare_from_pool(std::uint64_t first_position);
  Result<void> begin_filling(std::uint64_t reserve);
  Result<bool> fill_step();
  void abandon_filling();
  void filling_failed(Error error);
  template <typename Callback, typename Answer>
  void answer(Callback done, Answer result) {
    settings_.sequencer.post([done = std::move(done), result = std::move(result)]() mutable {
      done(std::move(result));
    });
  }

  const Settings settings_;
  std::mutex mutex_;
  bool stopped_ = false;
  bool step_posted_ = false;
  std::size_t aim_;
  std::uint64_t next_number_ = 0;
  std::vector<std::string> ready_;  // Names; the last one is taken first.
  std::deque<Wanted> wanted_;
  std::optional<Filling> filling_;
  std::vector<std::byte> zeros_;
};

Result<void> SegmentPool::Worker::adopt(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const auto number = parse_pool_name(name);
    if (!number) {
      if (name.ends_with(kFillSuffix)) {
        TRY(settings_.files.remove(path_of(name)));
      }
      continue;
    }
    next_number_ = std::max(next_number_, *number + 1);
    TRY(const auto file, settings_.files.open(path_of(name), io::OpenMode::kRead));
    TRY(const std::uint64_t bytes, file->size());
    if (bytes == settings_.segment_bytes && ready_.size() < settings_.ready_max) {
      ready_.push_back(name);
    } else {
      TRY(settings_.files.remove(path_of(name)));
    }
  }
  ready_count = ready_.size();
  return ok();
}

Result<void> SegmentPool::Worker::discard(const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    std::uint64_t bytes = 0;
    {
      TRY(const auto file, settings_.files.open(path, io::OpenMode::kRead));
      TRY(bytes, file->size());
    }
    if (bytes == settings_.segment_bytes) {
      const std::string name = pool_name(next_number_++);
      TRY(settings_.files.rename(path, path_of(name)));
      ready_.push_back(name);
    } else {
      TRY(settings_.files.remove(path));
    }
  }
  if (!paths.empty()) {
    TRY(settings_.files.sync_directory(settings_.directory));
  }
  ready_count = ready_.size();
  return ok();
}

Result<PreparedSegment> SegmentPool::Worker::prepare_from_pool(std::uint64_t first_position) {
  PreparedSegment prepared;
  prepared.path = path_of(segment_name(first_position));
  prepared.header.state = SegmentHeader::kPrepared;
  prepared.header.incarnation = settings_.random.next_u64();
  prepared.header.log_id = settings_.log_id;
  prepared.header.segment_bytes = settings_.segment_bytes;
  prepared.header.first_position = first_position;
  std::vector<std::byte> block(kBlock);
  encode_segment_header(prepared.header, block);
  const std::string name = ready_.back();
  {
    TRY(const auto file, settings_.files.open(path_of(name), io::OpenMode::kReadWrite));
    TRY(file->write_at(block, 0));
    TRY(file->sync());
  }
  ready_.pop_back();
  ready_count = ready_.size();
  TRY(settings_.files.rename(path_of(name), prepared.path));
  TRY(settings_.files.sync_directory(settings_.directory));
  return prepared;
}

Result<PreparedSegment> SegmentPool::Worker::prepare_now(std::uint64_t first_position) {
  if (ready_.empty()) {
    TRY(begin_filling(settings_.segment_bytes));
  }
  while (ready_.empty()) {
    const auto more = fill_step();
    if (more.has_error()) {
      abandon_filling();
      return more.error();
    }
  }
  return prepare_from_pool(first_position);
}

Result<void> SegmentPool::Worker::begin_filling(std::uint64_t reserve) {
  TRY(const std::uint64_t free, settings_.files.free_bytes(settings_.directory));
  if (free < settings_.segment_bytes + reserve) {
    return fail(ErrorKind::kOverloaded,
                "{}: {} bytes free, a new log segment needs {} and {} spare", settings_.directory,
                free, settings_.segment_bytes, reserve);
  }
  const std::uint64_t number = next_number_++;
  TRY(auto file, settings_.files.open(path_of(pool_name(number)) + std::string(kFillSuffix),
                                      io::OpenMode::kCreate));
  filling_.emplace(Filling{std::move(file), number});
  return ok();
}

// Real zeros, not only allocated blocks: a write into an unwritten extent costs a journal commit.
// True if there is more to do.
Result<bool> SegmentPool::Worker::fill_step() {
  zeros_.resize(kWriteBytes);
  const std::uint64_t until = std::min(filling_->filled + kStepBytes, settings_.segment_bytes);
  while (filling_->filled < until) {
    const std::uint64_t n = std::min(kWriteBytes, until - filling_->filled);
    TRY(filling_->file->write_at(Bytes(zeros_).first(n), filling_->filled));
    filling_->filled += n;
  }
  TRY(filling_->file->sync());
  if (filling_->filled < settings_.segment_bytes) return true;
  const std::string name = pool_name(filling_->number);
  const std::string from = filling_->file->path();
  filling_.reset();
  zeros_ = {};
  TRY(settings_.files.rename(from, path_of(name)));
  TRY(settings_.files.sync_directory(settings_.directory));
  ready_.push_back(name);
  ready_count = ready_.size();
  return false;
}

void SegmentPool::Worker::abandon_filling() {
  if (!filling_) return;
  const std::string path = filling_->file->path();
  filling_.reset();
  zeros_ = {};
  // It was never a segment, and what it holds of a full disk is needed.
  static_cast<void>(settings_.files.remove(path));
}

void SegmentPool::Worker::enqueue(std::uint64_t first_position, OnPrepared done) {
  wanted_.push_back({first_position, std::move(done)});
  if (ready_.empty()) aim_ = std::min(aim_ * 2, settings_.ready_max);
  look_around();
}

void SegmentPool::Worker::recycle(const std::string& path, const OnRecycled& done) {
  auto recycled = discard({path});
  // Going on after a failure could recycle a younger segment and leave a gap in the log.
  stopped_ = recycled.has_error();
  answer(done, std::move(recycled));
  if (!stopped_) look_around();
}

void SegmentPool::Worker::filling_failed(Error error) {
  abandon_filling();
  stopped_ = error.kind != ErrorKind::kOverloaded;
  for (Wanted& wanted : wanted_) answer(std::move(wanted.done), Result<PreparedSegment>(error));
  wanted_.clear();
  if (error.kind != ErrorKind::kOverloaded && on_error) answer(on_error, error);
}

// Serves who waits, then fills one step further if there is need, and comes again.
void SegmentPool::Worker::look_around() {
  while (!wanted_.empty() && !ready_.empty()) {
    Wanted wanted = std::move(wanted_.front());
    wanted_.pop_front();
    auto prepared = prepare_from_pool(wanted.first_position);
    stopped_ = prepared.has_error() && prepared.error().kind != ErrorKind::kOverloaded;
    answer(std::move(wanted.done), std::move(prepared));
    if (stopped_) return;
  }
  if (!filling_ && wanted_.empty() && ready_.size() >= aim_) return;
  if (step_posted_) return;
  if (!filling_) {
    // Ahead of need only where there is plenty.
    const auto begun = begin_filling(settings_.segment_bytes * (wanted_.empty() ? 4 : 1));
    if (begun.has_error()) return filling_failed(begun.error());
  }
  step_posted_ = true;
  in_background([](Worker& self) {
    self.step_posted_ = false;
    if (self.filling_) {
      const auto more = self.fill_step();
      if (more.has_error()) return self.filling_failed(more.error());
    }
    self.look_around();
  });
}

SegmentPool::SegmentPool(Settings settings)
    : worker_(std::make_shared<Worker>(std::move(settings))) {}

SegmentPool::~SegmentPool() {
  worker_->stop();
}

Result<void> SegmentPool::adopt(const std::vector<std::string>& names,
                                const std::vector<std::string>& discarded) {
  TRY(worker_->adopt(names));
  return worker_->discard(discarded);
}

Result<PreparedSegment> SegmentPool::prepare_now(std::uint64_t first_position) {
  return worker_->prepare_now(first_position);
}

void SegmentPool::prepare(std::uint64_t first_position, OnPrepared done) {
  worker_->in_background([first_position, done = std::move(done)](Worker& worker) mutable {
    worker.enqueue(first_position, std::move(done));
  });
}

void SegmentPool::recycle(std::string path, OnRecycled done) {
  worker_->in_background([path = std::move(path), done = std::move(done)](Worker& worker) {
    worker.recycle(path, done);
  });
}

void SegmentPool::keep_filled(std::function<void(const Error&)> on_error) {
  worker_->in_background([on_error = std::move(on_error)](Worker& worker) mutable {
    worker.on_error = std::move(on_error);
    worker.look_around();
  });
}

std::size_t SegmentPool::ready() const {
  return worker_->ready_count;
}

}  // namespace stepwell::wal
