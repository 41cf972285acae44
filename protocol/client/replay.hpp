#pragma once

// Sends spools of any number of runs and writers to a server: once more, for the first time, or
// after a replay that was cut. Only what the server does not have is sent; damaged and missing
// frames are declared as skips. Deletes nothing unless asked to.

#include <functional>
#include <string>
#include <vector>

#include "engine/base/clock.hpp"
#include "protocol/client/account.hpp"
#include "protocol/client/connection.hpp"
#include "protocol/client/frame_source.hpp"

namespace stepwell::client {

struct FileDamage {
  std::string path;
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  bool tail = false;  // A frame cut short by the writer's end: nothing to worry about.
  std::string reason;
};

// One writer's segments, in order.
struct SpooledWriter {
  RunId run;
  WriterId writer;
  std::string directory;
  std::vector<std::string> paths;
  std::uint64_t bytes = 0;
};

struct SpoolListing {
  std::vector<SpooledWriter> writers;
  // Files whose header is damaged, so that nobody knows whose they are.
  std::vector<FileDamage> unreadable;
};

// Finds segments in files and directories (a spool, a run's directory, single files). kNotFound:
// one of them does not exist. Other files, rejected/ and lost/ are passed over.
Result<SpoolListing> list_spool(io::FileSystem& files, const std::vector<std::string>& paths);

// A writer's segments as a source of frames: one segment in memory at a time.
class SpooledSource final : public FrameSource {
 public:
  // Reads every segment once, to know what is there. Damages are added to `damages`. Fails where
  // one cannot be read: that is no damage, and nothing of it may be declared as lost.
  static Result<std::unique_ptr<SpooledSource>> open(io::FileSystem& files,
                                                     const SpooledWriter& writer,
                                                     std::vector<FileDamage>& damages);

  RunId run() const override { return run_; }
  WriterId writer() const override { return writer_; }
  std::string_view open_frame() const override { return open_frame_; }
  Result<std::optional<SourceFrame>> from(std::uint64_t sequence) override;
  std::uint64_t last_sequence() const override { return last_; }
  std::string missing_reason() const override;
  std::uint64_t points_between(std::uint64_t, std::uint64_t) const override { return 0; }
  bool is_damaged() const { return damaged_; }
  std::uint64_t frames() const { return frames_; }
  std::uint64_t bytes() const { return bytes_; }

 private:
  struct Entry {
    std::string path;
    std::uint64_t first = 0;
    std::uint64_t last = 0;
  };
  explicit SpooledSource(io::FileSystem& files) : files_(files) {}
  Result<void> add(const std::string& path, std::vector<FileDamage>& damages);
  Result<void> load(std::size_t entry);

  io::FileSystem& files_;
  RunId run_;
  WriterId writer_;
  std::string open_frame_;
  std::vector<Entry> entries_;
  std::uint64_t last_ = 0;
  std::uint64_t frames_ = 0;
  std::uint64_t bytes_ = 0;
  bool damaged_ = false;
  std::size_t loaded_at_ = SIZE_MAX;
  std::optional<LoadedSegment> loaded_;
};

struct ReplayOptions {
  ConnectionOptions connection;
  // Removes the segments of writers that are wholly decided. Damaged ones stay, whole writers, as
  // do those of which a rejected frame could not be kept aside.
  bool delete_decided = false;
  unsigned attempts = 10;  // Connects in a row without progress before it gives up.
  Instant backoff_min = milliseconds(100);
  Instant backoff_max = std::chrono::seconds(5);
};

struct ReplayedWriter {
  RunId run;
  WriterId writer;
  std::uint64_t frames = 0;         // Sound ones in the spool.
  std::uint64_t sent = 0;           // Decided now.
  std::uint64_t already_there = 0;  // Decided before.
  std::uint64_t lost = 0;           // Sequences that were declared as skipped.
  std::uint64_t points = 0;         // Of the sent frames.
  std::vector<RejectedFrame> rejected;
  std::string stopped;  // Why it was not sent to its end; empty: it was.
};

struct ReplayReport {
  std::vector<ReplayedWriter> writers;
  std::vector<FileDamage> damages;
  std::uint64_t connects = 0;
  std::string failure;  // Why the whole replay gave up; empty: it did not.
  bool complete() const;
};

struct ReplayProgress {
  std::size_t writers_done = 0;
  std::size_t writers = 0;
  std::uint64_t bytes_done = 0;
  std::uint64_t bytes = 0;
  std::uint64_t frames_sent = 0;
  std::uint64_t frames_already_there = 0;
};

// On `executor`. Everything passed by reference outlives the task.
Task<Result<ReplayReport>> replay(Executor& executor, io::FileSystem& files, Connector& connector,
                                  Random& random, std::vector<std::string> paths,
                                  ReplayOptions options,
                                  std::function<void(const ReplayProgress&)> on_progress);

// The same, blocking, on a thread of its own; on_progress is called there. `server`: "HOST:PORT".
Result<ReplayReport> replay_blocking(const std::string& server, std::vector<std::string> paths,
                                     ReplayOptions options,
                                     std::function<void(const ReplayProgress&)> on_progress);

}  // namespace stepwell::client
