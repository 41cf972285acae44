#include "engine/io/sync_queue.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "engine/io/posix_error.hpp"

namespace stepwell::io {
namespace {

class SyncFile final : public DurableFile {
 public:
  SyncFile(Descriptor opened, std::string name)
      : descriptor(std::move(opened)), path(std::move(name)) {}
  const Descriptor descriptor;
  const std::string path;
};

Result<void> write_all(int descriptor, Bytes from, std::uint64_t offset, const std::string& path) {
  while (!from.empty()) {
    const ssize_t n = ::pwrite(descriptor, from.data(), from.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return error_of(errno, "write", path);
    from = from.subspan(static_cast<std::size_t>(n));
    offset += static_cast<std::uint64_t>(n);
  }
  return ok();
}

}  // namespace

SyncQueue::SyncQueue(Executor& executor, bool direct)
    : executor_(executor), direct_(direct), thread_([this] { run(); }) {}

SyncQueue::~SyncQueue() {
  alive_->value = false;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

Result<std::unique_ptr<DurableFile>> SyncQueue::open(const std::string& path) {
  Descriptor opened(::open(path.c_str(), O_RDWR | O_CLOEXEC | (direct_ ? O_DIRECT : 0)));
  if (!opened.valid()) return error_of(errno, "open", path);
  return std::make_unique<SyncFile>(std::move(opened), path);
}

void SyncQueue::write(DurableFile& file, Bytes from, std::uint64_t offset, DurableCallback done) {
  auto& target = static_cast<SyncFile&>(file);
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back({target.descriptor.number(), from, offset, std::move(done), target.path});
  }
  changed_.notify_one();
}

std::string SyncQueue::description() const {
  return direct_ ? "pwrite O_DIRECT + fdatasync" : "pwrite + fdatasync";
}

void SyncQueue::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    // What waits when the queue is destroyed was not begun and is dropped.
    if (stopping_) return;
    auto batch = std::make_shared<std::vector<Write>>(std::make_move_iterator(waiting_.begin()),
                                                      std::make_move_iterator(waiting_.end()));
    waiting_.clear();
    lock.unlock();
    perform(*batch);
    executor_.post([batch = std::move(batch), alive = alive_] {
      for (Write& write : *batch) {
        if (!alive->value) return;
        write.done(std::move(write.result));
      }
    });
    lock.lock();
  }
}

void SyncQueue::perform(std::vector<Write>& batch) {
  for (Write& write : batch) {
    write.result = write_all(write.descriptor, write.from, write.offset, write.path);
  }
  for (std::size_t i = 0; i < batch.size(); ++i) {
    // One sync for each file, whose result holds for all its writes.
    bool seen = false;
    for (std::size_t j = 0; j < i && !seen; ++j) seen = batch[j].descriptor == batch[i].descriptor;
    if (seen || ::fdatasync(batch[i].descriptor) == 0) continue;
    const Error error = error_of(errno, "fdatasync", batch[i].path);
    for (Write& write : batch) {
      if (write.descriptor == batch[i].descriptor && write.result.has_value()) write.result = error;
    }
  }
}

}  // namespace stepwell::io
