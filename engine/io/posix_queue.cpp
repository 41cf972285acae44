#include "engine/io/posix_queue.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "engine/base/assert.hpp"
#include "engine/io/posix_error.hpp"
#include "engine/io/sync_queue.hpp"
#include "engine/io/uring_queue.hpp"

namespace stepwell::io {
namespace {

// A file without a name in `directory`, gone when closed.
Descriptor nameless_file(const std::string& directory, int flags) {
  Descriptor file(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC | flags, 0600));
  if (file.valid()) return file;
  // No O_TMPFILE here (older overlays): a named one, unlinked at once.
  std::string path = directory + "/.probe-" + std::to_string(::getpid());
  file = Descriptor(::open(path.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | flags, 0600));
  ::unlink(path.c_str());
  return file;
}

bool direct_write_works(int descriptor) {
  void* block = std::aligned_alloc(kBlockBytes, kBlockBytes);
  std::memset(block, 0, kBlockBytes);
  const bool works = ::pwrite(descriptor, block, kBlockBytes, 0) == ssize_t{kBlockBytes};
  std::free(block);
  return works;
}

}  // namespace

Result<std::unique_ptr<DurableFile>> PosixQueue::open(const std::string& path) {
  if (!chosen_) {
    TRY(choose(std::string(parent_of(path))));
  }
  return chosen_->open(path);
}

Result<void> PosixQueue::choose(const std::string& directory) {
  bool direct = false;
  if (options_.direct) {
    const Descriptor probe = nameless_file(directory, O_DIRECT);
    direct = probe.valid() && direct_write_works(probe.number());
    if (direct && options_.io_uring) {
      auto uring = UringQueue::create(executor_, depth_);
      if (uring.has_value() && uring.value()->probe(probe.number())) {
        chosen_ = std::move(uring.value());
        return ok();
      }
    }
  }
  chosen_ = std::make_unique<SyncQueue>(executor_, direct);
  return ok();
}

void PosixQueue::write(DurableFile& file, Bytes from, std::uint64_t offset, DurableCallback done) {
  STEPWELL_ASSERT(chosen_ != nullptr);
  chosen_->write(file, from, offset, std::move(done));
}

std::string PosixQueue::description() const {
  return chosen_ ? chosen_->description() : "not chosen before the first file is open";
}

}  // namespace stepwell::io
