#include "engine/store/store.hpp"

#include "engine/base/assert.hpp"
#include "engine/base/logging.hpp"
#include "engine/base/one_shot.hpp"

namespace stepwell::store {
namespace {

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
  if (command.uses_reserve) return ok();
  if (disk_low_) {
    return fail(ErrorKind::kOverloaded, "the disk of {} is nearly full: only deletes are taken",
                directory_);
  }
  if (log_long_) {
    return fail(ErrorKind::kOverloaded, "the log of {} waits for a checkpoint at its {} bytes",
                directory_, options_.log_bytes_max);
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
  // The index's free pages serve a checkpoint, not the log.
  const std::uint64_t pooled = log.segments_pooled * log.segment_bytes;
  const bool low = !free || free.value() + pooled < 2 * log.segment_bytes ||
                   free.value() + pooled + index_free_bytes_ < reserve;
  log_long_ = log.segments_live * log.segment_bytes > options_.log_bytes_max;
  if (low && !disk_low_) {
    stepwell::log().error("{}: less than {} bytes are free; refusing all but deletes", directory_,
                          reserve);
  } else if (!low && disk_low_) {
    stepwell::log().warn("{}: there is space again", directory_);
  }
  disk_low_ = low;
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
  sweeper_->stop();
  for (Waiting& waiting : std::exchange(waiting_, {})) {
    waiting.submission->decide(waiting.position, *poison_);
  }
  if (environment_.on_poisoned) environment_.on_poisoned(*poison_);
}

void Store::close(std::function<void(Result<void>)> done) {
  environment_.sequencer.post([this, done = std::move(done)]() mutable {
    checkpointer_->stop();
    sweeper_->stop();
    closed_callback_ = std::move(done);
    close_when_idle();
  });
}

void Store::close_when_idle() {
  if (!closed_callback_ || !checkpointer_->idle() || !sweeper_->idle()) return;
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
  status.written = *written_.lock();
  status.records = records_;
  status.swept_runs = swept_runs_;
  status.index_free_bytes = index_free_bytes_;
  status.disk_low = disk_low_;
  status.published = layers_->published();
  status.log = *log_stats_.lock();
  return status;
}

}  // namespace stepwell::store
