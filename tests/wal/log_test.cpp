#include "engine/wal/log.hpp"

#include "tests/wal/log_fixture.hpp"

namespace stepwell::wal {
namespace {

class LogTest : public ::testing::Test {
 protected:
  io::World world{1};
  LogOnWorld it{world};

  void append_ok(std::uint64_t number, std::uint64_t bytes) {
    const auto lsn = it.append(payload_of(number, bytes), static_cast<std::uint16_t>(number));
    ASSERT_TRUE(lsn.has_value()) << lsn.error().text;
    EXPECT_GT(lsn.value(), last);
    last = lsn.value();
    sizes.push_back(bytes);
  }
  void expect_all(const std::vector<Seen>& seen) {
    ASSERT_EQ(seen.size(), sizes.size());
    for (std::size_t i = 0; i < seen.size(); ++i) {
      EXPECT_EQ(seen[i].payload, payload_of(i, sizes[i])) << i;
      EXPECT_EQ(seen[i].envelope.kind, i);
      EXPECT_EQ(seen[i].envelope.door, Door::kRest);
      EXPECT_EQ(seen[i].envelope.arrival_ms, 1234567890123);
      EXPECT_EQ(seen[i].envelope.principal, 42u);
    }
  }
  Lsn last;
  std::vector<std::uint64_t> sizes;
};

TEST_F(LogTest, WhatWasAppendedIsDurableAndComesBackInOrder) {
  ASSERT_TRUE(it.open().has_value());
  const std::uint64_t table[] = {0,     1,         7,         8,     9,    4000,
                                 4064,  4096 - 96, 4096 - 95, 4096,  8192, 16288,
                                 16289, 16384,     20000,     32768, 3};
  for (int round = 0; round < 5; ++round) {
    for (const std::uint64_t bytes : table) {
      append_ok(sizes.size(), bytes);
      if (bytes % 3 == 0) it.settle();
    }
  }
  it.settle();
  expect_all(it.durable);
  EXPECT_EQ(it.log->last_durable(), last);
  ASSERT_TRUE(it.close().has_value());
  const auto opened = it.open();
  ASSERT_TRUE(opened.has_value()) << opened.error().text;
  expect_all(it.recovered);
  EXPECT_FALSE(it.report.torn_tail.has_value());
  std::vector<Seen> read;
  ASSERT_TRUE(it.log
                  ->read({},
                         [&](GroupPtr group) {
                           LogOnWorld::collect(read, *group);
                           return Result<bool>(true);
                         })
                  .has_value());
  expect_all(read);
  append_ok(sizes.size(), 100);
  it.settle();
  EXPECT_EQ(it.durable.size(), 1u);
  ASSERT_TRUE(it.close().has_value());
}

}  // namespace
}  // namespace stepwell::wal
