#include "engine/store/store.hpp"

#include "engine/base/assert.hpp"
#include "engine/base/logging.hpp"
#include "engine/base/one_shot.hpp"

namespace stepwell::store {
namespace {

constexpr std::string_view kLogHolder = "index";
constexpr Instant kDiskLookEvery = milliseconds(500);

}  // namespace

struct Store::Submission {
  std::vector<Command> commands;
  std::shared_ptr<const void> memory;
  Decided decided;
  std::vector<std::optional<Result<Verdict>>> results;
  std::size_t undecided = 0;

  void decide(std::size_t position, Result<Verdict> result) {
    results[position] = std::move(result);
    if (--undecided > 0) return;
    std::vector<Result<Verdict>> all;
    all.reserve(results.size());
    for (auto& one : results) all.push_back(std::move(*one));
    decided(std::move(all));
  }
};

Store::Store(Environment environment, std::string directory, Options options, Fold& fold)
    : environment_(environment),
      directory_(std::move(directory)),
      options_(std::move(options)),
      fold_(fold) {}

Store::~Store() = default;

Result<std::unique_ptr<Store>> Store::open(Environment environment, const std::string& directory,
                                           Options options, Fold& fold, OpenReport& report) {
  std::unique_ptr<Store> self(new Store(environment, directory, std::move(options), fold));
  io::FileSystem& files = environment.files;
  if (self->options_.index_directory.empty()) self->options_.index_directory = directory;
  const std::string wal_directory = directory + "/wal";
  TRY(const bool exists, files.exists(wal_directory));
  if (!exists && self->options_.read_only) {
    return fail(ErrorKind::kNotFound, "{} holds no store (there is no {})", directory,
                wal_directory);
  }
  TRY(files.make_directories(directory));
  TRY(self->lock_, files.lock_directory(directory));
  TRY(self->open_index(exists));
  TRY(self->open_log(report));
  return self;
}

Result<void> Store::open_index(bool exists) {
  const std::string path = options_.index_directory + "/index.lmdb";
  index::Options index_options;
  index_options.map_bytes = options_.index_map_bytes;
  const auto tables = Layout::table_names(fold_.tables());
  auto opened = index::Environment::open(path, tables, index_options);
  // The log's directory comes after the index is durable. While there is none, a file that is no
  // index is what a power cut left of a creation: nothing was ever acknowledged.
  if (!opened && opened.error().kind == ErrorKind::kCorrupt && !exists && !options_.read_only) {
    stepwell::log().warn("{}; it was never used: set aside as {}.incomplete", opened.error().text,
                         path);
    TRY(index::Environment::set_aside(path));
    opened = index::Environment::open(path, tables, index_options);
  }
  TRY(index_, std::move(opened));
  layout_.emplace(*index_);
  std::optional<Meta> meta;
  {
    TRY(const auto transaction, index_->begin_read());
    TRY(meta, layout_->read_meta(transaction));
  }
  if (!meta && exists && options_.read_only) {
    return fail(ErrorKind::kCorrupt, "{} has a log, but its index {} is empty", directory_, path);
  }
  if (meta) {
    TRY(meta_, Checkpoint::recover(*index_, *layout_, *meta, options_.transaction_bytes));
  } else {
    meta_.store = environment_.random.next_id<StoreId>();
  }
  if (!options_.read_only) {
    ++meta_.incarnation;
    TRY(auto transaction, index_->begin_write());
    TRY(layout_->write_meta(transaction, meta_));
    TRY(transaction.commit());
    TRY(environment_.files.sync_directory(directory_));
  }
  layers_ = std::make_unique<Layers>(*index_, *layout_, meta_.applied);
  return ok();
}

Result<void> Store::open_log(OpenReport& report) {
  Checkpointer::Options how{options_.checkpoint_bytes, options_.checkpoint_after,
                            options_.transaction_bytes, options_.transaction_pause};
  Checkpointer::Events events;
  events.published = [this](Lsn lsn) { log_->release(kLogHolder, lsn); };
  events.finished = [this] {
    ++checkpoints_;
    generation_bytes_ = layers_->bytes();
    if (closed_callback_) finish_closing();
  };
  events.failed = [this](const Error& error) {
    poison(in_context("checkpoint", error));
    if (closed_callback_) finish_closing();
  };
  checkpointer_ =
      std::make_unique<Checkpointer>(*index_, *layout_, *layers_, environment_.sequencer,
                                     environment_.compactor, meta_, how, std::move(events));

  options_.log.read_only = options_.read_only;
  const wal::Environment log_environment{environment_.files, environment_.sequencer,
                                         environment_.compactor, environment_.random};
  const auto replay = [this](const wal::GroupPtr& group) -> Result<void> {
    TRY(apply_group(group));
    // A log that is longer than memory is folded in pieces.
    if (layers_->bytes() < options_.pending_bytes_max || options_.read_only) return ok();
    return checkpointer_->run_now();
  };
  TRY(log_, wal::Log::open(log_environment, directory_ + "/wal", options_.log, meta_.applied,
                           replay, report.log));
  report.checkpoints = checkpointer_->count();
  generation_bytes_ = layers_->bytes();
  if (options_.read_only) return ok();
  log_->set_callbacks([this](const wal::GroupPtr& group) { on_durable(group); },
                      [this](const Error& error) { poison(error); });
  log_->release(kLogHolder, checkpointer_->meta().applied);
  *log_stats_.lock() = log_->stats();
  environment_.sequencer.post([this] { checkpointer_->consider(); });
  return ok();
}

void Store::submit(std::vector<Command> commands, std::shared_ptr<const void> memory,
                   Decided decided) {
  if (commands.empty()) {
    environment_.sequencer.post([decided = std::move(decided)] { decided({}); });
    return;
  }
  auto submission = std::make_shared<Submission>();
  submission->results.resize(commands.size());
  submission->undecided = commands.size();
  submission->commands = std::move(commands);
  submission->memory = std::move(memory);
  submission->decided = std::move(decided);
  std::uint64_t bytes = 0;
  for (const Command& command : submission->commands) bytes += command.payload.size();
  in_flight_bytes_ += bytes;
  environment_.sequencer.post(
      [this, submission = std::move(submission)] { append_all(submission); });
}

Task<Result<Verdict>> Store::submit(wal::Envelope envelope, std::string payload, Executor& resume,
                                    bool uses_reserve) {
  OneShot<Result<Verdict>> answer(resume);
  auto memory = std::make_shared<const std::string>(std::move(payload));
  std::vector<Command> commands = {{envelope, as_bytes(*memory), uses_reserve}};
  Decided decided = [answer](std::vector<Result<Verdict>> results) {
    answer.set(std::move(results.front()));
  };
  submit(std::move(commands), memory, std::move(decided));
  co_return co_await answer;
}

void Store::append_all(const std::shared_ptr<Submission>& submission) {
  for (std::size_t i = 0; i < submission->commands.size(); ++i) {
    const Command& command = submission->commands[i];
    const std::uint64_t bytes = command.payload.size();
    Result<void> admitted = admit(command);
    Result<Lsn> lsn = fail(ErrorKind::kInternal, "not appended");
    if (admitted) {
      lsn = log_->append(command.envelope, std::span(&command.payload, 1));
    } else {
      lsn = admitted.error();
    }
    if (lsn) {
      waiting_.push_back({lsn.value(), submission, i, bytes});
    } else {
      in_flight_bytes_ -= bytes;
      submission->decide(i, lsn.error());
    }
  }
  submission->memory.reset();
}

Result<void> Store::admit(const Command& command) {
  if (poison_) return *poison_;
  if (closed_callback_) return fail(ErrorKind::kOverloaded, "the server is stopping");
  const std::uint64_t pending = generation_bytes_ + in_flight_bytes_;
  if (pending > options_.pending_bytes_max + record_bytes_max()) {
    return fail(ErrorKind::kOverloaded, "{} bytes wait for a checkpoint, at most {}", pending,
                options_.pending_bytes_max);
  }
  look_at_disk();
  if (disk_low_ && !command.uses_reserve) {
    return fail(ErrorKind::kOverloaded, "the disk of {} is nearly full: only deletes are taken",
                directory_);
  }
  return ok();
}

void Store::look_at_disk() {
  const Instant now = environment_.sequencer.now();
  if (disk_looked_at_ >= Instant(0) && now - disk_looked_at_ < kDiskLookEvery) return;
  disk_looked_at_ = now;
  const wal::Log::Stats log = log_->stats();
  *log_stats_.lock() = log;
  const auto free = environment_.files.free_bytes(directory_);
  // Two segments and a checkpoint (its chunks and its journal) are kept for those who free space.
  const std::uint64_t reserve = 2 * log.segment_bytes + 2 * options_.pending_bytes_max;
  const bool low = !free || free.value() + log.segments_pooled * log.segment_bytes < reserve;
  const bool long_log = log.segments_live * log.segment_bytes > options_.log_bytes_max;
  if (low && !disk_low_) {
    stepwell::log().error("{}: less than {} bytes are free; refusing all but deletes", directory_,
                          reserve);
  } else if (!low && disk_low_) {
    stepwell::log().warn("{}: there is space again", directory_);
  }
  disk_low_ = low || long_log;
}

Result<void> Store::apply_group(const wal::GroupPtr& group) {
  verdicts_.clear();
  const Lsn already = layers_->published();
  {
    TRY(auto transaction, layers_->begin());
    for (const wal::RecordView& record : group->records()) {
      if (record.lsn <= already) continue;
      transaction.begin(record.lsn, group);
      TRY(auto verdict, fold_.apply(transaction, record));
      verdicts_.push_back(std::move(verdict));
    }
    TRY(fold_.end_group(transaction));
  }
  layers_->publish(std::max(already, group->last_lsn()));
  records_ += verdicts_.size();
  return ok();
}

void Store::on_durable(const wal::GroupPtr& group) {
  if (poison_) return;
  if (auto applied = apply_group(group); !applied) {
    poison(in_context("apply", applied.error()));
    return;
  }
  generation_bytes_ = layers_->bytes();
  for (Verdict& verdict : verdicts_) {
    STEPWELL_ASSERT(!waiting_.empty());
    Waiting waiting = std::move(waiting_.front());
    waiting_.pop_front();
    in_flight_bytes_ -= waiting.bytes;
    waiting.submission->decide(waiting.position, std::move(verdict));
  }
  checkpointer_->consider();
}

void Store::poison(const Error& error) {
  if (poison_) return;
  poison_ = in_context("the store is stopped after an error", error);
  stepwell::log().critical("{}", poison_->text);
  checkpointer_->stop();
  for (Waiting& waiting : std::exchange(waiting_, {})) {
    waiting.submission->decide(waiting.position, *poison_);
  }
  if (poisoned_callback_) poisoned_callback_(*poison_);
}

void Store::close(std::function<void(Result<void>)> done) {
  environment_.sequencer.post([this, done = std::move(done)]() mutable {
    checkpointer_->stop();
    closed_callback_ = std::move(done);
    if (checkpointer_->idle()) finish_closing();
  });
}

void Store::finish_closing() {
  log_->close([this](Result<void> closed) {
    closed_callback_(poison_ ? Result<void>(*poison_) : std::move(closed));
  });
}

std::uint64_t Store::room() const {
  const std::uint64_t pending = in_flight_bytes_ + generation_bytes_;
  return pending < options_.pending_bytes_max ? options_.pending_bytes_max - pending : 0;
}

Status Store::status() const {
  Status status;
  status.pending_bytes = in_flight_bytes_ + generation_bytes_;
  status.pending_bytes_max = options_.pending_bytes_max;
  status.checkpoints = checkpoints_;
  status.records = records_;
  status.disk_low = disk_low_;
  status.published = layers_->published();
  status.log = *log_stats_.lock();
  return status;
}

}  // namespace stepwell::store
