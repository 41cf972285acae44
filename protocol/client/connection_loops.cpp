// A connection's life after connecting: handshake, reading, writing, watching.

#include <algorithm>

#include "engine/base/spawn.hpp"
#include "protocol/client/connection_state.hpp"

namespace stepwell::client {

using protocol::FrameView;
using protocol::Kind;

Task<Result<void>> Connection::State::shake_hands() {
  const auto self = shared_from_this();
  wire::HelloT hello;
  hello.version_min = hello.version_max = protocol::kVersion;
  hello.client = options.client;
  hello.credentials = options.credentials;
  const std::string frame = protocol::make_frame_of(Kind::kHello, hello);
  auto writing_hello = stream->write_all(as_bytes(frame));
  CO_TRY(co_await std::move(writing_hello));
  auto reading = frames.next();
  CO_TRY(const auto answer, co_await std::move(reading));
  if (!answer) co_return fail(ErrorKind::kIo, "the server closed the connection");
  if (answer->header.kind == Kind::kError) {
    CO_TRY(const auto error, protocol::decode<wire::ErrorT>(answer->payload()));
    const bool known = error.kind >= 1 && error.kind <= static_cast<int>(ErrorKind::kInternal);
    co_return Error{known ? static_cast<ErrorKind>(error.kind) : ErrorKind::kInternal, error.text};
  }
  if (answer->header.kind != Kind::kWelcome) {
    co_return fail(ErrorKind::kInvalid, "expected welcome, found {}",
                   protocol::to_string(answer->header.kind));
  }
  CO_TRY(welcome, protocol::decode<wire::WelcomeT>(answer->payload()));
  if (welcome.version != protocol::kVersion) {
    co_return fail(ErrorKind::kInvalid, "the server speaks version {}, expected {}",
                   welcome.version, protocol::kVersion);
  }
  if (!welcome.limits) welcome.limits = std::make_unique<wire::LimitsT>();
  if (!welcome.store) welcome.store = std::make_unique<wire::Id>();
  credit = welcome.credit;
  co_return ok();
}

Task<void> Connection::State::read_loop() {
  const auto self = shared_from_this();
  while (!detached && !failed) {
    auto reading = frames.next();
    const auto frame = co_await std::move(reading);
    if (detached || failed) break;
    if (!frame) {
      fail_with(frame.error());
    } else if (!frame.value()) {
      fail_with(fail(ErrorKind::kIo, "the server closed the connection"));
    } else {
      // A pong says that the line is well, not that frames are being decided.
      if (frame.value()->header.kind != Kind::kPong) last_heard = executor.now();
      dispatch(*frame.value());
    }
  }
}

template <typename Native>
Result<void> call_with(const FrameView& frame, const std::function<void(const Native&)>& callback) {
  TRY(const auto message, protocol::decode<Native>(frame.payload()));
  if (callback) callback(message);
  return ok();
}

void Connection::State::dispatch(const FrameView& frame) {
  Result<void> done = ok();
  switch (frame.header.kind) {
    case Kind::kAck:
      dispatch_ack(frame);
      return;
    case Kind::kPositions:
      done = call_with<wire::PositionsT>(frame, events.on_positions);
      break;
    case Kind::kError:
      done = call_with<wire::ErrorT>(frame, [this](const wire::ErrorT& error) {
        if (error.position) unanswered.answered(*error.position);
        if (events.on_error) events.on_error(error);
      });
      break;
    case Kind::kPing: {
      protocol::FrameHeader pong;
      pong.kind = Kind::kPong;
      queue(protocol::make_frame(pong, {}));
      break;
    }
    case Kind::kPong:
      break;
    default:
      if (events.on_answer) events.on_answer(frame);
  }
  if (!done) fail_with(done.error());
}

void Connection::State::dispatch_ack(const FrameView& frame) {
  const auto ack = protocol::decode<wire::AckT>(frame.payload());
  if (!ack) return fail_with(ack.error());
  credit = ack.value().credit;
  for (const auto& exception : ack.value().exceptions) {
    if (!exception->position) continue;
    if (exception->verdict == static_cast<std::uint8_t>(protocol::VerdictCode::kGap)) {
      unanswered.gap(*exception->position, exception->expected);
    } else {
      unanswered.answered(*exception->position);
    }
  }
  for (const auto& position : ack.value().decided) unanswered.decided(position);
  send_waiting();
  if (events.on_ack) events.on_ack(ack.value());
}

Task<void> Connection::State::write_loop() {
  const auto self = shared_from_this();
  std::string batch;
  while (!outgoing.empty() && !failed) {
    batch.clear();
    batch.swap(outgoing);
    last_sent = executor.now();
    auto write = stream->write_all(as_bytes(batch));
    const auto written = co_await std::move(write);
    if (!written) fail_with(written.error());
  }
  writing = false;
}

void Connection::State::queue(std::string_view frame) {
  if (failed) return;
  outgoing.append(frame);
  // The loop starts a turn later, so that frames sent in one turn leave in one write.
  if (!std::exchange(writing, true)) spawn(executor, write_loop());
}

bool Connection::State::has_credit(std::size_t bytes) const {
  // A frame larger than the whole window goes alone.
  return credit > 0 && (unanswered.bytes() == 0 || unanswered.bytes() + bytes <= credit);
}

void Connection::State::queue_stream_frame(std::string_view frame, std::uint64_t last) {
  const auto header = load_le<protocol::FrameHeader>(frame.data());
  if (unanswered.frames() == 0) last_heard = executor.now();  // Silence counts from here.
  unanswered.add(header.run, header.writer, last ? last : header.sequence, frame.size());
  queue(frame);
}

void Connection::State::send_waiting() {
  while (!waiting.empty() && has_credit(waiting.front().bytes.size())) {
    queue_stream_frame(waiting.front().bytes, waiting.front().last);
    waiting.front().sent.set(true);
    waiting.pop_front();
  }
}

void Connection::State::release_waiting() {
  for (auto& frame : std::exchange(waiting, {})) frame.sent.set(false);
}

void Connection::State::fail_with(const Error& error) {
  if (std::exchange(failed, true)) return;
  stream->close();
  if (watch_timer != 0) executor.cancel(std::exchange(watch_timer, 0));
  release_waiting();
  if (!detached && events.on_closed) events.on_closed(error);
}

Instant Connection::State::watch_period() const {
  Instant period = options.silence_timeout / 4;
  const auto idle_ms = welcome.limits->idle_ms;
  if (idle_ms > 0) period = std::min<Instant>(period, milliseconds(idle_ms / 4 + 1));
  return period;
}

void Connection::State::watch() {
  watch_timer = executor.post_after(watch_period(), [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self || self->failed || self->detached) return;
    self->watch_timer = 0;
    const Instant now = self->executor.now();
    if (self->unanswered.frames() > 0 && now - self->last_heard > self->options.silence_timeout) {
      return self->fail_with(fail(ErrorKind::kIo, "nothing heard from {}", self->stream->peer()));
    }
    if (now - self->last_sent >= self->watch_period()) {
      self->queue(protocol::make_frame({}, {}));  // A header's default kind is ping.
    }
    self->watch();
  });
}

}  // namespace stepwell::client
