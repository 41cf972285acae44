#include "engine/io/memory.hpp"

#include <cerrno>

#include "engine/io/memory_queue.hpp"
#include "engine/io/posix_error.hpp"

namespace stepwell::io {
namespace {

class MemoryFile final : public File {
 public:
  MemoryFile(World& world, World::InodePtr inode, std::string path, bool writable)
      : world_(world), inode_(std::move(inode)), path_(std::move(path)), writable_(writable) {}

  Result<std::size_t> read_at(MutableBytes into, std::uint64_t offset) override {
    return world_.read(inode_, offset, into);
  }
  Result<void> write_at(Bytes from, std::uint64_t offset) override {
    if (!writable_) return error_of(EBADF, "write", path_);
    return world_.write(inode_, offset, from);
  }
  // A descriptor that only reads may sync too.
  Result<void> sync() override { return world_.sync(inode_); }
  Result<std::uint64_t> size() override { return world_.size(inode_); }
  Result<void> truncate(std::uint64_t size) override {
    if (!writable_) return error_of(EBADF, "truncate", path_);
    return world_.truncate(inode_, size);
  }
  const std::string& path() const override { return path_; }

 private:
  World& world_;
  World::InodePtr inode_;
  std::string path_;
  bool writable_;
};

class MemoryLock final : public DirectoryLock {
 public:
  MemoryLock(World& world, std::string directory)
      : world_(world), directory_(std::move(directory)) {}
  ~MemoryLock() override { world_.unlock(directory_); }

 private:
  World& world_;
  std::string directory_;
};

bool is_root(const std::string& directory) {
  return directory == "." || directory == "/";
}

}  // namespace

Result<std::unique_ptr<File>> MemoryFileSystem::open(const std::string& path, OpenMode mode) {
  if (mode == OpenMode::kCreate) {
    TRY(world_.record_create(path));
  }
  TRY(auto inode, world_.find(path));
  const bool writable = mode == OpenMode::kReadWrite || mode == OpenMode::kCreate;
  return std::make_unique<MemoryFile>(world_, std::move(inode), path, writable);
}

Result<bool> MemoryFileSystem::exists(const std::string& path) {
  return is_root(path) || world_.exists(path);
}

Result<std::vector<std::string>> MemoryFileSystem::list(const std::string& directory) {
  if (!is_root(directory) && !world_.is_directory(directory)) {
    return error_of(ENOENT, "open directory", directory);
  }
  return world_.list(directory);
}

Result<void> MemoryFileSystem::make_directories(const std::string& directory) {
  if (is_root(directory)) return ok();
  const std::string parent(parent_of(directory));
  TRY(make_directories(parent));
  if (!world_.exists(directory)) {
    TRY(world_.record_make_directory(directory));
  }
  if (!world_.is_directory(directory)) return error_of(EEXIST, "mkdir", directory);
  return world_.record_sync_directory(parent);
}

Result<void> MemoryFileSystem::rename(const std::string& from, const std::string& to) {
  return world_.record_rename(from, to);
}

Result<void> MemoryFileSystem::remove(const std::string& path) {
  return world_.record_remove(path);
}

Result<void> MemoryFileSystem::sync_directory(const std::string& directory) {
  return world_.record_sync_directory(directory);
}

Result<std::uint64_t> MemoryFileSystem::free_bytes(const std::string&) {
  return world_.free_bytes();
}

Result<std::unique_ptr<DirectoryLock>> MemoryFileSystem::lock_directory(
    const std::string& directory) {
  if (!world_.lock(directory)) {
    return fail(ErrorKind::kDenied, "{} is in use by process 0", directory);
  }
  return std::make_unique<MemoryLock>(world_, directory);
}

Result<std::unique_ptr<DurableQueue>> MemoryFileSystem::durable_queue(Executor& executor,
                                                                      unsigned depth) {
  return std::make_unique<MemoryQueue>(world_, executor, depth);
}

}  // namespace stepwell::io
