#pragma once

// Where segment files come from and go to: zero-filled ahead of need or recycled, kept under pool
// names, made ready under their final name before the log reaches them. All disk work happens on
// the background executor in steps of a few MiB, so that it can share the executor with others.
//
// Called on the sequencer's executor; answers are posted there. What is still queued in the
// background when the pool is destroyed does nothing.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/clock.hpp"
#include "engine/base/executor.hpp"
#include "engine/base/result.hpp"
#include "engine/io/file_system.hpp"
#include "engine/wal/format.hpp"

namespace stepwell::wal {

// A segment file under its final name, its state durably kPrepared.
struct PreparedSegment {
  std::string path;
  SegmentHeader header;
};

class SegmentPool {
 public:
  struct Settings {
    io::FileSystem& files;
    Executor& sequencer;
    Executor& background;
    Random& random;
    std::string directory;
    std::uint64_t segment_bytes;
    std::size_t ready_min;
    std::size_t ready_max;
    std::uint64_t log_id;
  };
  explicit SegmentPool(Settings settings);
  ~SegmentPool();

  // At open, blocking: takes over the pool files among `names`, removes those of another size and
  // what is left of an interrupted filling. Then turns `discarded`, in this order, into pool files.
  Result<void> adopt(const std::vector<std::string>& names,
                     const std::vector<std::string>& discarded);
  // At open, blocking. kOverloaded: no space.
  Result<PreparedSegment> prepare_now(std::uint64_t first_position);

  using OnPrepared = std::function<void(Result<PreparedSegment>)>;
  void prepare(std::uint64_t first_position, OnPrepared done);
  using OnRecycled = std::function<void(Result<void>)>;
  void recycle(std::string path, OnRecycled done);
  // Begins to fill the pool up to its aim. Errors other than lack of space are told here.
  void keep_filled(std::function<void(const Error&)> on_error);

  // Any thread.
  std::size_t ready() const;

 private:
  class Worker;
  std::shared_ptr<Worker> worker_;
};

}  // namespace stepwell::wal
