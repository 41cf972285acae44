#include "engine/io/posix.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "engine/io/posix_error.hpp"
#include "engine/io/posix_queue.hpp"

namespace stepwell::io {
namespace {

class PosixFile final : public File {
 public:
  PosixFile(Descriptor descriptor, std::string path)
      : descriptor_(std::move(descriptor)), path_(std::move(path)) {}

  Result<std::size_t> read_at(MutableBytes into, std::uint64_t offset) override {
    std::size_t done = 0;
    while (done < into.size()) {
      const ssize_t n = ::pread(descriptor_.number(), into.data() + done, into.size() - done,
                                static_cast<off_t>(offset + done));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return error_of(errno, "read", path_);
      if (n == 0) break;
      done += static_cast<std::size_t>(n);
      // A direct read that ends inside a block has met the end of the file; going on is refused.
      if (done % 512 != 0) break;
    }
    return done;
  }

  Result<void> write_at(Bytes from, std::uint64_t offset) override {
    while (!from.empty()) {
      const ssize_t n =
          ::pwrite(descriptor_.number(), from.data(), from.size(), static_cast<off_t>(offset));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return error_of(errno, "write", path_);
      from = from.subspan(static_cast<std::size_t>(n));
      offset += static_cast<std::uint64_t>(n);
    }
    return ok();
  }

  Result<void> sync() override {
    // No retry, not even on EINTR: after a failed sync the kernel may have dropped the data.
    if (::fdatasync(descriptor_.number()) != 0) return error_of(errno, "fdatasync", path_);
    return ok();
  }

  Result<std::uint64_t> size() override {
    struct stat status;
    if (::fstat(descriptor_.number(), &status) != 0) return error_of(errno, "stat", path_);
    return static_cast<std::uint64_t>(status.st_size);
  }

  Result<void> truncate(std::uint64_t size) override {
    if (::ftruncate(descriptor_.number(), static_cast<off_t>(size)) != 0) {
      return error_of(errno, "truncate", path_);
    }
    return ok();
  }

  const std::string& path() const override { return path_; }

 private:
  Descriptor descriptor_;
  std::string path_;
};

class PosixLock final : public DirectoryLock {
 public:
  explicit PosixLock(Descriptor descriptor) : descriptor_(std::move(descriptor)) {}
  ~PosixLock() override {
    // The pid is gone before the lock is, so that nobody reads a stale one under a new holder.
    static_cast<void>(!::ftruncate(descriptor_.number(), 0));
  }

 private:
  Descriptor descriptor_;
};

int flags_of(OpenMode mode, bool direct) {
  switch (mode) {
    case OpenMode::kRead:
      return O_RDONLY;
    case OpenMode::kReadWrite:
      return O_RDWR;
    case OpenMode::kCreate:
      return O_RDWR | O_CREAT | O_EXCL;
    case OpenMode::kReadDirect:
      return direct ? O_RDONLY | O_DIRECT : O_RDONLY;
  }
  return O_RDONLY;
}

}  // namespace

Result<std::unique_ptr<File>> PosixFileSystem::open(const std::string& path, OpenMode mode) {
  int number = ::open(path.c_str(), flags_of(mode, options_.direct) | O_CLOEXEC, 0600);
  if (number < 0 && errno == EINVAL && mode == OpenMode::kReadDirect) {
    number = ::open(path.c_str(), flags_of(mode, false) | O_CLOEXEC);
  }
  if (number < 0) return error_of(errno, "open", path);
  return std::make_unique<PosixFile>(Descriptor(number), path);
}

Result<bool> PosixFileSystem::exists(const std::string& path) {
  struct stat status;
  if (::lstat(path.c_str(), &status) == 0) return true;
  if (errno == ENOENT || errno == ENOTDIR) return false;
  return error_of(errno, "stat", path);
}

Result<std::vector<std::string>> PosixFileSystem::list(const std::string& directory) {
  DIR* const stream = ::opendir(directory.c_str());
  if (stream == nullptr) return error_of(errno, "open directory", directory);
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(stream)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  const int error_number = errno;
  ::closedir(stream);
  if (error_number != 0) return error_of(error_number, "read directory", directory);
  std::sort(names.begin(), names.end());
  return names;
}

Result<void> PosixFileSystem::make_directories(const std::string& directory) {
  if (::mkdir(directory.c_str(), 0700) == 0) {
    return sync_directory(std::string(parent_of(directory)));
  }
  const int error_number = errno;
  if (error_number == ENOENT && directory != parent_of(directory)) {
    TRY(make_directories(std::string(parent_of(directory))));
    if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) {
      return error_of(errno, "mkdir", directory);
    }
    return sync_directory(std::string(parent_of(directory)));
  }
  struct stat status;
  const bool there = ::stat(directory.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
  if (!there) return error_of(error_number, "mkdir", directory);
  // It may be there since a moment ago, by a process that was killed before it synced the entry.
  const auto synced = sync_directory(std::string(parent_of(directory)));
  if (synced.has_error() && synced.error().kind != ErrorKind::kDenied) return synced.error();
  return ok();
}

Result<void> PosixFileSystem::rename(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return error_of(errno, "rename", from);
  return ok();
}

Result<void> PosixFileSystem::remove(const std::string& path) {
  if (::unlink(path.c_str()) != 0) return error_of(errno, "unlink", path);
  return ok();
}

Result<void> PosixFileSystem::sync_directory(const std::string& directory) {
  const Descriptor opened(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened.valid()) return error_of(errno, "open directory", directory);
  if (::fsync(opened.number()) != 0) return error_of(errno, "fsync directory", directory);
  return ok();
}

Result<std::uint64_t> PosixFileSystem::free_bytes(const std::string& directory) {
  struct statvfs status;
  if (::statvfs(directory.c_str(), &status) != 0) return error_of(errno, "statvfs", directory);
  return static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize;
}

Result<std::unique_ptr<DirectoryLock>> PosixFileSystem::lock_directory(
    const std::string& directory) {
  const std::string path = directory + "/LOCK";
  Descriptor opened(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!opened.valid()) return error_of(errno, "open", path);
  if (::flock(opened.number(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return error_of(errno, "flock", path);
    char pid[24] = {};
    const ssize_t n = ::pread(opened.number(), pid, sizeof pid - 1, 0);
    return fail(ErrorKind::kDenied, "{} is in use by process {}", directory,
                n > 0 ? std::string_view(pid, static_cast<std::size_t>(n)) : "(unknown)");
  }
  const std::string pid = std::to_string(::getpid());
  if (::ftruncate(opened.number(), 0) != 0 ||
      ::pwrite(opened.number(), pid.data(), pid.size(), 0) < 0) {
    return error_of(errno, "write", path);
  }
  return std::make_unique<PosixLock>(std::move(opened));
}

Result<std::unique_ptr<DurableQueue>> PosixFileSystem::durable_queue(Executor& executor,
                                                                     unsigned depth) {
  return std::make_unique<PosixQueue>(executor, depth, options_);
}

}  // namespace stepwell::io
