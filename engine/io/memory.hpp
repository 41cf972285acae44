#pragma once

// A file system in RAM, on a World that may fail its operations and cut its power. Everything the
// posix one promises holds here too, so that the log and the store run on it unchanged. Any thread.

#include "engine/io/file_system.hpp"
#include "engine/io/world.hpp"

namespace stepwell::io {

class MemoryFileSystem final : public FileSystem {
 public:
  explicit MemoryFileSystem(World& world) : world_(world) {}

  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
  Result<bool> exists(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& directory) override;
  Result<void> make_directories(const std::string& directory) override;
  Result<void> rename(const std::string& from, const std::string& to) override;
  Result<void> remove(const std::string& path) override;
  Result<void> sync_directory(const std::string& directory) override;
  Result<std::uint64_t> free_bytes(const std::string& directory) override;
  Result<std::unique_ptr<DirectoryLock>> lock_directory(const std::string& directory) override;
  Result<std::unique_ptr<DurableQueue>> durable_queue(Executor& executor, unsigned depth) override;

 private:
  World& world_;
};

}  // namespace stepwell::io
