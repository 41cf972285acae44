#pragma once

// Writes that are durable when they complete. The log keeps several in flight; they may complete in
// any order. Belongs to one executor: write() is called there and completions run there.

#include <functional>
#include <memory>
#include <string>

#include "engine/base/bytes.hpp"
#include "engine/base/result.hpp"

namespace stepwell::io {

// Offsets, lengths and memory of direct writes are multiples of this. Also the unit the log pads
// to.
inline constexpr std::size_t kBlockBytes = 4096;

// An existing, fully allocated file as a target of durable writes. Closed when destroyed; a write
// in flight must have completed before.
class DurableFile {
 public:
  virtual ~DurableFile() = default;
};

using DurableCallback = std::function<void(Result<void>)>;

class DurableQueue {
 public:
  // Waits for the writes in flight; their completions are dropped.
  virtual ~DurableQueue() = default;

  virtual Result<std::unique_ptr<DurableFile>> open(const std::string& path) = 0;

  // `from` and `offset` are aligned to kBlockBytes; `from` stays alive and unchanged until `done`.
  // More than the queue's depth may be asked for; the surplus waits.
  virtual void write(DurableFile& file, Bytes from, std::uint64_t offset, DurableCallback done) = 0;

  // How it works here, for the log: "io_uring O_DIRECT RWF_DSYNC" or "pwrite + fdatasync".
  virtual std::string description() const = 0;
};

}  // namespace stepwell::io
