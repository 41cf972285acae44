#pragma once

// Files and directories as an interface: the seam between the store and the disk. posix is the real
// one, memory is a disk in RAM for tests, faulty decides what of it survives a power cut and which
// operation fails. All calls block; the log's own writes go through durable_queue.hpp.
//
// Paths are plain strings with '/' between parts. A FileSystem may be used from any thread; one
// File from one thread at a time.
//
// Errors: kNotFound and kExists where the path is or is not there, kOverloaded when the disk is
// full, kDenied without permission, kIo for everything else.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/bytes.hpp"
#include "engine/base/executor.hpp"
#include "engine/base/result.hpp"

namespace stepwell::io {

class DurableQueue;

enum class OpenMode {
  kRead,        // Must exist; writing is an error.
  kReadWrite,   // Must exist.
  kCreate,      // Must not exist (O_EXCL).
  kReadDirect,  // kRead around the page cache where the disk allows it: memory, offsets and lengths
                // are multiples of kBlockBytes. For reading much, once.
};

class File {
 public:
  virtual ~File() = default;

  // Bytes read: fewer than asked only at the end of the file.
  virtual Result<std::size_t> read_at(MutableBytes into, std::uint64_t offset) = 0;
  // All of it. Not durable before sync().
  virtual Result<void> write_at(Bytes from, std::uint64_t offset) = 0;
  // Contents and size are durable on return (fdatasync). After an error nothing about them is
  // known.
  virtual Result<void> sync() = 0;
  virtual Result<std::uint64_t> size() = 0;
  virtual Result<void> truncate(std::uint64_t size) = 0;
  virtual const std::string& path() const = 0;
};

// Held until destroyed; the kernel drops it when the process dies.
class DirectoryLock {
 public:
  virtual ~DirectoryLock() = default;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;

  virtual Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) = 0;
  virtual Result<bool> exists(const std::string& path) = 0;
  // Names, not paths, of everything in a directory, sorted.
  virtual Result<std::vector<std::string>> list(const std::string& directory) = 0;
  // Creates it and its parents where missing; the new entries are durable on return.
  virtual Result<void> make_directories(const std::string& directory) = 0;
  // Replaces `to` if it exists. Durable after sync_directory() of both parents.
  virtual Result<void> rename(const std::string& from, const std::string& to) = 0;
  virtual Result<void> remove(const std::string& path) = 0;
  // Makes creations, renames and removals in it durable.
  virtual Result<void> sync_directory(const std::string& directory) = 0;
  virtual Result<std::uint64_t> free_bytes(const std::string& directory) = 0;

  // One process, and within it one holder, has a directory. kDenied names the holder's pid.
  virtual Result<std::unique_ptr<DirectoryLock>> lock_directory(const std::string& directory) = 0;

  // A queue of durable writes whose completions are posted to `executor`; at most `depth` in
  // flight.
  virtual Result<std::unique_ptr<DurableQueue>> durable_queue(Executor& executor,
                                                              unsigned depth) = 0;
};

}  // namespace stepwell::io
