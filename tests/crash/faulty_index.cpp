#include "tests/crash/faulty_index.hpp"

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdlib>
#include <map>
#include <mutex>
#include <vector>

#include "engine/base/assert.hpp"

namespace stepwell::crash {
namespace {

struct Registered {
  io::World* world = nullptr;
  std::string world_path;
};

struct Descriptor {
  io::World* world = nullptr;
  io::World::InodePtr inode;
  bool durable_writes = false;
};

std::mutex& mutex() {
  static std::mutex one;
  return one;
}

// By real path; and by number, the descriptors that are open on one. Never destroyed: files are
// closed until the very end of the process.
std::map<std::string, Registered>& registered() {
  static auto* all = new std::map<std::string, Registered>;
  return *all;
}

std::map<int, Descriptor>& descriptors() {
  static auto* all = new std::map<int, Descriptor>;
  return *all;
}

Descriptor* find(int descriptor) {
  const auto found = descriptors().find(descriptor);
  return found == descriptors().end() ? nullptr : &found->second;
}

long raw_pwrite(int descriptor, const void* from, std::size_t bytes, long offset) {
  return syscall(SYS_pwrite64, descriptor, from, bytes, offset);
}

int fail_with(const Error& error) {
  errno = error.kind == ErrorKind::kOverloaded ? ENOSPC : EIO;
  return -1;
}

Result<void> world_write(const Descriptor& file, std::uint64_t offset, Bytes bytes) {
  if (!file.durable_writes) return file.world->write(file.inode, offset, bytes);
  TRY(const auto ticket, file.world->begin_durable_write(file.inode, offset, bytes));
  return file.world->end_durable_write(ticket);
}

// Nothing: the descriptor is not the World's.
std::optional<ssize_t> write_twice(int descriptor, Bytes bytes, std::optional<long> offset) {
  const std::lock_guard guard(mutex());
  const Descriptor* file = find(descriptor);
  if (!file) return std::nullopt;
  const long at = offset ? *offset : syscall(SYS_lseek, descriptor, 0L, SEEK_CUR);
  const auto done = world_write(*file, static_cast<std::uint64_t>(at), bytes);
  if (!done) {
    // A write that failed may have left a part; what the World holds now is what can be read.
    std::vector<std::byte> now(bytes.size());
    const auto left = file->world->read(file->inode, static_cast<std::uint64_t>(at), now);
    if (left) raw_pwrite(descriptor, now.data(), left.value(), at);
    return fail_with(done.error());
  }
  const long written = raw_pwrite(descriptor, bytes.data(), bytes.size(), at);
  STEPWELL_ASSERT(written == static_cast<long>(bytes.size()));
  if (!offset) syscall(SYS_lseek, descriptor, at + written, SEEK_SET);
  return written;
}

std::optional<ssize_t> write_twice(int descriptor, const iovec* parts, int count,
                                   std::optional<long> offset) {
  {
    const std::lock_guard guard(mutex());
    if (!find(descriptor)) return std::nullopt;
  }
  std::vector<std::byte> bytes;
  for (int i = 0; i < count; ++i) {
    const auto* from = static_cast<const std::byte*>(parts[i].iov_base);
    bytes.insert(bytes.end(), from, from + parts[i].iov_len);
  }
  return write_twice(descriptor, bytes, offset);
}

std::optional<int> sync_twice(int descriptor) {
  const std::lock_guard guard(mutex());
  const Descriptor* file = find(descriptor);
  if (!file) return std::nullopt;
  const auto done = file->world->sync(file->inode);
  return done ? 0 : fail_with(done.error());
}

std::optional<int> truncate_twice(int descriptor, long size) {
  const std::lock_guard guard(mutex());
  const Descriptor* file = find(descriptor);
  if (!file) return std::nullopt;
  const auto done = file->world->truncate(file->inode, static_cast<std::uint64_t>(size));
  if (!done) return fail_with(done.error());
  return static_cast<int>(syscall(SYS_ftruncate, descriptor, size));
}

std::optional<int> open_twice(const char* path, int flags, unsigned mode) {
  const std::lock_guard guard(mutex());
  const auto found = registered().find(path);
  if (found == registered().end()) return std::nullopt;
  const auto& [world, world_path] = found->second;
  if ((flags & O_CREAT) != 0 && !world->exists(world_path)) {
    const auto created = world->record_create(world_path);
    if (!created) return fail_with(created.error());
  }
  const auto inode = world->find(world_path);
  if (!inode) {
    errno = ENOENT;
    return -1;
  }
  // The World decides what is durable; the real file need not be synced.
  const auto descriptor =
      static_cast<int>(syscall(SYS_openat, AT_FDCWD, path, flags & ~(O_DSYNC | O_SYNC), mode));
  if (descriptor >= 0) descriptors()[descriptor] = {world, inode.value(), (flags & O_DSYNC) != 0};
  return descriptor;
}

std::optional<int> rename_twice(const char* from, const char* to) {
  const std::lock_guard guard(mutex());
  const auto found = registered().find(from);
  if (found == registered().end()) return std::nullopt;
  const auto& [world, world_path] = found->second;
  const std::string suffix = std::string(to).substr(found->first.size());
  const auto done = world->record_rename(world_path, world_path + suffix);
  if (!done) return fail_with(done.error());
  return static_cast<int>(syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
}

void forget(int descriptor) {
  const std::lock_guard guard(mutex());
  descriptors().erase(descriptor);
}

}  // namespace

FaultyIndex::FaultyIndex(io::World& world, std::string world_path, std::string real_path)
    : real_path_(real_path) {
  static_cast<void>(syscall(SYS_unlink, real_path.c_str()));
  if (const auto contents = world.contents(world_path)) {
    const long file = syscall(SYS_openat, AT_FDCWD, real_path.c_str(), O_CREAT | O_WRONLY, 0600);
    STEPWELL_ASSERT(file >= 0);
    const std::vector<std::byte>& bytes = contents.value();
    const long written = raw_pwrite(static_cast<int>(file), bytes.data(), bytes.size(), 0);
    STEPWELL_ASSERT(written == static_cast<long>(bytes.size()));
    syscall(SYS_close, file);
  }
  const std::lock_guard guard(mutex());
  const bool added = registered().try_emplace(real_path, &world, std::move(world_path)).second;
  STEPWELL_ASSERT(added);
}

FaultyIndex::~FaultyIndex() {
  const std::lock_guard guard(mutex());
  registered().erase(real_path_);
}

}  // namespace stepwell::crash

// The system calls as LMDB sees them. Defined in the program, they come before the C library's.
extern "C" {

using stepwell::crash::forget;
using stepwell::crash::open_twice;
using stepwell::crash::rename_twice;
using stepwell::crash::sync_twice;
using stepwell::crash::truncate_twice;
using stepwell::crash::write_twice;

int open(const char* path, int flags, ...) {
  unsigned mode = 0;
  if ((flags & (O_CREAT | O_TMPFILE)) != 0) {
    va_list arguments;
    va_start(arguments, flags);
    mode = va_arg(arguments, unsigned);
    va_end(arguments);
  }
  if (const auto done = open_twice(path, flags, mode)) return *done;
  return static_cast<int>(syscall(SYS_openat, AT_FDCWD, path, flags, mode));
}

int rename(const char* from, const char* to) noexcept {
  if (const auto done = rename_twice(from, to)) return *done;
  return static_cast<int>(syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
}

int close(int descriptor) {
  forget(descriptor);
  return static_cast<int>(syscall(SYS_close, descriptor));
}

ssize_t pwrite(int descriptor, const void* from, size_t bytes, off_t offset) {
  const stepwell::Bytes all(static_cast<const std::byte*>(from), bytes);
  if (const auto done = write_twice(descriptor, all, offset)) return *done;
  return syscall(SYS_pwrite64, descriptor, from, bytes, offset);
}

ssize_t write(int descriptor, const void* from, size_t bytes) {
  const stepwell::Bytes all(static_cast<const std::byte*>(from), bytes);
  if (const auto done = write_twice(descriptor, all, std::nullopt)) return *done;
  return syscall(SYS_write, descriptor, from, bytes);
}

ssize_t writev(int descriptor, const iovec* parts, int count) {
  if (const auto done = write_twice(descriptor, parts, count, std::nullopt)) return *done;
  return syscall(SYS_writev, descriptor, parts, count);
}

ssize_t pwritev(int descriptor, const iovec* parts, int count, off_t offset) {
  if (const auto done = write_twice(descriptor, parts, count, offset)) return *done;
  return syscall(SYS_pwritev, descriptor, parts, count, offset, 0L);
}

int ftruncate(int descriptor, off_t size) noexcept {
  if (const auto done = truncate_twice(descriptor, size)) return *done;
  return static_cast<int>(syscall(SYS_ftruncate, descriptor, size));
}

int fdatasync(int descriptor) {
  if (const auto done = sync_twice(descriptor)) return *done;
  return static_cast<int>(syscall(SYS_fdatasync, descriptor));
}

int fsync(int descriptor) {
  if (const auto done = sync_twice(descriptor)) return *done;
  return static_cast<int>(syscall(SYS_fsync, descriptor));
}

}  // extern "C"
