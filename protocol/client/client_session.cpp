// ClientCore's connecting half: connect, ask where the server stands, send, and again.

#include <algorithm>

#include "engine/base/logging.hpp"
#include "protocol/client/client_core.hpp"

namespace stepwell::client {

// Full jitter: thousands of ranks must not come back in the same instant.
Instant ClientCore::next_backoff() {
  const unsigned doublings = std::min(failures_++, 20U);
  const Instant longest = std::min(options_.backoff_max, options_.backoff_min * (1U << doublings));
  const auto span = static_cast<std::uint64_t>(longest.count()) / 2 + 1;
  return longest / 2 + Instant(static_cast<std::int64_t>(random_.next_u64() % span));
}

Task<void> ClientCore::connect_loop() {
  const auto self = shared_from_this();
  while (!stopping_ && !sender_.stopped()) {
    auto session = one_session();
    const auto ended = co_await std::move(session);
    connection_.reset();
    if (sender_.stopped()) log().warn("run {}: {}", options_.run.hex(), *sender_.stopped());
    {
      auto shared = shared_.lock();
      shared->account.connected = false;
      shared->account.stopped = sender_.stopped();
      if (!ended && !stopping_) shared->troubles.connection = ended.error().text;
    }
    if (stopping_ || sender_.stopped()) break;
    auto ring = stop_signal_.wait(next_backoff());
    co_await ring;
  }
  tell_waiters();
}

Task<Result<void>> ClientCore::one_session() {
  ConnectionEvents events;
  // The connection dies before the core: one_session() is a part of it.
  events.on_ack = [this](const wire::AckT& ack) {
    sender_.on_ack(ack);
    shared_.lock()->account.frames_sent = sender_.sent_frames();
  };
  events.on_error = [this](const wire::ErrorT& error) {
    shared_.lock()->troubles.connection = error.text;
    sender_.on_error(error);
  };
  Signal position_signal(executor_);
  standing_.reset();
  events.on_positions = [this, position_signal](const wire::PositionsT& answer) mutable {
    if (auto standing = standing_of(answer, options_.run, options_.writer)) standing_ = standing;
    position_signal.ring();
  };
  std::string why = "closed";
  events.on_closed = [this, position_signal, &why](const Error& error) mutable {
    why = error.text;
    sender_.wake();
    position_signal.ring();
  };
  auto opening = Connection::open(executor_, *connector_, options_.connection, std::move(events));
  CO_TRY(connection_, co_await std::move(opening));
  if (stopping_) co_return ok();
  {
    auto shared = shared_.lock();
    shared->account.connected = true;
    ++shared->account.connects;
    shared->troubles.connection.clear();
  }
  connection_->ask_positions({make_position(options_.run, options_.writer, 0)});
  auto answer = position_signal.wait(options_.connection.handshake_timeout);
  co_await answer;
  if (connection_->failed()) co_return fail(ErrorKind::kIo, "{}", why);
  if (!standing_) {
    connection_->close();
    co_return fail(ErrorKind::kIo, "no answer to positions from {}", connector_->address());
  }
  auto running = sender_.run(*connection_, std::move(*standing_), false);
  co_await std::move(running);
  connection_->close();
  co_return fail(ErrorKind::kIo, "{}", why);
}

}  // namespace stepwell::client
