// Opening a log: what is there is checked and handed out, what was never acknowledged is put away,
// and a new segment is begun behind it.
#include <algorithm>

#include "engine/wal/segmented_log.hpp"

namespace stepwell::wal {
namespace {

constexpr std::uint64_t kArenaBytes = 4 << 20;
constexpr std::size_t kFreeArenasMax = 16;

Result<void> check(const Options& options) {
  const std::uint64_t segment = options.segment_bytes;
  if (segment % kBlock != 0 || segment < 4 * kBlock ||
      segment > (std::uint64_t{1} << 32) - kBlock) {
    return fail(ErrorKind::kInvalid,
                "log segments of {} bytes: expected a multiple of 4096 from "
                "16384 to below 4 GiB",
                segment);
  }
  if (options.group_bytes_max < kBlock || options.groups_in_flight_max == 0) {
    return fail(ErrorKind::kInvalid,
                "log groups of {} bytes, {} in flight: expected at least 4096 "
                "and 1",
                options.group_bytes_max, options.groups_in_flight_max);
  }
  return ok();
}

// The group without its records at or below `after`. Null if nothing is left.
GroupPtr above(const GroupPtr& group, Lsn after) {
  if (!group || group->last_lsn() <= after) return nullptr;
  const auto records = group->records();
  if (records.front().lsn > after) return group;
  std::vector<RecordView> left;
  for (const RecordView& record : records) {
    if (record.lsn > after) left.push_back(record);
  }
  return std::make_shared<const Group>(group, std::move(left));
}

}  // namespace

Result<std::unique_ptr<Log>> Log::open(Environment environment, std::string directory,
                                       Options options, Lsn applied, const OnRecovered& recovered,
                                       RecoveryReport& report) {
  TRY(check(options));
  auto log = std::make_unique<SegmentedLog>(environment, std::move(directory), options);
  TRY(log->recover(applied, recovered, report));
  return log;
}

SegmentedLog::SegmentedLog(Environment environment, std::string directory, Options options)
    : environment_(environment),
      directory_(std::move(directory)),
      options_(options),
      arenas_(std::min(kArenaBytes, options.segment_bytes), kFreeArenasMax),
      header_blocks_(kBlock, 2),
      builder_(arenas_) {}

SegmentedLog::~SegmentedLog() {
  *alive_ = false;
}

void SegmentedLog::set_callbacks(OnDurable durable, OnPoisoned poisoned) {
  on_durable_ = std::move(durable);
  on_poisoned_ = std::move(poisoned);
}

Result<void> SegmentedLog::recover(Lsn applied, const OnRecovered& recovered,
                                   RecoveryReport& report) {
  if (!options_.read_only) {
    TRY(environment_.files.make_directories(directory_));
  }
  ScanOptions how;
  how.applied = applied;
  how.log_id = options_.log_id;
  how.go_on_after_damage = options_.salvage || options_.read_only;
  const auto visit = [&](const SegmentFile&, const ScannedGroup& scanned) -> Result<void> {
    const GroupPtr group = above(scanned.group, applied);
    return group && recovered ? recovered(group) : ok();
  };
  TRY(const ScanResult scan, scan_log(environment_.files, directory_, how, visit, report));
  TRY(take_over(scan));
  if (options_.read_only) return ok();
  TRY(make_durable(scan));
  return begin_segments(scan, applied);
}

Result<void> SegmentedLog::take_over(const ScanResult& scan) {
  for (const SegmentFile& file : scan.live) {
    Segment segment;
    segment.path = file.path;
    segment.header = file.header.value_or(SegmentHeader{});
    segment.header.first_position = file.first_position;
    segment.last_lsn = file.last_lsn;
    segment.started = true;
    segments_.push_back(std::move(segment));
  }
  chain_hash_ = scan.last_hash;
  chain_end_ = scan.end;
  chain_incarnation_ = scan.last_incarnation;
  chain_last_lsn_ = last_appended_ = last_durable_ = scan.last_lsn;
  durable_ = scan.end;
  vouched_ = scan.live.empty() || scan.durable >= scan.end;
  log_id_ = scan.log_id;
  return ok();
}

// What was read may still lie in a cache only: it is handed on as durable, so it has to be.
Result<void> SegmentedLog::make_durable(const ScanResult& scan) {
  for (std::size_t i = 0; i < scan.live.size(); ++i) {
    const SegmentFile& segment = scan.live[i];
    const bool last = i + 1 == scan.live.size();
    if (!last && segment.header && segment.header->end() <= scan.durable) continue;
    TRY(const auto file, environment_.files.open(segment.path, io::OpenMode::kReadWrite));
    TRY(file->sync());
  }
  return environment_.files.sync_directory(directory_);
}

Result<void> SegmentedLog::begin_segments(const ScanResult& scan, Lsn applied) {
  if (log_id_ == 0) log_id_ = options_.log_id;
  if (log_id_ == 0) log_id_ = environment_.random.next_u64() | 1;
  SegmentPool::Settings settings{environment_.files,
                                 environment_.sequencer,
                                 environment_.background,
                                 environment_.random,
                                 directory_,
                                 options_.segment_bytes,
                                 std::min(options_.pool_segments_min, options_.pool_segments_max),
                                 options_.pool_segments_max,
                                 log_id_};
  pool_ = std::make_unique<SegmentPool>(std::move(settings));
  // The youngest goes first: a crash in between leaves a log without a gap.
  std::vector<std::string> discarded;
  for (auto it = scan.surplus.rbegin(); it != scan.surplus.rend(); ++it) {
    discarded.push_back(it->path);
  }
  TRY(pool_->adopt(scan.others, discarded));
  TRY(queue_,
      environment_.files.durable_queue(environment_.sequencer, options_.groups_in_flight_max + 2));
  cursor_segment_ = 0;
  if (!scan.live.empty()) {
    const SegmentFile& last = scan.live.back();
    cursor_segment_ = last.header ? last.header->end() : last.first_position + last.file_bytes;
  }
  while (cursor_segment_ + kBlock <= std::max(applied.value, chain_end_)) {
    cursor_segment_ += options_.segment_bytes;  // Only after salvage.
  }
  next_prepared_ = cursor_segment_;
  cursor_ = cursor_segment_ + kBlock;
  auto first = pool_->prepare_now(next_prepared_);
  if (first.has_value()) {
    prepared(std::move(first));
  } else if (first.error().kind == ErrorKind::kOverloaded) {
    disk_full_ = true;
  } else {
    return first.error();
  }
  pool_->keep_filled([this, alive = alive_](const Error& error) {
    if (*alive) poison(error);
  });
  when_idle();
  return ok();
}

Result<void> SegmentedLog::read(Lsn after, const std::function<Result<bool>(GroupPtr)>& visit) {
  ArenaPool arenas(kArenaBytes, 2);
  for (const Segment& segment : segments_) {
    if (!segment.started || segment.last_lsn <= after) continue;
    TRY(const auto reader, SegmentReader::open(environment_.files, segment.path, arenas));
    reader->assume(segment.header);
    std::uint64_t offset = kBlock;
    while (segment.header.first_position + offset < durable_) {
      TRY(const auto found, reader->find_group(offset));
      if (!found || found->header.end() > durable_) break;
      if (found->offset != offset && !options_.salvage && !options_.read_only) {
        return fail(ErrorKind::kCorrupt, "{} at offset {}: no valid group here", segment.path,
                    offset);
      }
      offset = found->offset + found->header.padded();
      // What lies behind was never acknowledged: an earlier process left it.
      if (found->group && found->group->records().front().lsn > segment.last_lsn) break;
      const GroupPtr group = above(found->group, after);
      if (!group) continue;
      TRY(const bool more, visit(group));
      if (!more) return ok();
    }
  }
  return ok();
}

}  // namespace stepwell::wal
