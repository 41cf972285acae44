#include "engine/io/uring_queue.hpp"

#include <fcntl.h>
#include <liburing.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <vector>

#include "engine/base/assert.hpp"
#include "engine/io/posix_error.hpp"

namespace stepwell::io {
namespace {

class UringFile final : public DurableFile {
 public:
  UringFile(Descriptor opened, std::string name)
      : descriptor(std::move(opened)), path(std::move(name)) {}
  const Descriptor descriptor;
  const std::string path;
};

}  // namespace

struct UringQueue::Request {
  int descriptor;
  std::string path;
  Bytes from;
  std::uint64_t offset;
  DurableCallback done;
};

void UringQueue::RingDeleter::operator()(io_uring* ring) const {
  io_uring_queue_exit(ring);
  delete ring;
}

Result<std::unique_ptr<UringQueue>> UringQueue::create(Executor& executor, unsigned depth) {
  auto plain = std::make_unique<io_uring>();
  const int refused = io_uring_queue_init(depth + 1, plain.get(), 0);  // One more: the stop signal.
  if (refused < 0) return error_of(-refused, "io_uring_queue_init", "");
  return std::unique_ptr<UringQueue>(new UringQueue(executor, depth, Ring(plain.release())));
}

UringQueue::UringQueue(Executor& executor, unsigned depth, Ring ring)
    : executor_(executor), depth_(depth), ring_(std::move(ring)) {}

bool UringQueue::probe(int descriptor) {
  STEPWELL_ASSERT(!thread_.joinable());
  void* block = std::aligned_alloc(kBlockBytes, kBlockBytes);
  std::memset(block, 0, kBlockBytes);
  io_uring_sqe* const entry = io_uring_get_sqe(ring_.get());
  io_uring_prep_write(entry, descriptor, block, kBlockBytes, 0);
  entry->rw_flags = RWF_DSYNC;
  io_uring_cqe* answer = nullptr;
  bool works = io_uring_submit(ring_.get()) == 1 && io_uring_wait_cqe(ring_.get(), &answer) == 0;
  if (works) {
    works = answer->res == static_cast<int>(kBlockBytes);
    io_uring_cqe_seen(ring_.get(), answer);
  }
  std::free(block);
  if (works) start_thread();
  return works;
}

void UringQueue::start_thread() {
  thread_ = std::thread([this] { run(); });
}

UringQueue::~UringQueue() {
  *alive_ = false;
  for (Request* request : waiting_) delete request;
  if (!thread_.joinable()) return;
  // The stop signal is drained: it completes after every write that is in flight.
  io_uring_sqe* const entry = io_uring_get_sqe(ring_.get());
  io_uring_prep_nop(entry);
  io_uring_sqe_set_flags(entry, IOSQE_IO_DRAIN);
  io_uring_sqe_set_data(entry, nullptr);
  while (io_uring_submit(ring_.get()) < 0) {
  }
  thread_.join();
}

Result<std::unique_ptr<DurableFile>> UringQueue::open(const std::string& path) {
  Descriptor opened(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_DIRECT));
  if (!opened.valid()) return error_of(errno, "open", path);
  return std::make_unique<UringFile>(std::move(opened), path);
}

void UringQueue::write(DurableFile& file, Bytes from, std::uint64_t offset, DurableCallback done) {
  if (!thread_.joinable()) start_thread();
  auto& target = static_cast<UringFile&>(file);
  waiting_.push_back(
      new Request{target.descriptor.number(), target.path, from, offset, std::move(done)});
  pump();
}

void UringQueue::pump() {
  while (in_flight_ < depth_ && !waiting_.empty()) {
    Request* const request = waiting_.front();
    waiting_.pop_front();
    submit(request);
  }
}

void UringQueue::submit(Request* request) {
  ++in_flight_;
  io_uring_sqe* const entry = io_uring_get_sqe(ring_.get());
  STEPWELL_ASSERT(entry != nullptr);
  // One request writes at most 1 GiB; the kernel caps a write slightly below 2 GiB anyway.
  const auto length = static_cast<unsigned>(std::min<std::size_t>(request->from.size(), 1u << 30));
  io_uring_prep_write(entry, request->descriptor, request->from.data(), length, request->offset);
  entry->rw_flags = RWF_DSYNC;
  io_uring_sqe_set_data(entry, request);
  int submitted = 0;
  do {
    submitted = io_uring_submit(ring_.get());
  } while (submitted == -EINTR || submitted == -EAGAIN || submitted == -EBUSY);
  STEPWELL_ASSERT(submitted >= 0);
}

void UringQueue::run() {
  bool stopping = false;
  while (!stopping) {
    io_uring_cqe* answer = nullptr;
    const int waited = io_uring_wait_cqe(ring_.get(), &answer);
    if (waited == -EINTR || waited == -EAGAIN) continue;
    STEPWELL_ASSERT(waited == 0);
    std::vector<std::pair<std::unique_ptr<Request>, int>> batch;
    do {
      auto* const request = static_cast<Request*>(io_uring_cqe_get_data(answer));
      if (request == nullptr)
        stopping = true;
      else
        batch.emplace_back(std::unique_ptr<Request>(request), answer->res);
      io_uring_cqe_seen(ring_.get(), answer);
    } while (io_uring_peek_cqe(ring_.get(), &answer) == 0);
    executor_.post([this, batch = std::move(batch), alive = alive_]() mutable {
      for (auto& [request, result] : batch) {
        if (*alive) completed(request.release(), result);
      }
    });
  }
}

void UringQueue::completed(Request* request, int result) {
  --in_flight_;
  const bool again = result == -EINTR || result == -EAGAIN;
  if (again || (result > 0 && static_cast<std::size_t>(result) < request->from.size())) {
    const std::size_t written = again ? 0 : static_cast<std::size_t>(result);
    request->from = request->from.subspan(written);
    request->offset += written;
    waiting_.push_front(request);
    pump();
    return;
  }
  const std::unique_ptr<Request> owned(request);
  const auto alive = alive_;
  if (result < 0) {
    owned->done(error_of(-result, "write", owned->path));
  } else if (result == 0) {
    owned->done(fail(ErrorKind::kIo, "write {}: nothing was written", owned->path));
  } else {
    owned->done(ok());
  }
  if (*alive) pump();
}

}  // namespace stepwell::io
