#include "engine/server/front_door.hpp"

#include <atomic>
#include <optional>

#include "engine/base/logging.hpp"
#include "engine/base/spawn.hpp"
#include "engine/http/heads.hpp"
#include "protocol/frame.hpp"

namespace stepwell::server {
namespace {

constexpr std::size_t kFirstBytes = 4096;

// A connection too many is given so long to say which language it is to be told in.
constexpr Instant kFullTimeout = milliseconds(500);
constexpr std::uint32_t kTellingFullMax = 64;  // Further ones are told at once, in a frame.

bool is_frame(const std::string& first) {
  return static_cast<std::uint8_t>(first[0]) == protocol::kFrameFirstByte;
}
// A request begins with its method.
bool is_http(const std::string& first) {
  return first[0] >= 'A' && static_cast<std::uint8_t>(first[0]) < 0x80;
}

// The first bytes of a connection; none if nothing came in time. Its end is seen by the stream's.
Task<std::string> read_first(Stream& stream, net::AsioExecutor& home, Instant timeout) {
  const TimerId timer = home.post_after(timeout, [&stream] { stream.close(); });
  std::string first(kFirstBytes, '\0');
  auto reading = stream.read_some({reinterpret_cast<std::byte*>(first.data()), first.size()});
  const auto n = co_await std::move(reading);
  const bool in_time = home.cancel(timer);
  first.resize(in_time && n ? n.value() : 0);
  co_return first;
}

// A coroutine that never ends is destroyed with its executor: it must not stay counted.
class Counted {
 public:
  explicit Counted(std::atomic<std::uint32_t>& count) : count_(count) { ++count_; }
  ~Counted() { --count_; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

 private:
  std::atomic<std::uint32_t>& count_;
};

std::string http_answer(const Error& error) {
  const http::Response response = http::error_response(error);
  http::Framing framing;
  framing.keep_alive = false;
  framing.length = response.body.size();
  return http::make_head(response, framing) + response.body;
}

Task<void> tell_and_close(std::shared_ptr<Stream> stream, std::string answer) {
  auto telling = stream->write_all(as_bytes(answer));
  static_cast<void>(co_await std::move(telling));  // It is closed whether this came or not.
  stream->close();
}

}  // namespace

FrontDoor::FrontDoor(std::unique_ptr<net::Listener> listener, ingest::Shared& shared,
                     http::Shared& http, Workers workers)
    : listener_(std::move(listener)), shared_(shared), http_(http), workers_(std::move(workers)) {}

bool FrontDoor::is_full() const {
  return shared_.connections + http_.connections >= shared_.options.connections_max;
}

template <typename Session>
void FrontDoor::know(const std::shared_ptr<Session>& session, Executor& home) {
  const std::weak_ptr<Session> weak = session;
  auto sessions = sessions_.lock();
  std::erase_if(*sessions, [](const Known& known) { return known.session.expired(); });
  sessions->push_back({weak, [weak, &home] {
                         home.post([weak] {
                           if (const auto alive = weak.lock()) alive->drain();
                         });
                       }});
}

Task<void> FrontDoor::accept_all() {
  const auto self = shared_from_this();
  for (std::size_t turn = 0; !draining_; ++turn) {
    net::AsioExecutor& home = *workers_.network[turn % workers_.network.size()];
    Executor& query = *workers_.query[turn % workers_.query.size()];
    auto accepting = listener_->accept(home);
    auto accepted = co_await std::move(accepting);
    if (!accepted) co_return;
    // The task must start on the stream's own executor.
    spawn(home, welcome(std::move(accepted.value()), home, query));
  }
}

// Frames' clients hear it in a frame, HTTP's as 429: they try again, and would not on anything
// else.
Task<void> FrontDoor::tell_full(std::unique_ptr<Stream> stream, net::AsioExecutor& home) {
  const std::shared_ptr<Stream> shared = std::move(stream);
  const Error full = fail(ErrorKind::kOverloaded, "{} connections are open, the most there may be",
                          shared_.options.connections_max);
  std::string answer = ingest::error_frame(full, {}, true);
  if (telling_full_ < kTellingFullMax) {
    const Counted counted(telling_full_);
    const TimerId timer = home.post_after(
        kFullTimeout, [shared, &home, answer] { spawn(home, tell_and_close(shared, answer)); });
    std::string first(1, '\0');
    auto reading = shared->read_some({reinterpret_cast<std::byte*>(first.data()), first.size()});
    const auto n = co_await std::move(reading);
    if (!home.cancel(timer)) co_return;  // It said nothing, and is being told.
    if (n && n.value() > 0 && is_http(first)) answer = http_answer(full);
  }
  auto telling = tell_and_close(shared, std::move(answer));
  co_await std::move(telling);
}

Task<void> FrontDoor::welcome(std::unique_ptr<Stream> stream, net::AsioExecutor& home,
                              Executor& query) {
  const auto self = shared_from_this();
  if (is_full()) {
    auto telling = tell_full(std::move(stream), home);
    co_await std::move(telling);
    co_return;
  }
  // Counted from here on, so that connections which say nothing are limited too.
  std::optional<Counted> counted(shared_.connections);
  auto reading = read_first(*stream, home, shared_.options.handshake_timeout);
  std::string first = co_await std::move(reading);
  counted.reset();  // A session counts itself.
  if (first.empty()) co_return;
  if (is_frame(first)) {
    auto session =
        std::make_shared<ingest::Session>(shared_, std::move(stream), home, query, workers_.lookup);
    know(session, home);
    if (draining_) session->drain();
    auto running = session->run(std::move(first));
    co_await std::move(running);
    co_return;
  }
  if (is_http(first)) {
    auto session = std::make_shared<http::Session>(http_, std::move(stream), home, query);
    know(session, home);
    if (draining_) session->drain();
    auto running = session->run(std::move(first));
    co_await std::move(running);
    co_return;
  }
  const auto byte = static_cast<std::uint8_t>(first[0]);
  log().info("{}: speaks neither frames nor HTTP, first byte {:#04x}", stream->peer(), byte);
  const std::string answer = ingest::error_frame(
      fail(ErrorKind::kInvalid, "the first byte is {:#04x}, a frame starts with {:#04x}", byte,
           protocol::kFrameFirstByte),
      {}, true);
  auto telling = stream->write_all(as_bytes(answer));
  static_cast<void>(co_await std::move(telling));
  stream->close();
}

void FrontDoor::drain() {
  draining_ = true;
  http_.draining = true;
  listener_->close();
  // Named: a lock within the loop's head would be let go before the loop begins.
  auto sessions = sessions_.lock();
  for (const Known& known : *sessions) known.drain();
}

std::size_t FrontDoor::open_sessions() {
  auto sessions = sessions_.lock();
  std::erase_if(*sessions, [](const Known& known) { return known.session.expired(); });
  return sessions->size();
}

}  // namespace stepwell::server
