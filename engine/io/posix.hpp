#pragma once

// The real disk: plain system calls for files and directories, io_uring for durable writes where
// the kernel and the file system allow it. Any thread. New files are 0600, new directories 0700.

#include "engine/io/file_system.hpp"

namespace stepwell::io {

struct PosixOptions {
  // Both are tried and given up where refused; tests switch them off to walk the other paths.
  bool io_uring = true;
  bool direct = true;
};

class PosixFileSystem final : public FileSystem {
 public:
  explicit PosixFileSystem(PosixOptions options = {}) : options_(options) {}

  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
  Result<bool> exists(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& directory) override;
  Result<void> make_directories(const std::string& directory) override;
  Result<void> rename(const std::string& from, const std::string& to) override;
  Result<void> remove(const std::string& path) override;
  Result<void> sync_directory(const std::string& directory) override;
  Result<std::uint64_t> free_bytes(const std::string& directory) override;
  // The lock is an flock() on the file LOCK, which stays behind, empty, when it is let go.
  Result<std::unique_ptr<DirectoryLock>> lock_directory(const std::string& directory) override;
  Result<std::unique_ptr<DurableQueue>> durable_queue(Executor& executor, unsigned depth) override;

 private:
  PosixOptions options_;
};

}  // namespace stepwell::io
