#include "protocol/client/client_core.hpp"

#include <algorithm>

#include "engine/base/logging.hpp"
#include "engine/base/spawn.hpp"
#include "protocol/client/rejected.hpp"

namespace stepwell::client {

using protocol::Kind;

namespace {

std::string open_frame_of(const CoreOptions& options) {
  return protocol::make_frame_of(Kind::kOpen, options.open, options.run, options.writer, 1);
}

}  // namespace

StreamEvents ClientCore::events() {
  StreamEvents events;
  events.on_decided = [this](const Decided& decided) { on_decided(decided); };
  events.on_rejected = [this](const SourceFrame& frame, protocol::VerdictCode code,
                              const std::string& text) { on_rejected(frame, code, text); };
  events.on_read_error = [this](const Error& error) { on_read_error(error); };
  return events;
}

std::shared_ptr<ClientCore> ClientCore::make(Executor& executor, io::FileSystem& files,
                                             Connector* connector, const Clock& clock,
                                             Random& random, CoreOptions options) {
  return std::shared_ptr<ClientCore>(
      new ClientCore(executor, files, connector, clock, random, std::move(options)));
}

ClientCore::ClientCore(Executor& executor, io::FileSystem& files, Connector* connector,
                       const Clock& clock, Random& random, CoreOptions options)
    : executor_(executor),
      files_(files),
      connector_(connector),
      random_(random),
      options_(std::move(options)),
      recorder_(options_.queue, clock,
                [this, &executor] {
                  executor.post([weak = weak_from_this()] {
                    const auto self = weak.lock();
                    if (self && !self->stopping_) self->flush();
                  });
                }),
      maker_(options_.frame_bytes),
      spool_(files, options_.spool_directory + "/" + options_.run.hex(), open_frame_of(options_),
             options_.spool),
      sender_(executor, random, spool_, events()),
      stop_signal_(executor) {}

ClientCore::~ClientCore() = default;

void ClientCore::start() {
  flush();
  flush_later();
  if (options_.spool.sync == SyncPolicy::kInterval) sync_later();
  if (connector_) spawn(executor_, connect_loop());
}

void ClientCore::flush_later() {
  flush_timer_ = executor_.post_after(options_.flush_interval, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self || self->stopping_) return;
    self->record_to_pending();
    self->write_pending();
    self->flush_later();
  });
}

void ClientCore::sync_later() {
  sync_timer_ = executor_.post_after(options_.sync_interval, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self || self->stopping_) return;
    (void)self->sync_spool();
    self->sync_later();
  });
}

// Makes frames of what was recorded. Nothing more is taken while the disk refuses what was made:
// the recorder fills up to its limit and then drops.
void ClientCore::record_to_pending() {
  if (has_pending_) return;
  recorded_ = recorder_.take(std::move(recorded_));
  std::vector<MadePayload> payloads = maker_.make(recorded_);
  if (payloads.empty()) return;
  has_pending_ = true;
  for (MadePayload& made : payloads) {
    const std::uint64_t sequence = next_sequence_++;
    AppendedFrame frame{made.kind, sequence, sequence, {}};
    protocol::FrameHeader header;
    header.kind = made.kind;
    header.run = options_.run;
    header.writer = options_.writer;
    header.sequence = sequence;
    if (made.kind == Kind::kSkip) {
      // A drop burns one sequence, which only now is known.
      const std::string aligned = protocol::make_frame(header, made.payload);
      auto skip = protocol::decode<wire::SkipT>(as_bytes(aligned).subspan(sizeof header));
      skip.value().from = skip.value().to = sequence;
      header.sequence = 0;
      made.payload = protocol::encode(skip.value());
    }
    frame.bytes = protocol::make_frame(header, made.payload);
    frame.points = made.points;
    pending_.points += made.points;
    pending_.frames.push_back(std::move(frame));
  }
  pending_.bytes = recorded_.bytes;
}

bool ClientCore::write_pending() {
  if (!has_pending_ && spool_.last_sequence() > 0) return true;
  const std::size_t frames = pending_.frames.size();
  auto written = spool_.append(pending_.frames);
  if (!written) {
    if (!std::exchange(spool_failing_, true)) log().warn("spool: {}", written.error().text);
    shared_.lock()->troubles.write = written.error().text;
    return false;
  }
  if (std::exchange(spool_failing_, false)) log().info("spool: writing again");
  {
    auto shared = shared_.lock();
    shared->account.frames_spooled += frames;
    shared->account.spool_bytes = spool_.bytes();
    shared->account.undecided = spool_.points_between(counted_up_to_ + 1, spool_.last_sequence());
    shared->troubles.write.clear();
    // Under the same lock, so that nobody sees them in two places or in none.
    recorder_.spooled(pending_.points, pending_.bytes);
  }
  pending_ = {};
  has_pending_ = false;
  sender_.wake();
  return true;
}

bool ClientCore::flush(bool durable) {
  // Twice: what came while the disk refused is still with the recorder.
  for (int i = 0; i < 2; ++i) {
    record_to_pending();
    if (!write_pending()) return false;
  }
  if (!durable || options_.spool.sync == SyncPolicy::kNone) return true;
  return sync_spool().has_value();
}

Result<void> ClientCore::sync_spool() {
  auto synced = spool_.sync();
  const std::string trouble = synced ? std::string() : synced.error().text;
  auto shared = shared_.lock();
  if (!synced && shared->troubles.sync.empty()) log().warn("spool: {}", trouble);
  shared->troubles.sync = trouble;
  shared->account.spool_bytes = spool_.bytes();
  return synced;
}

void ClientCore::when_decided(std::function<void(bool)> done) {
  waiters_.push_back({spool_.last_sequence(), std::move(done)});
  tell_waiters();
}

void ClientCore::tell_waiters() {
  const bool never = !connector_ || sender_.stopped().has_value();
  std::vector<Waiter> ready;
  std::erase_if(waiters_, [&](Waiter& waiter) {
    const bool is_ready = never || sender_.decided() >= waiter.sequence;
    if (is_ready) ready.push_back(std::move(waiter));
    return is_ready;
  });
  for (Waiter& waiter : ready) waiter.done(sender_.decided() >= waiter.sequence);
}

void ClientCore::stop() {
  if (std::exchange(stopping_, true)) return;
  if (!flush(true)) log().warn("spool: not all of it is durable: {}", account().last_error);
  executor_.cancel(flush_timer_);
  executor_.cancel(sync_timer_);
  if (connection_) connection_->close();
  sender_.wake();
  stop_signal_.ring();
  // Without this the last segment of a stream that is wholly decided would stay for ever.
  if (sender_.decided() >= spool_.last_sequence()) spool_.remove_if_released();
}

Account ClientCore::account() const {
  auto shared = shared_.lock();
  const RecorderCounts counts = recorder_.counts();
  Account account = shared->account;
  const Troubles& troubles = shared->troubles;
  for (const std::string* trouble :
       {&troubles.write, &troubles.sync, &troubles.read, &troubles.connection}) {
    if (account.last_error.empty()) account.last_error = *trouble;
  }
  account.accepted = counts.accepted;
  account.queued = counts.queued;
  account.spooled = counts.spooled;
  account.dropped = counts.dropped;
  account.invalid = counts.invalid;
  account.commands_dropped = counts.dropped_commands;
  account.queued_bytes = counts.queued_bytes;
  return account;
}

std::vector<RejectedFrame> ClientCore::rejected() const {
  return shared_.lock()->rejected;
}

void ClientCore::on_decided(const Decided& decided) {
  failures_ = 0;
  const bool is_kept_aside = decided.is_rejected && kept_aside_ == decided.first;
  if (decided.is_loss || (decided.is_rejected && !is_kept_aside)) {
    spool_.set_aside(decided.first, decided.last);
  }
  // After a restore the same sequences are decided again; they are counted once. How many points
  // they hold is known from when they were written: a frame may be gone meanwhile.
  const bool is_new = decided.last > counted_up_to_;
  const std::uint64_t frames = is_new ? decided.last - counted_up_to_ : 0;
  const std::uint64_t points = spool_.points_between(counted_up_to_ + 1, decided.last);
  counted_up_to_ = std::max(counted_up_to_, decided.last);
  spool_.release(decided.last);
  {
    auto shared = shared_.lock();
    Account& account = shared->account;
    account.spool_bytes = spool_.bytes();
    account.frames_sent = sender_.sent_frames();
    account.undecided -= points;
    if (decided.is_rejected) {
      account.rejected += points;
      account.frames_rejected += frames;
    } else if (decided.is_loss) {
      account.lost += points;
    } else {
      account.acknowledged += points;
      account.frames_acknowledged += frames;
    }
    shared->troubles.read.clear();
    shared->troubles.connection.clear();
  }
  tell_waiters();
}

void ClientCore::on_rejected(const SourceFrame& frame, protocol::VerdictCode code,
                             const std::string& text) {
  auto entry = keep_rejected(files_, spool_.directory(), frame, code, text);
  if (!entry.path.empty()) kept_aside_ = frame.first;
  log().warn("frame {} was rejected ({}): {}", frame.first, to_string(code), text);
  auto shared = shared_.lock();
  if (shared->rejected.size() < kRejectedKeptMax) shared->rejected.push_back(std::move(entry));
}

// Nothing is lost by it: the sender tries again.
void ClientCore::on_read_error(const Error& error) {
  auto shared = shared_.lock();
  if (shared->troubles.read.empty()) log().warn("spool: {}", error.text);
  shared->troubles.read = error.text;
}

}  // namespace stepwell::client
