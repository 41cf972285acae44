#include "protocol/client/connection.hpp"

#include <algorithm>

#include "engine/base/one_shot.hpp"
#include "engine/base/spawn.hpp"
#include "protocol/client/connection_state.hpp"

namespace stepwell::client {

using protocol::Kind;

Task<Result<std::unique_ptr<Connection>>> Connection::open(Executor& executor, Connector& connector,
                                                           ConnectionOptions options,
                                                           ConnectionEvents events) {
  auto connecting = connector.connect();
  CO_TRY(auto stream, co_await std::move(connecting));
  auto state =
      std::make_shared<State>(executor, std::move(stream), std::move(options), std::move(events));
  const TimerId timer =
      executor.post_after(state->options.handshake_timeout, [state] { state->stream->close(); });
  auto shaking = state->shake_hands();
  const auto shaken = co_await std::move(shaking);
  const bool in_time = executor.cancel(timer);
  if (!in_time) co_return fail(ErrorKind::kIo, "no welcome from {} in time", connector.address());
  if (!shaken) {
    state->stream->close();
    co_return in_context("handshake with " + connector.address(), shaken.error());
  }
  state->last_heard = state->last_sent = executor.now();
  state->watch();
  spawn(executor, state->read_loop());
  co_return std::unique_ptr<Connection>(new Connection(std::move(state)));
}

Connection::Connection(std::shared_ptr<State> state) : state_(std::move(state)) {}
Connection::~Connection() {
  close();
}

const wire::WelcomeT& Connection::welcome() const {
  return state_->welcome;
}
StoreId Connection::store() const {
  return protocol::from_wire<StoreId>(*state_->welcome.store);
}

bool Connection::try_send(std::string_view frame, std::uint64_t last_sequence) {
  if (state_->failed || !state_->waiting.empty() || !state_->has_credit(frame.size())) return false;
  state_->queue_stream_frame(frame, last_sequence);
  return true;
}

namespace {

Task<Result<void>> await_sent(OneShot<bool> sent) {
  const bool done = co_await sent;
  if (!done) co_return fail(ErrorKind::kIo, "closed");
  co_return ok();
}

Task<Result<void>> done_already(Result<void> result) {
  co_return result;
}

}  // namespace

Task<Result<void>> Connection::send(std::string frame, std::uint64_t last_sequence) {
  if (state_->failed) return done_already(fail(ErrorKind::kIo, "closed"));
  if (try_send(frame, last_sequence)) return done_already(ok());
  OneShot<bool> sent(state_->executor);
  state_->waiting.push_back({std::move(frame), last_sequence, sent});
  return await_sent(sent);
}

void Connection::send_control(std::string_view frame) {
  state_->queue(frame);
}

void Connection::ask_positions(const std::vector<wire::Position>& which) {
  for (std::size_t i = 0; i < which.size(); i += protocol::kPositionsMax) {
    const std::size_t count = std::min(which.size() - i, protocol::kPositionsMax);
    wire::PositionsT question;
    question.positions.assign(which.begin() + static_cast<std::ptrdiff_t>(i),
                              which.begin() + static_cast<std::ptrdiff_t>(i + count));
    send_control(protocol::make_frame_of(Kind::kPositions, question));
  }
}

void Connection::ping() {
  send_control(protocol::make_frame({}, {}));
}

std::uint64_t Connection::unanswered_bytes() const {
  return state_->unanswered.bytes();
}
std::uint64_t Connection::unanswered_frames() const {
  return state_->unanswered.frames();
}
std::uint64_t Connection::credit() const {
  return state_->credit;
}
std::uint64_t Connection::unsent_bytes() const {
  return state_->outgoing.size();
}
bool Connection::failed() const {
  return state_->failed;
}

void Connection::close() {
  state_->detached = true;
  state_->fail_with(fail(ErrorKind::kIo, "closed"));
}

wire::Position make_position(RunId run, WriterId writer, std::uint64_t sequence) {
  return {protocol::to_wire(run), protocol::to_wire(writer), sequence};
}

}  // namespace stepwell::client
