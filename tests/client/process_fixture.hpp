#pragma once

// A trainer's Client on real files, and a scripted server behind a real port.

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <future>

#include "engine/base/spawn.hpp"
#include "engine/io/net/tcp.hpp"
#include "engine/io/posix.hpp"
#include "protocol/client/client.hpp"
#include "protocol/client/replay.hpp"
#include "tests/client/script_peer.hpp"
#include "tests/client/support.hpp"

namespace stepwell::client {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A ScriptPeer behind a real port.
class PeerServer {
 public:
  PeerServer() : peer_(executor_) {
    executor_.start("peer");
    listener_ = std::move(net::tcp_listen(executor_, "127.0.0.1", 0).value());
    spawn(executor_, accept_loop(listener_.get()));
  }
  ~PeerServer() {
    with([this](ScriptPeer&) { listener_.reset(); });
    executor_.finish();
    EXPECT_TRUE(executor_.join_for(seconds(5)));
  }
  std::string address() { return "127.0.0.1:" + std::to_string(listener_->port()); }
  // Runs on the peer's thread.
  void with(std::function<void(ScriptPeer&)> act) {
    std::promise<void> done;
    executor_.post([&] {
      act(peer_);
      done.set_value();
    });
    done.get_future().get();
  }
  std::map<std::pair<RunId, WriterId>, PeerStream> streams() {
    std::map<std::pair<RunId, WriterId>, PeerStream> copy;
    with([&](ScriptPeer& peer) { copy = peer.streams; });
    return copy;
  }
  std::uint64_t points() {
    std::uint64_t n = 0;
    for (const auto& [key, stream] : streams()) n += count(points_of_frames(stream.applied));
    return n;
  }

 private:
  Task<void> accept_loop(net::Listener* listener) {
    for (;;) {
      auto accepting = listener->accept();
      auto stream = co_await std::move(accepting);
      if (!stream) break;
      peer_.attach(std::move(stream.value()));
    }
  }
  net::AsioExecutor executor_;
  ScriptPeer peer_;
  std::unique_ptr<net::Listener> listener_;
};

struct ProcessTest : testing::Test {
  std::string directory;
  ClientOptions options;

  void SetUp() override {
    char name[] = "/tmp/stepwell-client-XXXXXX";
    directory = mkdtemp(name);
    options.spool = directory + "/spool";
    options.experiment = "test";
    options.flush_interval = milliseconds(50);
    options.close_wait = seconds(5);
  }
  void TearDown() override { std::filesystem::remove_all(directory); }

  SpoolListing listing() {
    io::PosixFileSystem files;
    auto found = list_spool(files, {options.spool});
    return found ? found.value() : SpoolListing();
  }
  // Points and steps that lie in the spool, over all its writers.
  PointsBySeries spooled(std::vector<FileDamage>* damages = nullptr) {
    io::PosixFileSystem files;
    PointsBySeries points;
    std::vector<FileDamage> found;
    for (const auto& writer : listing().writers) {
      auto source = SpooledSource::open(files, writer, found).value();
      for (std::uint64_t s = 1; s <= source->last_sequence(); ++s) {
        const auto frame = source->from(s).value();
        if (frame && frame->first == s && frame->kind == protocol::Kind::kBatch) {
          add_points(points, as_bytes(frame->bytes).subspan(sizeof(protocol::FrameHeader)));
        }
      }
    }
    if (damages) *damages = found;
    return points;
  }
};

}  // namespace stepwell::client
