#include "protocol/client/replay.hpp"

#include <algorithm>

#include "engine/base/logging.hpp"
#include "protocol/client/rejected.hpp"
#include "protocol/client/stream_sender.hpp"

namespace stepwell::client {
namespace {

// One replay: writers one after another, over as many connections as it takes.
class Replayer {
 public:
  Replayer(Executor& executor, io::FileSystem& files, Connector& connector, Random& random,
           ReplayOptions options, std::function<void(const ReplayProgress&)> on_progress)
      : executor_(executor),
        files_(files),
        connector_(connector),
        random_(random),
        options_(std::move(options)),
        on_progress_(std::move(on_progress)),
        signal_(executor) {}

  Task<Result<ReplayReport>> run(std::vector<std::string> paths) {
    CO_TRY(SpoolListing listing, list_spool(files_, paths));
    report_.damages = std::move(listing.unreadable);
    progress_.writers = listing.writers.size();
    for (const SpooledWriter& writer : listing.writers) progress_.bytes += writer.bytes;
    for (const SpooledWriter& writer : listing.writers) {
      auto one = replay_writer(writer);
      co_await std::move(one);
      if (!report_.failure.empty()) break;
      ++progress_.writers_done;
      tell();
    }
    connection_.reset();
    co_return std::move(report_);
  }

 private:
  Task<void> replay_writer(const SpooledWriter& writer);
  Task<bool> ensure_connected();
  Task<std::optional<Standing>> ask_position(RunId run, WriterId writer);
  StreamEvents events_for(ReplayedWriter& account, const SpooledWriter& writer);
  void delete_segments(const SpooledWriter& writer);
  void tell() {
    if (on_progress_) on_progress_(progress_);
  }

  Executor& executor_;
  io::FileSystem& files_;
  Connector& connector_;
  Random& random_;
  const ReplayOptions options_;
  const std::function<void(const ReplayProgress&)> on_progress_;
  Signal signal_;
  std::unique_ptr<Connection> connection_;
  StreamSender* sender_ = nullptr;  // Of the writer whose turn it is.
  std::optional<wire::PositionsT> positions_;
  unsigned failures_ = 0;
  std::string last_error_;
  ReplayReport report_;
  ReplayProgress progress_;
};

StreamEvents Replayer::events_for(ReplayedWriter& account, const SpooledWriter& writer) {
  StreamEvents events;
  events.on_decided = [this, &account](const Decided& decided) {
    failures_ = 0;
    if (decided.is_missing) return;
    if (decided.is_loss) {
      account.lost += decided.last - decided.first + 1;
      return;
    }
    if (decided.was_there) {
      ++account.already_there;
      ++progress_.frames_already_there;
    } else if (!decided.is_rejected) {
      ++account.sent;
      account.points += decided.points;
      ++progress_.frames_sent;
    }
    progress_.bytes_done += decided.bytes;
    tell();
  };
  events.on_rejected = [this, &account, &writer](const SourceFrame& frame,
                                                 protocol::VerdictCode code,
                                                 const std::string& text) {
    account.rejected.push_back(keep_rejected(files_, writer.directory, frame, code, text));
  };
  return events;
}

Task<void> Replayer::replay_writer(const SpooledWriter& writer) {
  ReplayedWriter account;
  account.run = writer.run;
  account.writer = writer.writer;
  auto opened = SpooledSource::open(files_, writer, report_.damages);
  if (!opened) {
    account.stopped = opened.error().text;
    report_.writers.push_back(std::move(account));
    co_return;
  }
  SpooledSource& source = *opened.value();
  account.frames = source.frames();
  StreamSender sender(executor_, random_, source, events_for(account, writer));
  sender_ = &sender;
  bool done = source.last_sequence() == 0;
  while (!done) {
    auto connecting = ensure_connected();
    if (!co_await std::move(connecting)) break;
    auto asking = ask_position(writer.run, writer.writer);
    const auto standing = co_await std::move(asking);
    if (!standing) continue;
    auto sending = sender.run(*connection_, *standing, true);
    co_await std::move(sending);
    done = sender.stopped() || (sender.all_decided() && !connection_->failed());
  }
  sender_ = nullptr;
  if (sender.stopped()) account.stopped = *sender.stopped();
  if (!done) {
    account.stopped = report_.failure = last_error_;
  } else if (options_.delete_decided && !sender.stopped() && !source.is_damaged() &&
             std::ranges::none_of(account.rejected, &std::string::empty, &RejectedFrame::path)) {
    delete_segments(writer);
  }
  report_.writers.push_back(std::move(account));
}

Task<bool> Replayer::ensure_connected() {
  while (!connection_ || connection_->failed()) {
    connection_.reset();
    if (failures_ >= options_.attempts) co_return false;
    if (failures_ > 0) {
      const Instant longest =
          std::min(options_.backoff_max, options_.backoff_min * (1U << std::min(failures_, 10U)));
      const auto half = static_cast<std::uint64_t>(longest.count()) / 2 + 1;
      auto sleeping = sleep_for(
          executor_, longest / 2 + Instant(static_cast<std::int64_t>(random_.next_u64() % half)));
      co_await sleeping;
    }
    ++failures_;  // Until something is decided.
    ConnectionEvents events;
    events.on_ack = [this](const wire::AckT& ack) {
      if (sender_) sender_->on_ack(ack);
    };
    events.on_error = [this](const wire::ErrorT& error) {
      last_error_ = error.text;
      if (sender_) sender_->on_error(error);
    };
    events.on_positions = [this](const wire::PositionsT& answer) {
      positions_ = answer;
      signal_.ring();
    };
    events.on_closed = [this](const Error& error) {
      last_error_ = error.text;
      if (sender_) sender_->wake();
      signal_.ring();
    };
    auto opening = Connection::open(executor_, connector_, options_.connection, std::move(events));
    auto opened = co_await std::move(opening);
    if (opened) {
      connection_ = std::move(opened.value());
      ++report_.connects;
    } else {
      last_error_ = opened.error().text;
    }
  }
  co_return true;
}

Task<std::optional<Standing>> Replayer::ask_position(RunId run, WriterId writer) {
  positions_.reset();
  connection_->ask_positions({make_position(run, writer, 0)});
  while (!connection_->failed()) {
    auto waiting = signal_.wait(options_.connection.handshake_timeout);
    if (!co_await waiting) connection_->close();
    if (!positions_) continue;
    if (auto standing = standing_of(*positions_, run, writer)) co_return standing;
  }
  co_return std::nullopt;
}

void Replayer::delete_segments(const SpooledWriter& writer) {
  for (const std::string& path : writer.paths) {
    if (auto removed = files_.remove(path); !removed) {
      log().warn("replay: {}", removed.error().text);
    }
  }
}

}  // namespace

bool ReplayReport::complete() const {
  return failure.empty() && std::ranges::all_of(writers, [](const ReplayedWriter& writer) {
           return writer.stopped.empty();
         });
}

Task<Result<ReplayReport>> replay(Executor& executor, io::FileSystem& files, Connector& connector,
                                  Random& random, std::vector<std::string> paths,
                                  ReplayOptions options,
                                  std::function<void(const ReplayProgress&)> on_progress) {
  Replayer replayer(executor, files, connector, random, std::move(options), std::move(on_progress));
  auto running = replayer.run(std::move(paths));
  co_return co_await std::move(running);
}

}  // namespace stepwell::client
