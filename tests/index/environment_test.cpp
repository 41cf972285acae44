// LMDB as we use it: what comes back, what is told when it does not, who sees what.
#include "engine/index/environment.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include "engine/base/clock.hpp"

namespace stepwell::index {
namespace {

class EnvironmentTest : public testing::Test {
 protected:
  EnvironmentTest() {
    std::string pattern =
        std::filesystem::is_directory("/dev/shm") ? "/dev/shm/index-XXXXXX" : "/tmp/index-XXXXXX";
    directory_ = mkdtemp(pattern.data());
    path = directory_ + "/index.lmdb";
    open();
  }
  ~EnvironmentTest() override {
    index.reset();
    std::filesystem::remove_all(directory_);
  }

  void open() {
    index.reset();
    Options options;
    options.map_bytes = 64 << 20;
    auto opened = Environment::open(path, {{"one", 0}, {"two", 1}}, options);
    ASSERT_TRUE(opened.has_value()) << opened.error().text;
    index = std::move(opened.value());
  }
  Table one() const { return index->table(0); }
  Table two() const { return index->table(1); }

  void put(Table table, std::string_view key, std::string_view value) {
    auto transaction = index->begin_write();
    ASSERT_TRUE(transaction.has_value());
    ASSERT_TRUE(transaction.value().put(table, key, value));
    ASSERT_TRUE(transaction.value().commit());
  }
  std::string get(Table table, std::string_view key) {
    const auto transaction = index->begin_read();
    const auto value = transaction.value().get(table, key);
    if (!value) return "error: " + value.error().text;
    return std::string(value.value().value_or("(none)"));
  }

  std::string path;
  std::unique_ptr<Environment> index;

 private:
  std::string directory_;
};

TEST_F(EnvironmentTest, GivesBackWhatWasPut) {
  const std::string sizes[] = {"", "x", std::string(4080, 'y'), std::string(100'000, 'z')};
  for (const std::string& value : sizes) {
    put(one(), "key", value);
    EXPECT_EQ(get(one(), "key"), value);
    open();
    EXPECT_EQ(get(one(), "key"), value);
    EXPECT_EQ(get(two(), "key"), "(none)");
  }
  put(one(), std::string(kKeyBytesMax, 'k'), "long");
  EXPECT_EQ(get(one(), std::string(kKeyBytesMax, 'k')), "long");
  auto transaction = index->begin_write();
  EXPECT_FALSE(transaction.value().put(one(), std::string(kKeyBytesMax + 1, 'k'), "").has_value());
}

TEST_F(EnvironmentTest, WhatIsNotCommittedNeverWas) {
  put(one(), "key", "old");
  {
    auto transaction = index->begin_write();
    ASSERT_TRUE(transaction.value().put(one(), "key", "new"));
    ASSERT_TRUE(transaction.value().erase(one(), "no such key"));
    EXPECT_EQ(transaction.value().get(one(), "key").value(), "new");
  }
  EXPECT_EQ(get(one(), "key"), "old");
}

TEST_F(EnvironmentTest, WalksInOrder) {
  std::map<std::string, std::string> model;
  SeededRandom random(1);
  for (int i = 0; i < 500; ++i) model[std::to_string(random.below(100'000))] = std::to_string(i);
  auto writing = index->begin_write();
  for (const auto& [key, value] : model) ASSERT_TRUE(writing.value().put(one(), key, value));
  ASSERT_TRUE(writing.value().commit());

  const auto transaction = index->begin_read();
  EXPECT_EQ(transaction.value().count(one()).value(), model.size());
  auto cursor = transaction.value().cursor(one());
  auto row = cursor.value().seek({});
  for (const auto& [key, value] : model) {
    ASSERT_TRUE(row.value().has_value());
    EXPECT_EQ(row.value()->key, key);
    EXPECT_EQ(row.value()->value, value);
    row = cursor.value().next();
  }
  EXPECT_FALSE(row.value().has_value());
  for (int i = 0; i < 500; ++i) {
    const std::string key = std::to_string(random.below(100'000));
    const auto after = model.lower_bound(key);
    const auto found = cursor.value().seek(key);
    ASSERT_EQ(found.value().has_value(), after != model.end());
    EXPECT_EQ(after == model.end() ? "" : after->first, found.value() ? found.value()->key : "");
    const auto beyond = model.upper_bound(key);
    const auto before = cursor.value().seek_before(key);
    ASSERT_EQ(before.value().has_value(), beyond != model.begin());
    EXPECT_EQ(beyond == model.begin() ? "" : std::prev(beyond)->first,
              before.value() ? before.value()->key : "");
  }
}

TEST_F(EnvironmentTest, AReaderSeesOneState) {
  put(one(), "key", "first");
  const auto reading = index->begin_read();
  put(one(), "key", "second");
  put(one(), "other", "new");
  EXPECT_EQ(reading.value().get(one(), "key").value(), "first");
  EXPECT_FALSE(reading.value().get(one(), "other").value().has_value());
  EXPECT_EQ(get(one(), "key"), "second");
}

TEST_F(EnvironmentTest, FreedPagesAreUsedAgain) {
  std::uint64_t after_ten = 0;
  for (int round = 0; round < 60; ++round) {
    put(one(), "large", std::string(200'000, static_cast<char>('a' + round % 26)));
    if (round == 10) after_ten = index->stats().value().file_bytes;
  }
  EXPECT_LE(index->stats().value().file_bytes, after_ten + 450'000);
  EXPECT_GT(index->stats().value().free_bytes, 0u);
}

TEST_F(EnvironmentTest, EveryFlippedBitOfAValueIsTold) {
  const std::string value = "a value that can be found in the file again, 0123456789";
  put(one(), "the key", value);
  index.reset();
  std::string bytes;
  {
    std::ifstream file(path, std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(file), {});
  }
  const std::size_t at = bytes.find(value);
  ASSERT_NE(at, std::string::npos);
  // The value with its checksum before it, and its key.
  for (std::size_t byte = at - 8 - 7; byte < at + value.size(); ++byte) {
    std::string flipped = bytes;
    flipped[byte] = static_cast<char>(flipped[byte] ^ (1 << (byte % 8)));
    std::ofstream(path, std::ios::binary | std::ios::trunc) << flipped;
    open();
    {
      const auto transaction = index->begin_read();
      auto cursor = transaction.value().cursor(one());
      const auto row = cursor.value().seek({});
      ASSERT_FALSE(row.has_value()) << "byte " << byte << ", the value begins at " << at;
      EXPECT_EQ(row.error().kind, ErrorKind::kCorrupt);
    }
    index.reset();
  }
}

TEST_F(EnvironmentTest, AFileThatWasCutGivesErrorsAndNoSignal) {
  for (int i = 0; i < 50; ++i) put(one(), "row " + std::to_string(100 + i), std::string(4000, 'v'));
  index.reset();
  const auto whole = std::filesystem::file_size(path);
  std::filesystem::resize_file(path, whole / 2);
  open();
  std::size_t there = 0;
  for (int i = 0; i < 50; ++i) {
    const std::string value = get(one(), "row " + std::to_string(100 + i));
    there += value == std::string(4000, 'v') ? 1 : 0;
  }
  EXPECT_LT(there, 50u);
}

TEST_F(EnvironmentTest, AMissingFileIsNotMadeUnlessWanted) {
  index.reset();
  std::filesystem::remove(path);
  const auto opened = Environment::open(path, {{"one"}}, {.map_bytes = 64 << 20, .create = false});
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().kind, ErrorKind::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(EnvironmentTest, AFileThatIsNoIndexIsRefusedAndCanBeSetAside) {
  index.reset();
  std::ofstream(path, std::ios::binary | std::ios::trunc) << std::string(8192, '\0');
  const auto opened = Environment::open(path, {{"one", 0}, {"two", 1}}, {.map_bytes = 64 << 20});
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().kind, ErrorKind::kCorrupt);
  ASSERT_TRUE(Environment::set_aside(path));
  EXPECT_TRUE(std::filesystem::exists(path + ".incomplete"));
  open();
}

TEST_F(EnvironmentTest, ATableThatMayBeMissingIsEmptyUntilItIsCreated) {
  put(two(), "key", "value");
  index.reset();
  const auto open_with = [&](bool required) {
    return Environment::open(path, {{"one", 0}, {"new", 7, Summed::kNot, required}, {"two", 1}},
                             {.map_bytes = 64 << 20, .create = false});
  };
  const auto refused = open_with(true);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind, ErrorKind::kCorrupt);
  EXPECT_NE(refused.error().text.find("has no table new"), std::string::npos);
  auto opened = open_with(false);
  ASSERT_TRUE(opened.has_value()) << opened.error().text;
  index = std::move(opened.value());
  EXPECT_FALSE(index->table(1).is_there());
  EXPECT_EQ(get(index->table(1), "key"), "(none)");
  EXPECT_EQ(get(index->table(2), "key"), "value");
  {
    const auto transaction = index->begin_read();
    EXPECT_EQ(transaction.value().count(index->table(1)).value(), 0u);
    auto cursor = transaction.value().cursor(index->table(1));
    ASSERT_TRUE(cursor.has_value());
    EXPECT_FALSE(cursor.value().seek({}).value().has_value());
    EXPECT_FALSE(cursor.value().next().value().has_value());
    EXPECT_FALSE(cursor.value().seek_before("z").value().has_value());
  }
  ASSERT_TRUE(index->create_missing());
  put(index->table(1), "key", "new value");
  EXPECT_EQ(get(index->table(1), "key"), "new value");
  EXPECT_EQ(get(index->table(2), "key"), "value");
}

}  // namespace
}  // namespace stepwell::index
