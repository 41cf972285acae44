#pragma once

// The Log on segment files. Three stages, all on the sequencer: append() packs records into the
// open group; submit_ready() seals groups and writes them while a slot is free; completed() hands
// out the contiguous prefix of what is durable. README.md tells the rules.

#include <deque>
#include <map>

#include "engine/io/durable_queue.hpp"
#include "engine/wal/group_builder.hpp"
#include "engine/wal/log.hpp"
#include "engine/wal/scan.hpp"
#include "engine/wal/segment_pool.hpp"

namespace stepwell::wal {

class SegmentedLog final : public Log {
 public:
  SegmentedLog(Environment environment, std::string directory, Options options);
  ~SegmentedLog() override;
  // What Log::open does, on this object.
  Result<void> recover(Lsn applied, const OnRecovered& recovered, RecoveryReport& report);

  void set_callbacks(OnDurable durable, OnPoisoned poisoned) override;
  Result<Lsn> append(const Envelope& envelope, std::span<const Bytes> parts) override;
  void release(std::string_view holder, Lsn lsn) override;
  Result<void> read(Lsn after, const std::function<Result<bool>(GroupPtr)>& visit) override;
  std::uint64_t record_bytes_max() const override { return options_.segment_bytes / 2; }
  Lsn last_appended() const override { return last_appended_; }
  Lsn last_durable() const override { return last_durable_; }
  Stats stats() const override;
  void close(std::function<void(Result<void>)> done) override;

 private:
  struct Segment {
    std::string path;
    SegmentHeader header;
    Lsn last_lsn;          // Of the last record in it or before it, once it is over.
    bool started = false;  // Its header was submitted, now or in an earlier life.
    std::unique_ptr<io::DurableFile> file;
  };
  struct InFlight {
    std::uint64_t end = 0;
    GroupPtr group;     // Null for a mark.
    unsigned open = 0;  // Writes not yet completed: the group's, and its segment's header if first.
  };
  enum class State { kOpen, kClosing, kClosed };

  // recovery.cpp
  Result<void> take_over(const ScanResult& scan);
  Result<void> make_durable(const ScanResult& scan);
  Result<void> begin_segments(const ScanResult& scan, Lsn applied);
  // append.cpp
  Result<void> make_place(std::uint64_t bytes);
  void finish_group();
  // submit.cpp
  void post_submit();
  void submit_ready();
  bool submit(BuiltGroup& built);
  Result<void> start_segment(Segment& segment);
  void write(Segment& segment, Bytes from, std::shared_ptr<std::byte> memory, std::uint64_t offset,
             std::uint64_t entry);
  void completed(std::uint64_t entry, const Result<void>& result);
  void hand_out();
  void poison(const Error& error);
  bool write_mark();
  void when_idle();
  void give_up_closing_if_full();
  void idle_timer_fired();
  // segments.cpp
  Segment* find_segment(std::uint64_t first_position);
  std::size_t prepared_count() const;
  void prepare_more();
  void prepared(Result<PreparedSegment> result);
  void recycle_released();
  bool is_idle() const;

  const Environment environment_;
  const std::string directory_;
  const Options options_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  OnDurable on_durable_;
  OnPoisoned on_poisoned_;
  std::optional<Error> poisoned_;
  State state_ = State::kOpen;
  std::function<void(Result<void>)> on_closed_;

  ArenaPool arenas_;
  ArenaPool header_blocks_;
  GroupBuilder builder_;
  std::deque<BuiltGroup> waiting_;
  std::uint64_t waiting_bytes_ = 0;  // Of waiting_ and the open group.
  // Where the next group begins.
  std::uint64_t cursor_segment_ = 0;  // First position of its segment.
  std::uint64_t cursor_ = 0;

  // The last sealed group; what the next one's header refers to.
  std::uint64_t chain_hash_ = 0;
  std::uint64_t chain_end_ = 0;
  std::uint64_t chain_incarnation_ = 0;
  Lsn chain_last_lsn_;

  std::deque<InFlight> in_flight_;
  std::uint64_t first_entry_ = 0;  // Number of in_flight_.front().
  std::uint64_t durable_ = 0;      // Everything below this position is durable.
  std::uint64_t groups_written_ = 0;
  Lsn last_appended_;
  Lsn last_durable_;
  bool submit_posted_ = false;
  bool vouched_ = true;  // A mark vouches for the last group with records.
  TimerId idle_timer_ = 0;
  bool closing_mark_ = false;    // The log's last group has been asked for.
  std::uint64_t idle_seen_ = 0;  // groups_written_ when the idle timer was set.

  std::deque<Segment> segments_;  // Oldest first; begun ones, then prepared ones.
  std::uint64_t next_prepared_ = 0;
  bool preparing_ = false;
  bool disk_full_ = false;
  TimerId retry_timer_ = 0;
  std::map<std::string, Lsn, std::less<>> holders_;
  std::uint64_t log_id_ = 0;
  std::unique_ptr<SegmentPool> pool_;
  // Last: destroyed first, so that the memory of what is in flight outlives it.
  std::unique_ptr<io::DurableQueue> queue_;
};

}  // namespace stepwell::wal
