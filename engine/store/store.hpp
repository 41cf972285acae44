#pragma once

// Log + generations + index as one durable, snapshot-readable store. A command is appended to the
// log; when its group is on disk the fold applies it, the result is published to readers, and only
// then its verdict is given. See README.md for the parts.
//
// open() and close() belong to the thread that owns the store; submit(), snapshot() and status()
// may be called from any thread. The fold runs on the sequencer.

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/executor.hpp"
#include "engine/base/guarded.hpp"
#include "engine/base/result.hpp"
#include "engine/base/task.hpp"
#include "engine/io/file_system.hpp"
#include "engine/store/checkpointer.hpp"
#include "engine/store/fold.hpp"
#include "engine/store/layers.hpp"
#include "engine/store/options.hpp"
#include "engine/store/sweeper.hpp"
#include "engine/wal/log.hpp"

namespace stepwell::store {

class Store {
 public:
  // One result a command, in order. An Error is kOverloaded (nothing was logged; try again),
  // kInvalid (too large) or kIo (the store is poisoned; whether it was logged is not known). On the
  // sequencer.
  using Decided = std::function<void(std::vector<Result<Verdict>>)>;

  // Opens or creates the store in `directory`: takes its lock, recovers log and index. `fold`
  // outlives the store. kDenied: another process has it open. kNotFound: read-only, and none is
  // there.
  static Result<std::unique_ptr<Store>> open(Environment environment, const std::string& directory,
                                             Options options, Fold& fold, OpenReport& report);
  // After close(), or after the executors have stopped.
  ~Store();

  // `memory` keeps the payloads alive until they are in the log.
  void submit(std::vector<Command> commands, std::shared_ptr<const void> memory, Decided decided);
  // One command; resumes on `resume`.
  Task<Result<Verdict>> submit(wal::Envelope envelope, std::string payload, Executor& resume,
                               bool uses_reserve = false);

  Result<Snapshot> snapshot() const { return layers_->snapshot(); }
  Status status() const;
  // Free space as an atomic figure, for credit: what may still be submitted.
  std::uint64_t room() const;

  // No further submit. Waits for what is in flight, syncs; `done` runs on the sequencer.
  void close(std::function<void(Result<void>)> done);

  StoreId id() const { return meta_.store; }
  std::uint64_t incarnation() const { return meta_.incarnation; }
  std::uint64_t record_bytes_max() const { return log_->record_bytes_max(); }
  // For tools that check what lies below.
  index::Environment& index() { return *index_; }
  const Layout& layout() const { return *layout_; }

 private:
  struct Submission;
  struct Waiting {
    Lsn lsn;
    std::shared_ptr<Submission> submission;
    std::size_t position;
    std::uint64_t bytes;
  };

  Store(Environment environment, std::string directory, Options options, Fold& fold);
  // `log_id`: of the log that a new index is made for.
  Result<void> open_index(bool exists, std::optional<std::uint64_t> log_id = {});
  Result<void> begin_index_anew(const std::string& wal_directory, const Error& why);
  Result<void> open_log(OpenReport& report);
  void append_all(const std::shared_ptr<Submission>& submission);
  Result<void> admit(const Command& command);
  void look_at_disk();
  Result<void> apply_group(const wal::GroupPtr& group);
  void on_durable(const wal::GroupPtr& group);
  void poison(const Error& error);
  // Checkpoints and sweeps; on the owner's thread, before anything is submitted.
  void make_writers_of_index();
  // On whichever thread writes the index.
  void count_free_pages();
  void close_when_idle();

  Environment environment_;
  std::string directory_;
  Options options_;
  Fold& fold_;
  std::unique_ptr<io::DirectoryLock> lock_;
  std::unique_ptr<index::Environment> index_;
  std::optional<Layout> layout_;
  Meta meta_;  // As of the opening.
  std::unique_ptr<Layers> layers_;
  std::unique_ptr<wal::Log> log_;
  std::unique_ptr<Checkpointer> checkpointer_;
  std::unique_ptr<Sweeper> sweeper_;

  // Sequencer.
  std::deque<Waiting> waiting_;
  std::vector<Verdict> verdicts_;  // Of the group being applied.
  std::optional<Error> poison_;
  std::function<void(Result<void>)> closed_callback_;
  Instant disk_looked_at_{-1};
  bool log_long_ = false;

  // Any thread.
  std::atomic<std::uint64_t> in_flight_bytes_{0};
  std::atomic<std::uint64_t> generation_bytes_{0};
  std::atomic<std::uint64_t> checkpoints_{0};
  std::atomic<std::uint64_t> records_{0};
  std::atomic<std::uint64_t> swept_runs_{0};
  std::atomic<std::uint64_t> index_free_bytes_{0};
  std::atomic<bool> disk_low_{false};
  mutable Guarded<wal::Log::Stats> log_stats_;
  mutable Guarded<Written> written_;
};

}  // namespace stepwell::store
