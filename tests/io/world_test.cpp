// The fault model itself: what a cut may leave, and what it must.
#include "engine/io/world.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "engine/base/hand_executor.hpp"
#include "engine/io/durable_queue.hpp"
#include "engine/io/memory.hpp"

namespace stepwell::io {
namespace {

std::vector<std::byte> filled(std::size_t n, char with) {
  return std::vector<std::byte>(n, static_cast<std::byte>(with));
}

class WorldTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(world.record_make_directory("d").has_value());
    ASSERT_TRUE(world.record_sync_directory(".").has_value());
    ASSERT_TRUE(world.record_create("d/f").has_value());
    ASSERT_TRUE(world.record_sync_directory("d").has_value());
    ASSERT_TRUE(world.record_write("d/f", 0, filled(4096, 'a')).has_value());
    ASSERT_TRUE(world.record_sync("d/f").has_value());
  }
  // The states that a cut now may leave the file in.
  std::set<std::string> states(const std::string& path = "d/f") {
    std::set<std::string> seen;
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
      const auto left = world.after_cut(seed);
      const auto contents = left->contents(path);
      seen.insert(contents.has_value() ? std::string(as_text(contents.value())) : "(gone)");
    }
    return seen;
  }
  World world{1};
};

TEST_F(WorldTest, WhatWasSyncedStays) {
  EXPECT_EQ(states(), std::set<std::string>{std::string(4096, 'a')});
}

TEST_F(WorldTest, WhatWasNotIsLostOrKeptOrTornAtSectors) {
  ASSERT_TRUE(world.record_write("d/f", 1024, filled(1024, 'b')).has_value());
  const auto seen = states();
  const auto with = [](const char* middle) {
    std::string text(4096, 'a');
    for (std::size_t sector = 0; sector < 2; ++sector) {
      if (middle[sector] == 'b') text.replace(1024 + sector * 512, 512, 512, 'b');
    }
    return text;
  };
  EXPECT_EQ(seen, (std::set<std::string>{with("aa"), with("ab"), with("ba"), with("bb")}));
}

TEST_F(WorldTest, NamesAreKeptInOrderUpToSomePoint) {
  ASSERT_TRUE(world.record_rename("d/f", "d/g").has_value());
  ASSERT_TRUE(world.record_create("d/f").has_value());
  std::set<std::pair<bool, bool>> seen;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const auto left = world.after_cut(seed);
    seen.emplace(left->exists("d/f"), left->exists("d/g"));
  }
  EXPECT_EQ(seen, (std::set<std::pair<bool, bool>>{{true, false}, {false, true}, {true, true}}));
  ASSERT_TRUE(world.record_sync_directory("d").has_value());
  EXPECT_TRUE(world.after_cut(1)->exists("d/g"));
}

TEST_F(WorldTest, AFailedSyncMayHaveLostTheDataForEver) {
  ASSERT_TRUE(world.record_write("d/f", 0, filled(4096, 'b')).has_value());
  world.set_plan({.fail_at = world.operations()});
  EXPECT_EQ(world.record_sync("d/f").error().kind, ErrorKind::kIo);
  world.set_plan({});
  EXPECT_TRUE(world.record_sync("d/f").has_value()) << "the second one lies, as Linux does";
  EXPECT_EQ(as_text(world.contents("d/f").value()), std::string(4096, 'b'));
  EXPECT_EQ(states().size(), 1u);
}

TEST_F(WorldTest, TheCutStopsEverything) {
  world.set_plan({.cut_at = world.operations()});
  EXPECT_TRUE(world.record_write("d/f", 0, filled(512, 'b')).has_error());
  EXPECT_TRUE(world.is_cut());
  EXPECT_FALSE(world.fault().empty());
  const auto operations = world.operations();
  EXPECT_TRUE(world.record_sync("d/f").has_error());
  EXPECT_TRUE(world.record_create("d/x").has_error());
  EXPECT_EQ(world.operations(), operations);
  EXPECT_EQ(states().size(), 2u);  // The write in whose middle it happened: old or new.
}

TEST_F(WorldTest, AFullDiskIsOverloaded) {
  world.set_capacity(8192);
  EXPECT_TRUE(world.record_write("d/f", 4096, filled(4096, 'b')).has_value());
  EXPECT_EQ(world.record_write("d/f", 8192, filled(1, 'b')).error().kind, ErrorKind::kOverloaded);
  EXPECT_TRUE(world.record_write("d/f", 0, filled(8192, 'c')).has_value());
  EXPECT_EQ(world.free_bytes(), 0u);
}

TEST_F(WorldTest, DurableWritesCompleteOutOfOrderAndAreDurableThen) {
  world.set_durable_delay_max(milliseconds(1));
  MemoryFileSystem files(world);
  HandExecutor executor;
  auto queue = files.durable_queue(executor, 4).value();
  auto file = queue->open("d/f").value();
  alignas(4096) static std::byte block[4096];
  std::fill(std::begin(block), std::end(block), std::byte{'z'});
  std::vector<int> order;
  for (int i = 0; i < 40; ++i) {
    queue->write(*file, block, 0, [&order, i](Result<void> result) {
      EXPECT_TRUE(result.has_value());
      order.push_back(i);
    });
  }
  EXPECT_GT(states().size(), 1u);
  executor.advance(milliseconds(100));
  ASSERT_EQ(order.size(), 40u);
  EXPECT_FALSE(std::is_sorted(order.begin(), order.end()));
  EXPECT_EQ(states(), std::set<std::string>{std::string(4096, 'z')});
}

TEST_F(WorldTest, EveryChangeIsOneOperation) {
  const auto before = world.operations();
  ASSERT_TRUE(world.record_write("d/f", 0, filled(1, 'b')).has_value());
  ASSERT_TRUE(world.record_truncate("d/f", 10).has_value());
  ASSERT_TRUE(world.record_sync("d/f").has_value());
  ASSERT_TRUE(world.record_create("d/g").has_value());
  ASSERT_TRUE(world.record_rename("d/g", "d/h").has_value());
  ASSERT_TRUE(world.record_remove("d/h").has_value());
  ASSERT_TRUE(world.record_sync_directory("d").has_value());
  EXPECT_EQ(world.operations(), before + 7);
}

}  // namespace
}  // namespace stepwell::io
