#include "engine/http/session.hpp"

#include <algorithm>

#include "engine/base/logging.hpp"
#include "engine/http/dispatch.hpp"
#include "engine/http/heads.hpp"
#include "protocol/text.hpp"

namespace stepwell::http {
namespace {

constexpr Instant kNever = Instant::max();
constexpr std::size_t kReadBytes = 8 << 10;  // What an idle connection holds.
constexpr std::size_t kReadBytesOfBody = 64 << 10;
// What a client that was refused may still send while it is told so.
constexpr std::size_t kLingerBytes = 1 << 20;
constexpr Instant kLingerTime = std::chrono::seconds(2);
constexpr std::size_t kRequestIdBytesMax = 64;

bool is_request_id(std::string_view text) {
  return !text.empty() && text.size() <= kRequestIdBytesMax &&
         std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_' || c == '.';
         });
}

}  // namespace

Session::Session(Shared& shared, std::unique_ptr<Stream> stream, Executor& home, Executor& query)
    : shared_(shared),
      stream_(std::move(stream)),
      home_(home),
      query_(query),
      context_{shared, home, query},
      deadline_(kNever),
      timer_at_(kNever),
      id_prefix_(shared.random.next_u64()) {
  ++shared_.connections;
}

Session::~Session() {
  count_body(0);
  --shared_.connections;
}

Task<void> Session::run(std::string first) {
  const auto self = shared_from_this();
  log().debug("{}: connected, speaks HTTP", stream_->peer());
  inbox_ = std::move(first);
  while (!closed_ && !last_) {
    auto reading = read_request();
    if (!co_await std::move(reading)) break;
    auto answering = answer_request();
    co_await std::move(answering);
  }
  close();
}

Task<bool> Session::read_request() {
  parser_.emplace(shared_.options);
  phase_ = Phase::kNone;
  bool told_to_go_on = false;
  while (!closed_) {
    inbox_.erase(0, parser_->put(inbox_));
    const bool fits = count_body(parser_->body_bytes());
    if (parser_->refusal() || !fits) {
      const Refusal crowded{429, "The server holds too many requests' bodies: try again later"};
      auto refusing = refuse(parser_->refusal().value_or(crowded));
      co_await std::move(refusing);
      co_return false;
    }
    if (parser_->done()) co_return true;
    if (parser_->expects_continue() && !std::exchange(told_to_go_on, true)) {
      auto telling = write_all(std::string(kContinue));
      if (!co_await std::move(telling)) co_return false;
    }
    enter(parser_->head_done() ? Phase::kBody : inbox_.empty() ? Phase::kIdle : Phase::kHead);
    if (phase_ == Phase::kIdle && draining_) co_return false;
    auto more = read_more();
    if (!co_await std::move(more)) co_return false;
  }
  co_return false;
}

// There is one time for the head and one for the body, however many pieces they come in.
void Session::enter(Phase phase) {
  if (phase == phase_) return;
  phase_ = phase;
  switch (phase) {
    case Phase::kIdle:
      inbox_.shrink_to_fit();
      return set_deadline(shared_.options.idle_timeout);
    case Phase::kHead:
      return set_deadline(shared_.options.head_timeout);
    case Phase::kBody:
      return set_deadline(shared_.options.body_timeout);
    case Phase::kNone:
      return clear_deadline();
  }
}

Task<bool> Session::read_more() {
  const std::size_t room = phase_ == Phase::kBody ? kReadBytesOfBody : kReadBytes;
  const std::size_t before = inbox_.size();
  inbox_.resize(before + room);
  auto reading = stream_->read_some({reinterpret_cast<std::byte*>(inbox_.data()) + before, room});
  const auto n = co_await std::move(reading);
  inbox_.resize(before + (n ? n.value() : 0));
  co_return n&& n.value() > 0;
}

Task<void> Session::refuse(Refusal refusal) {
  Request request = parser_->take();
  request.body = {};
  count_body(0);
  request.id = request_id(request);
  request.keep_alive = false;
  log().info("{}: refused with {}: {}", stream_->peer(), refusal.status, refusal.text);
  Response response = refusal.status == 429
                          ? error_response(Error{ErrorKind::kOverloaded, refusal.text},
                                           shared_.options.retry_after_s)
                          : error_response(refusal.status, "BAD_REQUEST", refusal.text);
  auto writing = write(std::move(response), request);
  if (!co_await std::move(writing)) co_return;
  // A connection that is closed while bytes still come is reset, and the answer may be lost.
  set_deadline(kLingerTime);
  for (std::size_t n = 0; n < kLingerBytes && !closed_; n += inbox_.size()) {
    inbox_.clear();
    auto more = read_more();
    if (!co_await std::move(more)) break;
  }
}

Task<void> Session::answer_request() {
  enter(Phase::kNone);
  const Instant begin = home_.now();
  Request request = parser_->take();
  parser_.reset();
  request.id = request_id(request);
  Response response;
  if (draining_) {
    response = error_response(Error{ErrorKind::kOverloaded, "The server is stopping: try again"},
                              shared_.options.retry_after_s);
  } else {
    auto dispatching = dispatch(context_, request);
    response = co_await std::move(dispatching);
  }
  const int status = response.status;
  written_bytes_ = 0;
  auto writing = write(std::move(response), request);
  if (!co_await std::move(writing)) last_ = true;
  count_body(0);
  if (!log().should_log(spdlog::level::debug)) co_return;
  log().debug("{} {} {} {} {} bytes {} us {}", stream_->peer(), request.method_name,
              protocol::quoted(request.path), status, written_bytes_,
              (home_.now() - begin) / std::chrono::microseconds(1), request.id);
}

void Session::set_deadline(Instant after) {
  deadline_ = home_.now() + after;
  if (!timer_ || deadline_ < timer_at_) start_timer();
}

void Session::clear_deadline() {
  deadline_ = kNever;  // The timer goes on, and finds nothing to do.
}

void Session::start_timer() {
  if (timer_) home_.cancel(*timer_);
  timer_at_ = deadline_;
  timer_ = home_.post_after(deadline_ - home_.now(), [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->on_timer();
  });
}

void Session::on_timer() {
  timer_.reset();
  if (closed_ || deadline_ == kNever) return;
  if (home_.now() < deadline_) return start_timer();
  log().info("{}: closed: nothing came, or it came or was read too slowly", stream_->peer());
  close();
}

bool Session::count_body(std::size_t bytes) {
  const std::uint64_t all = shared_.body_bytes += bytes - body_bytes_;  // Wraps where it is less.
  body_bytes_ = bytes;
  return bytes == 0 || all <= shared_.options.all_body_bytes_max;
}

// The client's own where it sent one that is fit for a log.
std::string Session::request_id(const Request& request) {
  const std::string_view given = request.header("X-Request-Id");
  if (is_request_id(given)) return std::string(given);
  return fmt::format("{:016x}-{}", id_prefix_, ++requests_);
}

void Session::drain() {
  draining_ = true;
  if (phase_ == Phase::kIdle) close();
}

void Session::close() {
  if (std::exchange(closed_, true)) return;
  if (timer_) home_.cancel(*timer_);
  stream_->close();
}

}  // namespace stepwell::http
