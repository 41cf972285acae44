#pragma once

// The log: append a record, hear when its group is durable, read from a position, let go below one.
// Everything else (segments, the pool, padding, chaining) stays inside wal/. See docs/FORMAT.md for
// the bytes and README.md for the parts.
//
// Belongs to the sequencer's executor: all calls and all callbacks happen there. Zero-filling and
// recycling run on the background executor.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/clock.hpp"
#include "engine/base/executor.hpp"
#include "engine/base/result.hpp"
#include "engine/io/file_system.hpp"
#include "engine/wal/record.hpp"
#include "engine/wal/report.hpp"

namespace stepwell::wal {

struct Options {
  std::uint64_t segment_bytes = 64 << 20;  // Multiple of 4 KiB. The largest record is half of it.
  std::uint64_t group_bytes_max = 2 << 20;
  unsigned groups_in_flight_max = 4;
  // Ready segments that are zero-filled ahead of need: the least at first, doubled whenever the
  // pool ran dry, up to the most. What is recycled stays, also beyond the most, until the next
  // open.
  unsigned pool_segments_min = 2;
  unsigned pool_segments_max = 16;
  // Appended and not yet submitted; beyond it append() says kOverloaded.
  std::uint64_t waiting_bytes_max = 64 << 20;
  // An idle log writes an empty group that vouches for the last one, so that its damage can be told
  // from a torn write.
  Instant idle_mark_after = milliseconds(50);
  // Whose log it is, written into every header. 0: any, and a new log makes one up.
  std::uint64_t log_id = 0;
  bool salvage = false;    // Keep what is provably good instead of refusing a damaged log.
  bool read_only = false;  // Recover and read; write nothing, not even a new segment.
};

struct Environment {
  io::FileSystem& files;
  Executor& sequencer;
  Executor& background;
  Random& random;
};

class Log {
 public:
  // The whole group is on disk and every earlier one is. Called in order.
  using OnDurable = std::function<void(GroupPtr)>;
  // The first write or sync error. Nothing further will ever become durable or be called back.
  using OnPoisoned = std::function<void(const Error&)>;
  // Called with all recovered records above `applied`, in their groups, in order; an error ends the
  // opening.
  using OnRecovered = std::function<Result<void>(GroupPtr)>;

  // Recovers the log in `directory` (created if missing). `applied`: the greatest LSN that the
  // index holds; the log must reach it, and replays what lies above. kCorrupt names file and offset
  // of damaged acknowledged data.
  static Result<std::unique_ptr<Log>> open(Environment environment, std::string directory,
                                           Options options, Lsn applied,
                                           const OnRecovered& recovered, RecoveryReport& report);
  virtual ~Log() = default;

  virtual void set_callbacks(OnDurable durable, OnPoisoned poisoned) = 0;

  // Queues a record whose payload is `parts`, one after the other; they are copied before return.
  // The LSN is greater than every earlier one. kInvalid: beyond record_bytes_max(); kOverloaded: no
  // segment is ready or the disk is nearly full, try later; kIo: poisoned.
  virtual Result<Lsn> append(const Envelope& envelope, std::span<const Bytes> parts) = 0;

  // Nothing at or below `lsn` is needed again by `holder`. Segments are recycled when every holder
  // has let go; holders are named by the first call that mentions them.
  virtual void release(std::string_view holder, Lsn lsn) = 0;

  // The durable records above `after` in their groups, oldest first, from the files; for a lagging
  // holder or a dump.
  virtual Result<void> read(Lsn after, const std::function<Result<bool>(GroupPtr)>& visit) = 0;

  virtual std::uint64_t record_bytes_max() const = 0;
  virtual Lsn last_appended() const = 0;
  virtual Lsn last_durable() const = 0;

  struct Stats {
    std::uint64_t segments_live = 0;      // Named segments that still hold unreleased records.
    std::uint64_t segments_pooled = 0;    // Ready in the pool.
    std::uint64_t segments_prepared = 0;  // Ready under their final name, not begun.
    std::uint64_t segment_bytes = 0;
    std::uint64_t bytes_in_memory = 0;  // Group buffers not yet let go by their holders.
    std::uint64_t bytes_waiting = 0;    // Appended, not yet submitted.
    std::uint64_t groups_written = 0;
    // For admission: bytes that can be logged without a new segment. Where this falls below two
    // segments and `disk_full` is set, refuse all but deletes, purges and checkpoints.
    std::uint64_t room_bytes = 0;
    bool disk_full = false;  // The last attempt to make a segment found no space.
  };
  virtual Stats stats() const = 0;

  // Waits for what is in flight, writes the closing mark, syncs. Then only destruction is allowed.
  virtual void close(std::function<void(Result<void>)> done) = 0;
};

}  // namespace stepwell::wal
