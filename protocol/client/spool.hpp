#pragma once

// The live spool of one writer: appends frames to segment files and gives them back to the sender.
// Files are <directory>/<writer>-<6 digits>.seg, created exclusively, written front to back with
// one write a flush, never locked or mapped: safe on network file systems. One thread.
//
// A segment is deleted once all of it is decided; one with frames that had to be declared as lost
// is moved to <directory>/lost instead, so that whoever repairs it can still replay it.

#include <deque>
#include <functional>
#include <memory>

#include "protocol/client/frame_source.hpp"

namespace stepwell::client {

enum class SyncPolicy {
  kNone,      // The operating system writes back when it likes: survives a kill, not a power cut.
  kInterval,  // Every sync_interval.
  kAlways,    // At every flush.
};

struct SpoolOptions {
  std::uint64_t segment_bytes = 4 << 20;
  std::uint64_t bytes_max = 0;  // Of all this writer's segments; 0: as much as the disk has.
  std::uint64_t recent_bytes = 8 << 20;  // Kept in memory, so that sending need not read.
  SyncPolicy sync = SyncPolicy::kInterval;
};

struct AppendedFrame {
  protocol::Kind kind{};
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::string bytes;
  std::uint64_t points = 0;  // That it adds to the account.
};

class Spool final : public FrameSource {
 public:
  // `directory` is the run's; it is created at the first append. `open_frame` has sequence 1.
  Spool(io::FileSystem& files, std::string directory, std::string open_frame, SpoolOptions options);

  // One write. Takes all of them, which continue the sequence without a gap; or fails and leaves
  // `frames` as they are: then the same call may come again.
  Result<void> append(std::vector<AppendedFrame>& frames);
  // Durable on return: everything that was appended and is not decided yet. A segment whose sync
  // failed once is written anew, since nobody knows what of it the kernel has dropped.
  Result<void> sync();
  // Everything up to `sequence` is decided: segments below it are deleted whole.
  void release(std::uint64_t sequence);
  // Frames of [first, last] were declared as lost: their segments are set aside, not deleted.
  void set_aside(std::uint64_t first, std::uint64_t last);
  // Deletes the segment that is being written as well, if all of it is released.
  void remove_if_released();

  std::uint64_t bytes() const { return total_bytes_; }
  std::size_t segments() const { return segments_.size(); }
  const std::string& directory() const { return directory_; }

  RunId run() const override { return header_.run; }
  WriterId writer() const override { return header_.writer; }
  std::string_view open_frame() const override { return open_frame_; }
  Result<std::optional<SourceFrame>> from(std::uint64_t sequence) override;
  std::uint64_t last_sequence() const override { return last_; }
  std::string missing_reason() const override { return "trimmed from the spool, or damaged in it"; }
  // 0 for what is in segments that are deleted already.
  std::uint64_t points_between(std::uint64_t first, std::uint64_t last) const override;

 private:
  struct Segment {
    std::string path;
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::uint64_t bytes = 0;
    std::uint64_t points_before = 0;    // Of all segments before it.
    std::vector<std::uint32_t> points;  // Of this one, up to and with first, first + 1, ...
    bool has_loss = false;              // To be set aside.
    bool is_doubtful = false;           // A sync of it has failed.
  };
  struct NewFile {
    std::string path;
    std::unique_ptr<io::File> file;
  };

  Result<NewFile> create_file(std::string_view contents);
  Result<void> begin_segment(std::uint64_t first);
  void end_segment();
  void remember(std::vector<AppendedFrame> frames);
  void count(Segment& segment, const AppendedFrame& frame);
  std::uint64_t points_up_to(std::uint64_t sequence) const;
  bool is_active(const Segment& segment) const { return file_ && &segment == &segments_.back(); }
  void let_go(const Segment& segment);
  Result<void> move_aside(const Segment& segment);
  Result<std::string> read_back(const Segment& segment);
  Result<void> rewrite(Segment& segment);
  const AppendedFrame* recent_from(std::uint64_t sequence) const;
  Result<bool> load(const Segment& segment);

  io::FileSystem& files_;
  const std::string directory_;
  const std::string open_frame_;
  const SpoolOptions options_;
  SegmentHeader header_;          // Of the next segment.
  std::deque<Segment> segments_;  // The last one is written to while file_ is set.
  std::unique_ptr<io::File> file_;
  bool dirty_ = false;
  std::uint64_t total_bytes_ = 0;
  std::uint64_t total_points_ = 0;
  std::uint64_t last_ = 0;
  std::uint64_t released_ = 0;
  std::deque<AppendedFrame> recent_;  // The newest ones, without a gap.
  std::uint64_t recent_bytes_ = 0;
  std::string loaded_path_;
  std::optional<LoadedSegment> loaded_;
};

}  // namespace stepwell::client
