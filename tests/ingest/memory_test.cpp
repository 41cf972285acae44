// What connections may hold of the server's memory, whatever their clients send or leave unread.
#include "protocol/batch_builder.hpp"
#include "protocol/limits.hpp"
#include "tests/ingest/door_fixture.hpp"

namespace stepwell::ingest {
namespace {

using protocol::FrameHeader;
using protocol::Kind;

using MemoryTest = DoorTest;

// The head of a frame that claims to be of the largest size, and the first bytes after it.
std::string beginning_of_largest_frame(std::size_t bytes) {
  FrameHeader header;
  header.kind = Kind::kBatch;
  header.run = a_run();
  header.writer = a_writer();
  header.sequence = 2;
  std::string frame = protocol::make_frame(header, "");
  auto claimed = load_le<FrameHeader>(frame.data());
  claimed.payload_bytes = protocol::kFrameBytesMax - sizeof(FrameHeader);
  store_le(frame.data(), claimed);
  protocol::restamp(frame, a_run(), a_writer(), 2);
  frame.resize(bytes);
  return frame;
}

TEST_F(MemoryTest, HeadersThatClaimLargeFramesHoldUpNobody) {
  start();
  std::vector<Peer> silent;
  for (int i = 0; i < 20; ++i) {
    silent.push_back(connect());
    silent.back().send(beginning_of_largest_frame(72));
  }
  EXPECT_EQ(shared_->buffers.used_bytes(), 0u);
  expect_others_unaffected();
  Peer other = connect();
  other.send(open_frame() + batch_frame(2, 0, 100'000));
  executor.advance(kLong);
  EXPECT_EQ(points(a_run()), 100'000u);
}

TEST_F(MemoryTest, WhenTheBuffersAreUsedUpSmallFramesPassAndTimedOutConnectionsEnd) {
  Options options;
  options.frame_timeout = std::chrono::seconds(10);
  start(options);
  std::vector<BufferMemory> taken;
  while (auto memory = shared_->buffers.try_take(BufferPool::kGrownBytes)) taken.push_back(memory);
  Peer waiting = connect();
  waiting.send(beginning_of_largest_frame(64 << 10));
  executor.advance(std::chrono::seconds(5));
  EXPECT_FALSE(waiting.is_closed());
  {
    Peer other = connect();
    std::string bytes = open_frame();
    for (std::uint64_t i = 0; i < 500; ++i) bytes += batch_frame(2 + i, static_cast<int>(i));
    other.send(std::move(bytes));
    executor.advance(milliseconds(100));
    EXPECT_EQ(points(a_run()), 500u);
    other.close();
  }
  executor.advance(std::chrono::seconds(7));
  EXPECT_EQ(shared_->connections, 0u);
}

// Batches whose steps the server gives: each ack has something to tell of each.
std::string server_steps_frame(std::uint64_t sequence, std::uint8_t number) {
  protocol::KeyListBuilder keys;
  EXPECT_TRUE(keys.add("x"));
  const std::vector<double> values(1, 0.5);
  const std::vector<std::int64_t> times(1, 1);
  protocol::BatchBuilder batch;
  batch.add_block(keys, 1, {{}, times, values, {}});
  FrameHeader header;
  header.kind = Kind::kBatch;
  header.run = a_run(number);
  header.writer = a_writer(number);
  header.sequence = sequence;
  return protocol::make_frame(header, batch.finish());
}

// Frames that each leave something to tell: a first step, or a gap.
std::string frames_to_answer(std::uint8_t number, std::uint64_t count) {
  std::string bytes = open_frame(a_run(number), a_writer(number));
  for (std::uint64_t i = 0; i < count; ++i) {
    bytes += number % 2 == 0 ? batch_frame(3 + i, 0, 1, a_run(number), a_writer(number))
                             : server_steps_frame(2 + i, number);
  }
  return bytes;
}

TEST_F(MemoryTest, AnswersThatNobodyReadsAreBoundedInAConnectionAndInAll) {
  Options options;
  options.answer_bytes_max = 96 << 10;
  options.answer_bytes_most = 32 << 10;
  options.answer_bytes_least = 2 << 10;
  options.frames_together_max = 16;
  options.write_timeout = std::chrono::hours(1);
  start(options);
  net::PipeOptions narrow;
  narrow.capacity = 4096;
  constexpr std::uint8_t kPeers = 12;
  constexpr std::uint64_t kFrames = 3000;
  std::vector<Peer> peers;
  for (std::uint8_t number = 1; number <= kPeers; ++number) {
    peers.push_back(connect(narrow));
    peers.back().stop_reading();
    peers.back().send(frames_to_answer(number, kFrames));
    executor.advance(kLong);
    if (number == 1) {
      EXPECT_GT(shared_->answer_bytes, options.answer_bytes_most / 2);
      EXPECT_LT(shared_->answer_bytes, options.answer_bytes_most * 3 / 2);
    }
  }
  EXPECT_GT(shared_->answer_bytes, options.answer_bytes_max / 2);
  EXPECT_LT(shared_->answer_bytes, options.answer_bytes_max * 2);
  // Whoever reads is served all the same, and what waits is not lost.
  expect_others_unaffected();
  for (Peer& peer : peers) peer.start_reading();
  executor.advance(std::chrono::seconds(60));
  EXPECT_EQ(shared_->answer_bytes, 0u);
  for (std::uint8_t number = 1; number <= kPeers; number += 2) {
    EXPECT_EQ(points(a_run(number)), kFrames);
  }
}

TEST_F(MemoryTest, WhatIsInFlightCountsForTheAnswerItWillGet) {
  start();
  Peer peer = connect();
  std::uint64_t greatest = 0;
  executor.post([&] { peer.queue(frames_to_answer(1, 2000)); });
  for (int i = 0; i < 100'000 && executor.run_one(); ++i) {
    greatest = std::max<std::uint64_t>(greatest, shared_->answer_bytes);
  }
  // The pipe's 64 KiB of frames of some 150 bytes, before any is decided.
  EXPECT_GT(greatest, 64'000u);
  executor.advance(kLong);
  EXPECT_EQ(shared_->answer_bytes, 0u);
}

TEST_F(MemoryTest, WhatComesInOnePieceIsTakenAsLimitsAllow) {
  Options options;
  options.answer_bytes_most = 16 << 10;
  options.frames_together_max = 32;
  start(options);
  net::PipeOptions wide;
  wide.capacity = 1 << 20;
  Peer peer = connect(wide);
  std::uint64_t greatest = 0;
  executor.post([&] { peer.queue(frames_to_answer(1, 2000)); });
  for (bool more = true; more; more = executor.run_one() || executor.advance_to_next_timer()) {
    greatest = std::max<std::uint64_t>(greatest, shared_->answer_bytes);
    if (executor.now() > std::chrono::seconds(5)) break;
  }
  EXPECT_GT(greatest, 8u << 10);
  EXPECT_LT(greatest, 48u << 10);
  EXPECT_EQ(points(a_run(1)), 2000u);
}

TEST_F(MemoryTest, AnAnswerThatIsBeingWrittenCounts) {
  start();
  net::PipeOptions narrow;
  narrow.capacity = 4096;
  Peer peer = connect(narrow);
  peer.stop_reading();
  wire::PositionsT question;
  question.positions.assign(
      protocol::kPositionsMax,
      wire::Position(protocol::to_wire(a_run()), protocol::to_wire(a_writer()), 0));
  peer.send(protocol::make_frame_of(Kind::kPositions, question));
  executor.advance(kLong);
  EXPECT_GT(shared_->answer_bytes, protocol::kPositionsMax * sizeof(wire::Position));
  peer.close();
  executor.advance(kLong);
  EXPECT_EQ(shared_->answer_bytes, 0u);
}

}  // namespace
}  // namespace stepwell::ingest
