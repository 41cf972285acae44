#include "protocol/client/client_core.hpp"

#include <algorithm>

#include "engine/base/logging.hpp"
#include "protocol/client/rejected.hpp"

namespace stepwell::client {

using protocol::Kind;

namespace {

std::string open_frame_of(const CoreOptions& options) {
  return protocol::make_frame_of(Kind::kOpen, options.open, options.run, options.writer, 1);
}

StreamEvents events_of(ClientCore* core, void (ClientCore::*on_decided)(const Decided&),
                       void (ClientCore::*on_rejected)(const SourceFrame&, protocol::VerdictCode,
                                                       const std::string&)) {
  StreamEvents events;
  events.on_decided = [=](const Decided& decided) { (core->*on_decided)(decided); };
  events.on_rejected = [=](const SourceFrame& frame, protocol::VerdictCode code,
                           const std::string& text) { (core->*on_rejected)(frame, code, text); };
  return events;
}

}  // namespace

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
      sender_(executor, random, spool_,
              events_of(this, &ClientCore::on_decided, &ClientCore::on_rejected)),
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
    if (auto synced = self->spool_.sync(); !synced) log().warn("spool: {}", synced.error().text);
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
    shared_.lock()->account.last_error = written.error().text;
    return false;
  }
  if (std::exchange(spool_failing_, false)) log().info("spool: writing again");
  {
    auto shared = shared_.lock();
    shared->account.frames_spooled += frames;
    shared->account.spool_bytes = spool_.bytes();
    shared->account.last_error.clear();
  }
  recorder_.spooled(pending_.points, pending_.bytes);
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
  auto synced = spool_.sync();
  if (!synced) shared_.lock()->account.last_error = synced.error().text;
  return synced.has_value();
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
  if (!flush(true)) log().warn("spool: {}", shared_.lock()->account.last_error);
  executor_.cancel(flush_timer_);
  executor_.cancel(sync_timer_);
  if (connection_) connection_->close();
  sender_.wake();
  stop_signal_.ring();
  // Without this the last segment of a stream that is wholly decided would stay for ever.
  if (sender_.decided() >= spool_.last_sequence()) spool_.remove_if_released();
}

Account ClientCore::account() const {
  const RecorderCounts counts = recorder_.counts();
  Account account = shared_.lock()->account;
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
  spool_.release(decided.last);
  {
    auto shared = shared_.lock();
    Account& account = shared->account;
    account.spool_bytes = spool_.bytes();
    account.frames_sent = sender_.sent_frames();
    // After a restore the same sequences are decided again; they are counted once.
    if (decided.last > counted_up_to_) {
      counted_up_to_ = decided.last;
      if (decided.is_rejected) {
        account.rejected += decided.points;
        ++account.frames_rejected;
      } else if (decided.is_loss) {
        account.lost += decided.points;
      } else {
        // A skip's points were dropped, not spooled.
        if (decided.kind == Kind::kBatch) account.acknowledged += decided.points;
        ++account.frames_acknowledged;
      }
    }
  }
  tell_waiters();
}

void ClientCore::on_rejected(const SourceFrame& frame, protocol::VerdictCode code,
                             const std::string& text) {
  auto entry = keep_rejected(files_, spool_.directory(), frame, code, text);
  log().warn("frame {} was rejected ({}): {}", frame.first, to_string(code), text);
  auto shared = shared_.lock();
  if (shared->rejected.size() < kRejectedKeptMax) shared->rejected.push_back(std::move(entry));
}

}  // namespace stepwell::client
