#pragma once

// A file system whose files cannot be opened for reading for a while: no descriptors left, no
// permission, a network file system that lost its server. What is written goes on being written.

#include <optional>
#include <string>

#include "engine/io/durable_queue.hpp"
#include "engine/io/file_system.hpp"

namespace stepwell::client {

class TroubledFiles final : public io::FileSystem {
 public:
  explicit TroubledFiles(io::FileSystem& files) : files_(files) {}

  // The script.
  std::optional<ErrorKind> open_fails;  // What opening for reading answers.
  std::optional<ErrorKind> list_fails;
  std::string only;  // Paths that contain this; empty: all.
  unsigned opens_before_it_fails = 0;
  unsigned failed_opens = 0;

  Result<std::unique_ptr<io::File>> open(const std::string& path, io::OpenMode mode) override {
    const bool is_tried = open_fails && mode == io::OpenMode::kRead && is_meant(path);
    if (is_tried && opens_before_it_fails > 0) {
      --opens_before_it_fails;
    } else if (is_tried) {
      ++failed_opens;
      return fail(*open_fails, "open {}: scripted", path);
    }
    return files_.open(path, mode);
  }
  Result<std::vector<std::string>> list(const std::string& directory) override {
    if (list_fails && is_meant(directory)) {
      return fail(*list_fails, "list {}: scripted", directory);
    }
    return files_.list(directory);
  }
  Result<bool> exists(const std::string& path) override { return files_.exists(path); }
  Result<void> make_directories(const std::string& directory) override {
    return files_.make_directories(directory);
  }
  Result<void> rename(const std::string& from, const std::string& to) override {
    return files_.rename(from, to);
  }
  Result<void> remove(const std::string& path) override { return files_.remove(path); }
  Result<void> sync_directory(const std::string& directory) override {
    return files_.sync_directory(directory);
  }
  Result<std::uint64_t> free_bytes(const std::string& directory) override {
    return files_.free_bytes(directory);
  }
  Result<std::unique_ptr<io::DirectoryLock>> lock_directory(const std::string& d) override {
    return files_.lock_directory(d);
  }
  Result<std::unique_ptr<io::DurableQueue>> durable_queue(Executor& executor,
                                                          unsigned depth) override {
    return files_.durable_queue(executor, depth);
  }

 private:
  bool is_meant(const std::string& path) const { return path.find(only) != std::string::npos; }
  io::FileSystem& files_;
};

}  // namespace stepwell::client
