#pragma once

// The binary door on a store in RAM, driven by hand: peers send bytes as they like and read frames.

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/hand_executor.hpp"
#include "engine/ingest/session.hpp"
#include "engine/io/memory.hpp"
#include "engine/io/net/memory_pipe.hpp"
#include "engine/tracking/fold.hpp"
#include "engine/tracking/tracking.hpp"
#include "protocol/messages.hpp"

namespace stepwell::ingest {

inline constexpr Instant kLong = std::chrono::seconds(5);

// A client's end of a connection.
class Peer {
 public:
  Peer(HandExecutor& executor, std::unique_ptr<Stream> stream,
       std::shared_ptr<net::PipeControl> control);

  void send(std::string bytes);
  // The same without letting anything run.
  void queue(std::string bytes);
  // The next frame that came, or nothing if none does.
  std::optional<std::string> next_frame();
  // The next frame's payload, which must be of this kind.
  template <typename Native>
  Native expect(protocol::Kind kind);
  bool is_closed() const { return state_->closed; }
  void close();
  net::PipeControl& network() { return *control_; }
  // Stops reading what comes.
  void stop_reading() { state_->reads = false; }
  void start_reading() { state_->reads = true; }

 private:
  struct State {
    std::unique_ptr<Stream> stream;
    std::string received;
    std::string outgoing;
    bool writing = false;
    bool reads = true;
    bool closed = false;
  };
  static Task<void> read_all(std::shared_ptr<State> state, HandExecutor& executor);
  static Task<void> write_all(std::shared_ptr<State> state);

  HandExecutor& executor_;
  std::shared_ptr<State> state_;
  std::shared_ptr<net::PipeControl> control_;
};

class DoorTest : public ::testing::Test {
 protected:
  DoorTest();
  ~DoorTest() override;

  void start(Options options = {}, store::Options store_options = {});
  // Without hello.
  Peer connect_raw(net::PipeOptions pipe = {});
  Peer connect(net::PipeOptions pipe = {});
  tracking::View view() { return tracking_->snapshot().value(); }
  // Points of a run's metric in the store.
  std::uint64_t points(const RunId& run);
  // Somebody else's connection still works.
  void expect_others_unaffected();

  HandExecutor executor;
  HandExecutor busy;              // Does nothing until it is told to.
  Executor* query_ = &executor;   // Where reads are worked out; a test may give it another.
  Executor* lookup_ = &executor;  // Where positions are.
  std::unique_ptr<Shared> shared_;

 private:
  struct HandClock final : Clock {
    std::int64_t now_ms() const override { return 1'700'000'000'000; }
  };

  io::World world_{1};
  io::MemoryFileSystem files_{world_};
  SeededRandom random_{3};
  HandClock clock_;
  std::string index_directory_;
  tracking::Fold fold_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<tracking::Tracking> tracking_;
};

inline RunId a_run(std::uint8_t number = 1) {
  RunId id;
  id.bytes.fill(number);
  return id;
}
inline WriterId a_writer(std::uint8_t number = 2) {
  WriterId id;
  id.bytes.fill(number);
  return id;
}

std::string hello_frame();
std::string open_frame(RunId run = a_run(), WriterId writer = a_writer());
// `points` points of one metric, steps from `step` on.
std::string batch_frame(std::uint64_t sequence, std::int64_t step, std::size_t points = 1,
                        RunId run = a_run(), WriterId writer = a_writer());

template <typename Native>
Native Peer::expect(protocol::Kind kind) {
  const auto frame = next_frame();
  if (!frame) {
    ADD_FAILURE() << "no frame came, expected " << protocol::to_string(kind);
    return {};
  }
  const auto view = protocol::read_frame(as_bytes(*frame)).value();
  EXPECT_EQ(to_string(view.header.kind), to_string(kind));
  auto decoded = protocol::decode<Native>(view.payload());
  if (view.header.kind != kind || !decoded) return {};
  return std::move(decoded.value());
}

}  // namespace stepwell::ingest
