#pragma once

// What a store is opened with, what it is given and what it tells of itself.

#include <cstdint>
#include <functional>
#include <string>

#include "engine/base/bytes.hpp"
#include "engine/base/clock.hpp"
#include "engine/base/executor.hpp"
#include "engine/io/file_system.hpp"
#include "engine/store/sizes.hpp"
#include "engine/wal/log.hpp"

namespace stepwell::store {

struct Options {
  wal::Options log;
  std::uint64_t pending_bytes_max = 128
                                    << 20;    // Applied, not yet in the index. Beyond: overloaded.
  std::uint64_t checkpoint_bytes = 64 << 20;  // A checkpoint starts at this much…
  Instant checkpoint_after = std::chrono::seconds(2);  // …or when the oldest record is this old.
  std::uint64_t transaction_bytes = 8 << 20;           // Of one index transaction.
  Instant transaction_pause =
      milliseconds(1);  // Between two of them, so that the log's syncs pass.
  // The same where a checkpoint has time. A sync of the log waits for the index' bytes that are
  // under way, and for their flush.
  std::uint64_t calm_transaction_bytes = 512 << 10;
  Instant calm_transaction_pause = milliseconds(4);
  Sizes sizes;
  std::uint64_t log_bytes_max = 1 << 30;  // Unreleased log. Beyond: overloaded.
  std::uint64_t index_map_bytes = std::uint64_t{1} << 40;
  std::string index_directory;  // Where the index lies; empty: with the log.
  // Recover and read; nothing is submitted, and nothing written but the rest of a checkpoint that
  // was published.
  bool read_only = false;
};

struct Environment {
  io::FileSystem& files;
  Executor& sequencer;
  Executor& compactor;
  Random& random;
  // Called once, on the sequencer, at the first write or sync error. Nothing is decided after it.
  std::function<void(const Error&)> on_poisoned = nullptr;
};

struct Command {
  wal::Envelope envelope;
  Bytes payload;
  bool uses_reserve = false;  // Deletes and purges pass on a disk that is full for others.
};

struct OpenReport {
  wal::RecoveryReport log;
  std::uint64_t checkpoints = 0;  // Taken while a long log was replayed.
};

// What checkpoints wrote, by what it is: write amplification is worked out from it.
struct Written {
  std::uint64_t points_sealed = 0;     // Into chunks, rewritten ones included.
  std::uint64_t points_rewritten = 0;  // Of these, because late ones fell between them.
  std::uint64_t chunk_bytes = 0;
  std::uint64_t tail_bytes = 0;
  std::uint64_t journal_bytes = 0;

  Written& operator+=(const Written& more);
  std::string describe() const;
};

struct Status {
  std::uint64_t pending_bytes = 0;  // In flight, or applied and not yet in the index.
  std::uint64_t pending_bytes_max = 0;
  std::uint64_t checkpoints = 0;
  Written written;                     // By them.
  std::uint64_t records = 0;           // Applied since the opening, replayed ones included.
  std::uint64_t swept_runs = 0;        // Retired runs that were freed since the opening.
  std::uint64_t index_free_bytes = 0;  // Pages that the index uses again before it grows.
  bool disk_low = false;               // Only deletes and purges are taken.
  Lsn published;
  wal::Log::Stats log;
  std::uint64_t room() const {
    return pending_bytes < pending_bytes_max ? pending_bytes_max - pending_bytes : 0;
  }
};

}  // namespace stepwell::store
