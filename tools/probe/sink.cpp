#include "tools/probe/sink.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <thread>
#include <vector>

#include "engine/base/spawn.hpp"
#include "engine/io/durable_queue.hpp"
#include "engine/io/net/asio_executor.hpp"
#include "engine/io/net/tcp.hpp"
#include "engine/io/posix.hpp"
#include "protocol/limits.hpp"
#include "protocol/messages.hpp"

namespace stepwell::tools {
namespace {

using protocol::Kind;

constexpr std::size_t kReadBytes = 1 << 20;
constexpr std::uint64_t kCreditMax = 8 << 20;  // The server's default limits.
constexpr std::uint64_t kPendingBytes = 128 << 20;
constexpr std::uint64_t kRecordHeaderBytes = 32;
constexpr std::uint64_t kGroupHeaderBytes = 64;

struct Connection {
  explicit Connection(std::unique_ptr<Stream> s) : stream(std::move(s)) {}
  std::unique_ptr<Stream> stream;
  std::string outgoing;
  bool writing = false;
  bool closed = false;
};
using ConnectionPtr = std::shared_ptr<Connection>;

struct Group {
  std::unique_ptr<std::byte, void (*)(void*)> memory{nullptr, std::free};
  std::uint64_t capacity = 0;
  std::uint64_t bytes = kGroupHeaderBytes;
  std::map<ConnectionPtr, std::map<std::pair<RunId, WriterId>, std::uint64_t>> decided;
  bool durable = false;
};

class Sink {
 public:
  explicit Sink(const SinkOptions& options) : options_(options) {}

  Result<void> open() {
    TRY(queue_, files_.durable_queue(executor_, options_.groups_in_flight_max));
    for (unsigned i = 0; i < options_.segments; ++i) {
      const std::string path = fmt::format("{}/probe-{}", options_.directory, i);
      TRY(make_zeroed_file(path, options_.segment_bytes));
      TRY(auto file, queue_->open(path));
      segments_.push_back(std::move(file));
    }
    TRY(listener_, net::tcp_listen(executor_, "127.0.0.1", 0));
    open_ = take_group();
    return ok();
  }

  [[noreturn]] void run(const std::function<void(std::uint16_t)>& ready) {
    executor_.start("sink");
    spawn(executor_, accept_all());
    ready(listener_->port());
    while (true) std::this_thread::sleep_for(std::chrono::hours(1));
  }

 private:
  Task<void> accept_all() {
    while (true) {
      auto accepting = listener_->accept();
      auto stream = co_await std::move(accepting);
      if (!stream) co_return;
      spawn(executor_, serve(std::make_shared<Connection>(std::move(stream.value()))));
    }
  }

  Task<void> serve(ConnectionPtr connection) {
    std::vector<std::uint64_t> buffer(kReadBytes / 8);
    std::size_t begin = 0, end = 0;
    while (true) {
      const MutableBytes all = std::as_writable_bytes(std::span(buffer));
      if (end == all.size() && begin > 0) {
        std::memmove(all.data(), all.data() + begin, end - begin);
        end -= begin;
        begin = 0;
      }
      auto reading = connection->stream->read_some(all.subspan(end));
      const auto got = co_await std::move(reading);
      if (!got || got.value() == 0) break;
      end += got.value();
      while (true) {
        const auto frame = protocol::read_frame(Bytes(all).subspan(begin, end - begin));
        if (!frame) break;  // Not whole yet; nobody sends damage here.
        take(connection, frame.value());
        begin += frame.value().bytes.size();
      }
      if (begin == end) begin = end = 0;
      submit();
    }
    connection->closed = true;
  }

  void take(const ConnectionPtr& connection, const protocol::FrameView& frame) {
    switch (frame.header.kind) {
      case Kind::kHello: {
        wire::WelcomeT welcome;
        welcome.version = protocol::kVersion;
        welcome.server = "stepwell probe";
        welcome.credit = credit();
        welcome.limits = std::make_unique<wire::LimitsT>();
        return answer(connection, protocol::make_frame_of(Kind::kWelcome, welcome));
      }
      case Kind::kPositions: {
        auto asked = protocol::decode<wire::PositionsT>(frame.payload());
        for (auto& position : asked.value().positions)
          position = {position.run(), position.writer(), 1};
        return answer(connection, protocol::make_frame_of(Kind::kPositions, asked.value()));
      }
      case Kind::kPing:
      case Kind::kPong:
        return;
      default:
        break;
    }
    const std::uint64_t bytes = kRecordHeaderBytes + frame.bytes.size();
    if (open_->bytes + bytes > options_.group_bytes_max && open_->bytes > kGroupHeaderBytes)
      close_group();
    std::memcpy(open_->memory.get() + open_->bytes + kRecordHeaderBytes, frame.bytes.data(),
                frame.bytes.size());
    open_->bytes += bytes;
    auto& up_to = open_->decided[connection][{frame.header.run, frame.header.writer}];
    up_to = std::max(up_to, frame.header.sequence);
  }

  std::uint64_t credit() const {
    return std::min(kCreditMax, kPendingBytes / (2 * options_.connections));
  }

  std::unique_ptr<Group> take_group() {
    if (!free_.empty()) {
      auto group = std::move(free_.back());
      free_.pop_back();
      group->bytes = kGroupHeaderBytes;
      group->durable = false;
      group->decided.clear();
      return group;
    }
    auto group = std::make_unique<Group>();
    group->capacity = options_.group_bytes_max + io::kBlockBytes;
    group->memory.reset(
        static_cast<std::byte*>(std::aligned_alloc(io::kBlockBytes, group->capacity)));
    std::memset(group->memory.get(), 0, group->capacity);
    return group;
  }

  void close_group() {
    waiting_.push_back(std::move(open_));
    open_ = take_group();
  }

  // As soon as a slot is free: the group commit clocks itself.
  void submit() {
    while (in_flight_.size() < options_.groups_in_flight_max) {
      if (waiting_.empty()) {
        if (open_->bytes == kGroupHeaderBytes) return;
        close_group();
      }
      in_flight_.push_back(std::move(waiting_.front()));
      waiting_.pop_front();
      Group* group = in_flight_.back().get();
      const std::uint64_t padded = align_up(group->bytes, io::kBlockBytes);
      if (offset_ + padded > options_.segment_bytes) {
        offset_ = 0;
        segment_ = (segment_ + 1) % segments_.size();
      }
      queue_->write(*segments_[segment_], Bytes(group->memory.get(), padded),
                    std::exchange(offset_, offset_ + padded),
                    [this, group](const Result<void>& done) { written(*group, done); });
    }
  }

  void written(Group& group, const Result<void>& done) {
    if (!done) {
      fmt::print(stderr, "stepwell probe: {}\n", done.error().text);
      std::_Exit(74);
    }
    group.durable = true;
    while (!in_flight_.empty() && in_flight_.front()->durable) {
      for (const auto& [connection, writers] : in_flight_.front()->decided) {
        wire::AckT ack;
        ack.credit = credit();
        for (const auto& [name, up_to] : writers) {
          ack.decided.emplace_back(protocol::to_wire(name.first), protocol::to_wire(name.second),
                                   up_to);
        }
        answer(connection, protocol::make_frame_of(Kind::kAck, ack));
      }
      free_.push_back(std::move(in_flight_.front()));
      in_flight_.pop_front();
    }
    submit();
  }

  void answer(const ConnectionPtr& connection, const std::string& frame) {
    connection->outgoing += frame;
    if (!connection->closed && !std::exchange(connection->writing, true)) {
      spawn(executor_, write_answers(connection));
    }
  }

  Task<void> write_answers(ConnectionPtr connection) {
    while (!connection->outgoing.empty() && !connection->closed) {
      const std::string bytes = std::exchange(connection->outgoing, {});
      auto writing = connection->stream->write_all(as_bytes(bytes));
      const auto written = co_await std::move(writing);
      if (!written) connection->closed = true;
    }
    connection->writing = false;
  }

  const SinkOptions options_;
  io::PosixFileSystem files_;
  net::AsioExecutor executor_;
  std::unique_ptr<io::DurableQueue> queue_;
  std::vector<std::unique_ptr<io::DurableFile>> segments_;
  std::unique_ptr<net::Listener> listener_;
  std::unique_ptr<Group> open_;
  std::deque<std::unique_ptr<Group>> waiting_;
  std::deque<std::unique_ptr<Group>> in_flight_;
  std::vector<std::unique_ptr<Group>> free_;
  std::size_t segment_ = 0;
  std::uint64_t offset_ = 0;
};

}  // namespace

Result<void> make_zeroed_file(const std::string& path, std::uint64_t bytes) {
  io::PosixFileSystem files;
  TRY(const auto file, files.open(path, io::OpenMode::kCreate));
  const std::vector<std::byte> zeroes(1 << 20);
  for (std::uint64_t at = 0; at < bytes; at += zeroes.size()) {
    TRY(file->write_at(Bytes(zeroes).first(std::min<std::uint64_t>(zeroes.size(), bytes - at)),
                       at));
  }
  return file->sync();
}

Result<void> run_sink(const SinkOptions& options, const std::function<void(std::uint16_t)>& ready) {
  Sink sink(options);
  TRY(sink.open());
  sink.run(ready);
}

}  // namespace stepwell::tools
