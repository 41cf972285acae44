// What a connection takes of the memory that all share: as much as its bytes that have come are
// worth.
#include "engine/ingest/read_buffer.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <list>

namespace stepwell::ingest {
namespace {

constexpr std::uint64_t kPoolBytes = 64 << 20;

// Takes in `bytes` on the way to a frame of `wanted`; false when the pool has no more.
bool receive(ReadBuffer& buffer, std::size_t wanted, std::size_t bytes) {
  while (bytes > 0) {
    if (!buffer.prepare(wanted)) return false;
    const std::size_t n = std::min(bytes, buffer.free_space().size());
    std::memset(buffer.free_space().data(), 'x', n);
    buffer.filled(n);
    bytes -= n;
  }
  return true;
}

TEST(ReadBufferTest, WhatAHeaderClaimsTakesNothing) {
  BufferPool pool(kPoolBytes);
  std::list<ReadBuffer> buffers;
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(receive(buffers.emplace_back(pool), 16 << 20, 72));
    ASSERT_TRUE(buffers.back().prepare(16 << 20));
  }
  EXPECT_EQ(pool.used_bytes(), 0u);
}

TEST(ReadBufferTest, GrowsWithWhatHasCome) {
  BufferPool pool(kPoolBytes);
  ReadBuffer buffer(pool);
  constexpr std::size_t kFrame = 16 << 20;
  std::size_t came = 0;
  const auto take_in = [&](std::size_t upto) {
    ASSERT_TRUE(receive(buffer, kFrame, upto - came));
    came = upto;
    ASSERT_TRUE(buffer.prepare(kFrame));
  };
  take_in(ReadBuffer::kIdleBytes - 1);
  EXPECT_EQ(pool.used_bytes(), 0u);
  take_in(ReadBuffer::kIdleBytes);
  EXPECT_EQ(pool.used_bytes(), BufferPool::kGrownBytes);
  take_in(BufferPool::kGrownBytes - 1);
  EXPECT_EQ(pool.used_bytes(), BufferPool::kGrownBytes);
  take_in(BufferPool::kGrownBytes);
  EXPECT_EQ(pool.used_bytes(), kFrame);
  ASSERT_TRUE(receive(buffer, kFrame, kFrame - came));
  EXPECT_EQ(buffer.unread().size(), kFrame);
  buffer.take(kFrame);
  ASSERT_TRUE(buffer.prepare(64));
  EXPECT_EQ(pool.used_bytes(), 0u);
}

TEST(ReadBufferTest, LargeFramesLeaveRoomForTheOthers) {
  BufferPool pool(kPoolBytes);
  std::list<ReadBuffer> buffers;
  int refused = 0;
  for (int i = 0; i < 10; ++i) {
    refused += !receive(buffers.emplace_back(pool), 16 << 20, 2 << 20);
  }
  EXPECT_GT(refused, 0);
  ReadBuffer medium(pool);
  EXPECT_TRUE(receive(medium, 240'000, 240'000));
}

TEST(ReadBufferTest, SmallFramesPassWhenThePoolIsUsedUp) {
  BufferPool pool(kPoolBytes);
  std::list<ReadBuffer> buffers;
  while (receive(buffers.emplace_back(pool), 1 << 20, 20 << 10)) {
  }
  ReadBuffer small(pool);
  // Frames of 100 bytes that come in bulk: the last of each buffer is cut by its end.
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(small.prepare(100));
    small.filled(small.free_space().size());
    ASSERT_LE(small.unread().size(), ReadBuffer::kIdleBytes);
    small.take(small.unread().size() / 100 * 100);
  }
}

TEST(ReadBufferTest, ManyClientsWhosePoolIsUsedUpAllFinishTheirFrames) {
  BufferPool pool(32 << 20);
  struct Client {
    ReadBuffer buffer;
    std::size_t frame;
    std::size_t came = 0;
  };
  std::list<Client> clients;
  for (std::size_t i = 0; i < 200; ++i)
    clients.push_back({ReadBuffer(pool), i % 4 == 0 ? std::size_t{5 << 20} : 240'000 + i});
  // Each gets a piece in turn; who gets no room waits.
  for (int turns = 0; !clients.empty(); ++turns) {
    ASSERT_LT(turns, 100'000) << clients.size() << " wait for each other";
    for (auto client = clients.begin(); client != clients.end();) {
      const std::size_t piece = std::min<std::size_t>(100'000, client->frame - client->came);
      const std::size_t before = client->buffer.unread().size();
      receive(client->buffer, client->frame, piece);
      client->came += client->buffer.unread().size() - before;
      client = client->came == client->frame ? clients.erase(client) : std::next(client);
    }
  }
}

}  // namespace
}  // namespace stepwell::ingest
