#include "engine/server/front_door.hpp"

#include "engine/base/logging.hpp"
#include "engine/base/spawn.hpp"
#include "protocol/frame.hpp"

namespace stepwell::server {
namespace {

constexpr std::size_t kFirstBytes = 4096;

std::string http_refusal() {
  const std::string body =
      "stepwell " STEPWELL_VERSION " does not speak HTTP yet; use its binary protocol\n";
  return fmt::format(
      "HTTP/1.1 501 Not Implemented\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n"
      "Connection: close\r\n\r\n{}",
      body.size(), body);
}

}  // namespace

FrontDoor::FrontDoor(std::unique_ptr<net::Listener> listener, ingest::Shared& shared,
                     Workers workers)
    : listener_(std::move(listener)), shared_(shared), workers_(std::move(workers)) {}

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

Task<void> FrontDoor::welcome(std::unique_ptr<Stream> stream, net::AsioExecutor& home,
                              Executor& query) {
  const auto self = shared_from_this();
  if (shared_.connections >= shared_.options.connections_max) {
    const Error full =
        fail(ErrorKind::kOverloaded, "{} connections are open, the most there may be",
             shared_.options.connections_max);
    const std::string frame = ingest::error_frame(full, {}, true);
    auto telling = stream->write_all(as_bytes(frame));
    static_cast<void>(co_await std::move(telling));  // It is closed whether this came or not.
    stream->close();
    co_return;
  }
  // Counted from here on, so that connections which say nothing are limited too.
  ++shared_.connections;
  Stream& open = *stream;
  const TimerId timer =
      home.post_after(shared_.options.handshake_timeout, [&open] { open.close(); });
  std::string first(kFirstBytes, '\0');
  auto reading = open.read_some({reinterpret_cast<std::byte*>(first.data()), first.size()});
  const auto n = co_await std::move(reading);
  const bool in_time = home.cancel(timer);
  --shared_.connections;
  if (!in_time || !n || n.value() == 0) co_return;
  first.resize(n.value());
  if (static_cast<std::uint8_t>(first[0]) == protocol::kFrameFirstByte) {
    auto session =
        std::make_shared<ingest::Session>(shared_, std::move(stream), home, query, workers_.lookup);
    {
      auto sessions = sessions_.lock();
      std::erase_if(*sessions, [](const Known& known) { return known.session.expired(); });
      sessions->push_back({session, &home});
    }
    if (draining_) session->drain();
    auto running = session->run(std::move(first));
    co_await std::move(running);
    co_return;
  }
  log().info("{}: speaks no frames, first byte {:#04x}", open.peer(),
             static_cast<std::uint8_t>(first[0]));
  const bool text = static_cast<std::uint8_t>(first[0]) < 0x80 && first[0] >= 'A';
  const std::string answer =
      text ? http_refusal()
           : ingest::error_frame(
                 fail(ErrorKind::kInvalid, "the first byte is {:#04x}, a frame starts with {:#04x}",
                      static_cast<std::uint8_t>(first[0]), protocol::kFrameFirstByte),
                 {}, true);
  auto telling = open.write_all(as_bytes(answer));
  static_cast<void>(co_await std::move(telling));
  stream->close();
}

void FrontDoor::drain() {
  draining_ = true;
  listener_->close();
  // Named: a lock within the loop's head would be let go before the loop begins.
  auto sessions = sessions_.lock();
  for (const Known& known : *sessions) {
    known.home->post([session = known.session] {
      if (const auto alive = session.lock()) alive->drain();
    });
  }
}

std::size_t FrontDoor::open_sessions() {
  auto sessions = sessions_.lock();
  std::erase_if(*sessions, [](const Known& known) { return known.session.expired(); });
  return sessions->size();
}

}  // namespace stepwell::server
