#include "engine/ingest/session.hpp"

#include <algorithm>
#include <limits>

#include "engine/base/assert.hpp"
#include "engine/base/logging.hpp"
#include "engine/base/spawn.hpp"
#include "protocol/limits.hpp"

namespace stepwell::ingest {
namespace {

using protocol::FrameHeader;
using protocol::FrameView;
using protocol::Kind;
using protocol::VerdictCode;

// A client that has nothing in flight must always be able to send something, else no ack would ever
// raise its credit again.
constexpr std::uint64_t kCreditMin = 64 << 10;
constexpr Instant kRetryAfter = milliseconds(2);

}  // namespace

// A session that is destroyed later would find nothing of what it was given.
Shared::~Shared() {
  STEPWELL_ASSERT(connections == 0);
}

std::uint64_t Shared::credit() const {
  const std::uint64_t share =
      tracking.store().room() / (2 * std::max<std::uint64_t>(1, connections));
  return std::clamp(share, kCreditMin, options.credit_max);
}

Session::Session(Shared& shared, std::unique_ptr<Stream> stream, Executor& home, Executor& query,
                 Executor& lookup)
    : shared_(shared),
      stream_(std::move(stream)),
      home_(home),
      query_(query),
      lookup_(lookup),
      buffer_(shared.buffers),
      read_deadline_(kNever),
      write_deadline_(kNever) {
  ++shared_.connections;
}

Session::~Session() {
  shared_.answer_bytes -= answer_bytes_;
  --shared_.connections;
}

Task<void> Session::run(std::string first) {
  const auto self = shared_from_this();
  log().debug("{}: connected", stream_->peer());
  buffer_.prepare(std::max(first.size(), std::size_t{1}));
  std::memcpy(buffer_.free_space().data(), first.data(), first.size());
  buffer_.filled(first.size());
  read_deadline_ = home_.now() + shared_.options.handshake_timeout;
  spawn(home_, watch());

  auto greeting = shake_hands();
  Result<void> done = co_await std::move(greeting);
  if (done && !draining_) {
    auto serving = serve();
    done = co_await std::move(serving);
  }
  if (!done && !closed_) {
    log().info("{}: {}", stream_->peer(), done.error().text);
    answer(error_frame(done.error(), {}, true));
  }
  // What was submitted is still acknowledged to a client that only closed its sending side.
  draining_ = true;
  read_deadline_ = kNever;
  wake_writer();
}

Task<Result<bool>> Session::read_until(std::size_t bytes) {
  while (buffer_.unread().size() < bytes) {
    if (closed_) co_return fail(ErrorKind::kIo, "closed");
    if (draining_) co_return false;
    if (!buffer_.prepare(bytes)) {
      co_await sleep_for(home_, kRetryAfter);
      continue;
    }
    auto reading = stream_->read_some(buffer_.free_space());
    CO_TRY(const std::size_t n, co_await std::move(reading));
    if (n == 0) {
      if (buffer_.unread().empty()) co_return false;
      co_return fail(ErrorKind::kCorrupt,
                     "the connection ended within a frame, after {} of {} bytes",
                     buffer_.unread().size(), bytes);
    }
    if (buffer_.unread().empty()) read_deadline_ = home_.now() + shared_.options.frame_timeout;
    buffer_.filled(n);
  }
  co_return true;
}

Task<Result<bool>> Session::read_frame(FrameView& frame) {
  auto heading = read_until(sizeof(FrameHeader));
  CO_TRY(const bool has_header, co_await std::move(heading));
  if (!has_header) co_return false;
  CO_TRY(const FrameHeader header, protocol::read_header(buffer_.unread()));
  auto filling = read_until(header.frame_bytes());
  CO_TRY(const bool whole, co_await std::move(filling));
  if (!whole) co_return false;
  CO_TRY(frame, protocol::read_frame(buffer_.unread()));
  buffer_.take(header.frame_bytes());
  co_return true;
}

Task<Result<void>> Session::shake_hands() {
  FrameView frame;
  auto reading = read_frame(frame);
  CO_TRY(const bool got, co_await std::move(reading));
  if (!got) co_return fail(ErrorKind::kInvalid, "closed before hello");
  if (frame.header.kind != Kind::kHello) {
    co_return fail(ErrorKind::kInvalid, "the first frame is {}, expected hello",
                   to_string(frame.header.kind));
  }
  CO_TRY(const auto hello, protocol::decode<wire::HelloT>(frame.payload()));
  if (hello.version_min > protocol::kVersion || hello.version_max < protocol::kVersion) {
    co_return fail(ErrorKind::kInvalid, "the client speaks versions {} to {}, this server {}",
                   hello.version_min, hello.version_max, protocol::kVersion);
  }
  const store::Store& store = shared_.tracking.store();
  wire::WelcomeT welcome;
  welcome.version = protocol::kVersion;
  welcome.server = "stepwell " STEPWELL_VERSION;
  welcome.store = std::make_unique<wire::Id>(protocol::to_wire(store.id()));
  welcome.incarnation = store.incarnation();
  welcome.credit = shared_.credit();
  welcome.limits = std::make_unique<wire::LimitsT>();
  welcome.limits->frame_bytes = protocol::kFrameBytesMax;
  welcome.limits->blocks = protocol::kBlocksMax;
  welcome.limits->keys = protocol::kKeysMax;
  welcome.limits->connections = shared_.options.connections_max;
  welcome.limits->idle_ms =
      static_cast<std::uint32_t>(shared_.options.idle_timeout / milliseconds(1));
  answer(protocol::make_frame_of(Kind::kWelcome, welcome));
  co_return ok();
}

Task<Result<void>> Session::serve() {
  while (!closed_ && !draining_) {
    auto waiting = wait_to_read();
    if (!co_await std::move(waiting)) co_return ok();
    if (buffer_.unread().empty()) read_deadline_ = home_.now() + shared_.options.idle_timeout;
    auto reading = read_until(sizeof(FrameHeader));
    CO_TRY(const bool more, co_await std::move(reading));
    if (!more) co_return ok();
    auto taking = take_frames();
    const Result<Next> next = co_await std::move(taking);
    submit_collected();
    CO_TRY(const Next what, next);
    if (what == Next::kClose) co_return ok();
  }
  co_return ok();
}

bool Session::may_read() const {
  const Options& options = shared_.options;
  const bool may_answer = answer_bytes_ <= options.answer_bytes_least ||
                          (answer_bytes_ <= options.answer_bytes_most &&
                           shared_.answer_bytes <= options.answer_bytes_max);
  return may_answer && in_flight_bytes_ <= options.credit_max + protocol::kFrameBytesMax &&
         shared_.tracking.store().room() > 0;
}

Task<bool> Session::wait_to_read() {
  if (may_read()) co_return true;
  read_deadline_ = kNever;  // It is we who wait.
  while (!closed_ && !draining_ && !may_read()) co_await sleep_for(home_, kRetryAfter);
  read_deadline_ = home_.now() + shared_.options.frame_timeout;
  co_return !closed_ && !draining_;
}

Task<Result<Session::Next>> Session::take_frames() {
  while (buffer_.unread().size() >= sizeof(FrameHeader)) {
    const auto checked = protocol::read_header(buffer_.unread());
    if (!checked) {
      if (checked.error().kind == ErrorKind::kCorrupt) co_return checked.error();
      co_return refuse_header(load_le<FrameHeader>(buffer_.unread().data()), checked.error());
    }
    const FrameHeader& header = checked.value();
    if (buffer_.unread().size() < header.frame_bytes()) {
      // The frames before it do not wait for the rest of this one.
      submit_collected();
      auto filling = read_until(header.frame_bytes());
      CO_TRY(const bool whole, co_await std::move(filling));
      if (!whole) co_return Next::kClose;
    }
    const FrameView frame{header, buffer_.unread().first(header.frame_bytes())};
    const auto sound = protocol::check_payload(header, frame.payload());
    if (!sound) {
      refuse(header, VerdictCode::kDamaged, sound.error());
    } else if (protocol::is_stream_kind(header.kind) && header.kind != Kind::kRefused) {
      take_stream_frame(frame);
    } else {
      submit_collected();
      auto taking = take_control(frame);
      CO_TRY(const Next next, co_await std::move(taking));
      if (next == Next::kClose) co_return next;
      read_deadline_ = home_.now() + shared_.options.frame_timeout;  // Of what is here of the next.
    }
    buffer_.take(header.frame_bytes());
    if (collected_.size() < shared_.options.frames_together_max) continue;
    submit_collected();
    auto waiting = wait_to_read();
    if (!co_await std::move(waiting)) co_return Next::kClose;
  }
  co_return Next::kGoOn;
}

void Session::take_stream_frame(const FrameView& frame) {
  const FrameHeader& header = frame.header;
  constexpr auto kSequenceMax =
      static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  const bool has_place = header.sequence >= 1 && header.sequence <= kSequenceMax;
  if (header.run.is_zero() || header.writer.is_zero() ||
      (!has_place && header.kind != Kind::kSkip)) {
    answer(error_frame(
        fail(ErrorKind::kInvalid,
             "{} frame needs a run, a writer and a sequence from 1: run {} writer {} "
             "sequence {}",
             to_string(header.kind), header.run.hex(), header.writer.hex(), header.sequence),
        FrameName::of(header), false));
    return;
  }
  collected_.push_back(frame);
}

Task<Result<Session::Next>> Session::take_control(const FrameView& frame) {
  if (protocol::is_client_command(frame.header.kind)) {
    auto answering = answer_command(std::string(as_text(frame.bytes)));
    co_await std::move(answering);
    co_return Next::kGoOn;
  }
  switch (frame.header.kind) {
    case Kind::kPing: {
      FrameHeader pong;
      pong.kind = Kind::kPong;
      pong.sequence = frame.header.sequence;
      answer(protocol::make_frame(pong, {}));
      co_return Next::kGoOn;
    }
    case Kind::kPong:
      co_return Next::kGoOn;
    case Kind::kPositions:
    case Kind::kListExperiments:
    case Kind::kListRuns:
    case Kind::kGetRun:
    case Kind::kRunStorage:
    case Kind::kHistory:
    case Kind::kBuckets: {
      read_deadline_ = kNever;
      Executor& worker = frame.header.kind == Kind::kPositions ? lookup_ : query_;
      auto answering = answer_read(std::string(as_text(frame.bytes)), worker);
      co_await std::move(answering);
      co_return Next::kGoOn;
    }
    default:
      refuse(frame.header, VerdictCode::kUnsupported,
             fail(ErrorKind::kInvalid, "{} frame (kind {}) is unsupported here",
                  to_string(frame.header.kind), static_cast<int>(frame.header.kind)));
      co_return Next::kGoOn;
  }
}

Result<Session::Next> Session::refuse_header(const FrameHeader& header, const Error& error) {
  submit_collected();
  refuse(header, VerdictCode::kUnsupported, error);
  submit_collected();
  // Its length cannot be skipped over safely, or is too large: the client starts anew.
  return Error{error};
}

void Session::refuse(const FrameHeader& header, VerdictCode code, const Error& error) {
  log().warn("{}: run {} writer {} sequence {}: {}", stream_->peer(), header.run.hex(),
             header.writer.hex(), header.sequence, error.text);
  const bool in_stream = protocol::is_stream_kind(header.kind) && header.kind != Kind::kSkip &&
                         !header.run.is_zero() && !header.writer.is_zero() && header.sequence > 1;
  if (!in_stream) {
    answer(error_frame(error, FrameName::of(header), false));
    return;
  }
  // The refusal takes the frame's place in its stream, so that the stream goes on.
  wire::RefusedT refused;
  refused.verdict = static_cast<std::uint8_t>(code);
  refused.reason = error.text.substr(0, protocol::kReasonBytesMax);
  auto frame = std::make_shared<const std::string>(
      protocol::make_frame_of(Kind::kRefused, refused, header.run, header.writer, header.sequence));
  collected_.push_back({load_le<FrameHeader>(frame->data()), as_bytes(*frame)});
  own_.push_back(std::move(frame));
}

}  // namespace stepwell::ingest
