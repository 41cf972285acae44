// Sums over rows say what should be there, whatever the order of writes, across commits.
#include "engine/index/row_sums.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "engine/base/bytes.hpp"
#include "engine/base/clock.hpp"
#include "engine/index/environment.hpp"

namespace stepwell::index {
namespace {

class RowSumsTest : public testing::Test {
 protected:
  RowSumsTest() {
    directory_ = (std::filesystem::temp_directory_path() / "row-sums-XXXXXX").string();
    EXPECT_NE(::mkdtemp(directory_.data()), nullptr);
    open({Summed::kByOwner, Summed::kByOwner, Summed::kByTable, Summed::kNot});
  }
  ~RowSumsTest() override {
    index.reset();
    std::filesystem::remove_all(directory_);
  }

  void open(const std::vector<Summed>& summed) {
    index.reset();
    std::vector<TableDescription> tables;
    for (const Summed how : summed) {
      const auto number = static_cast<std::uint8_t>(tables.size());
      tables.push_back({fmt::format("table {}", number), number, how});
    }
    auto opened = Environment::open(directory_ + "/index.lmdb", tables, {.map_bytes = 64 << 20});
    ASSERT_TRUE(opened.has_value()) << opened.error().text;
    index = std::move(opened.value());
  }
  RowSums kept() const {
    const auto transaction = index->begin_read();
    auto sums = transaction.value().row_sums();
    EXPECT_TRUE(sums) << (sums ? "" : sums.error().text);
    return sums.value();
  }
  // What a walk over all rows finds.
  RowSums found() const {
    RowSums sums;
    const auto transaction = index->begin_read();
    for (std::size_t i = 0; i < index->table_count(); ++i) {
      const Table table = index->table(i);
      if (table.summed == Summed::kNot) continue;
      auto cursor = transaction.value().cursor(table);
      for (auto row = cursor.value().seek({}); row.value(); row = cursor.value().next()) {
        sums[group_key(table.summed, table.number, row.value()->key)].add(row.value()->checksum);
      }
    }
    return sums;
  }
  static std::string key_of(std::uint64_t owner, std::uint64_t number) {
    return Encoder().big(owner).big(number).take();
  }

  // Flips a bit wherever these bytes lie in the file.
  static void flip_in_file(const std::string& path, const std::string& bytes) {
    std::ifstream in(path, std::ios::binary);
    std::string all((std::istreambuf_iterator<char>(in)), {});
    std::size_t flipped = 0;
    for (std::size_t at = 0; (at = all.find(bytes, at)) != std::string::npos; at += bytes.size()) {
      all[at] = static_cast<char>(all[at] ^ 1);
      ++flipped;
    }
    ASSERT_GT(flipped, 0u);
    std::ofstream(path, std::ios::binary | std::ios::trunc) << all;
  }

  std::unique_ptr<Environment> index;
  std::string directory_;
};

TEST_F(RowSumsTest, AreThoseOfTheRowsAfterAnyWrites) {
  SeededRandom random(3);
  for (int round = 0; round < 200; ++round) {
    auto transaction = index->begin_write();
    for (std::size_t i = 0; i < 1 + random.below(20); ++i) {
      const Table table = index->table(random.below(4));
      const std::string key = key_of(random.below(5), random.below(6));
      if (random.one_in(3)) {
        ASSERT_TRUE(transaction.value().erase(table, key));
      } else {
        ASSERT_TRUE(transaction.value().put(table, key, std::string(random.below(9), 'x')));
      }
    }
    // One in eight is not committed.
    if (!random.one_in(8)) {
      ASSERT_TRUE(transaction.value().commit());
    }
  }
  EXPECT_EQ(kept(), found());
  EXPECT_EQ(kept().size(), 6u) << "five owners and a table";
}

TEST_F(RowSumsTest, OfAnEmptyGroupNothingIsKept) {
  auto transaction = index->begin_write();
  ASSERT_TRUE(transaction.value().put(index->table(0), key_of(1, 1), "a"));
  ASSERT_TRUE(transaction.value().commit());
  EXPECT_EQ(kept().size(), 1u);
  auto again = index->begin_write();
  ASSERT_TRUE(again.value().erase(index->table(0), key_of(1, 1)));
  ASSERT_TRUE(again.value().erase(index->table(0), key_of(2, 1)));
  ASSERT_TRUE(again.value().commit());
  EXPECT_TRUE(kept().empty());
}

TEST_F(RowSumsTest, ARowThatVanishedOrCameBackIsSeen) {
  auto transaction = index->begin_write();
  for (std::uint64_t i = 0; i < 3; ++i) {
    ASSERT_TRUE(transaction.value().put(index->table(0), key_of(1, i), "before"));
    ASSERT_TRUE(transaction.value().put(index->table(2), key_of(1, i), "before"));
  }
  ASSERT_TRUE(transaction.value().commit());
  const auto change_unsummed = [&](std::size_t table, const auto& change) {
    open({Summed::kNot, Summed::kNot, Summed::kNot, Summed::kNot});
    auto damaging = index->begin_write();
    ASSERT_TRUE(change(damaging.value(), index->table(table)));
    ASSERT_TRUE(damaging.value().commit());
    open({Summed::kByOwner, Summed::kByOwner, Summed::kByTable, Summed::kNot});
  };
  EXPECT_EQ(kept(), found());
  change_unsummed(0, [](auto& t, Table table) { return t.erase(table, key_of(1, 1)); });
  EXPECT_NE(kept().at(group_key(Summed::kByOwner, 0, key_of(1, 0))),
            found().at(group_key(Summed::kByOwner, 0, key_of(1, 0))));
  change_unsummed(0, [](auto& t, Table table) { return t.put(table, key_of(1, 1), "before"); });
  EXPECT_EQ(kept(), found());
  change_unsummed(2, [](auto& t, Table table) { return t.put(table, key_of(1, 2), "older"); });
  EXPECT_NE(kept(), found());
}

// A flipped bit in a sum damages no row: writing goes on, and the difference can be seen.
TEST_F(RowSumsTest, ADamagedSumStopsNoWrite) {
  const std::string key = key_of(1, 1);
  auto transaction = index->begin_write();
  ASSERT_TRUE(transaction.value().put(index->table(0), key, std::string(100, 'a')));
  ASSERT_TRUE(transaction.value().commit());
  const std::string group = group_key(Summed::kByOwner, 0, key);
  const std::string sum = kept().at(group).encode();
  index.reset();
  flip_in_file(directory_ + "/index.lmdb", sum);
  open({Summed::kByOwner, Summed::kByOwner, Summed::kByTable, Summed::kNot});
  ASSERT_EQ(index->begin_read().value().row_sum(group).error().kind, ErrorKind::kCorrupt);
  auto next = index->begin_write();
  ASSERT_TRUE(next.value().put(index->table(0), key_of(1, 2), "b"));
  ASSERT_TRUE(next.value().put(index->table(0), key_of(2, 1), "c"));
  ASSERT_TRUE(next.value().commit());
  EXPECT_EQ(index->begin_read().value().row_sum(group).error().kind, ErrorKind::kCorrupt);
  const std::string other = group_key(Summed::kByOwner, 0, key_of(2, 1));
  EXPECT_EQ(index->begin_read().value().row_sum(other).value(), found().at(other));
}

// Its transaction would keep every page that is freed from being used again.
TEST_F(RowSumsTest, AnObserverThatWasKilledIsLetGo) {
  auto transaction = index->begin_write();
  ASSERT_TRUE(transaction.value().put(index->table(3), "key", "before"));
  ASSERT_TRUE(transaction.value().commit());
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const std::vector<TableDescription> tables = {{"table 0"}};
    auto opened = Environment::open(directory_ + "/index.lmdb", tables,
                                    {.map_bytes = 64 << 20, .observe = true});
    const auto reading = opened.value()->begin_read();
    static_cast<void>(::write(ends[1], "r", 1));
    ::pause();
    _exit(reading.has_value() ? 0 : 1);
  }
  char ready = 0;
  ASSERT_EQ(::read(ends[0], &ready, 1), 1);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ::close(ends[0]);
  ::close(ends[1]);
  index->release_dead_readers();
  const auto file_bytes = [&] { return index->stats().value().file_bytes; };
  const std::uint64_t before = file_bytes();
  for (int i = 0; i < 100; ++i) {
    auto writing = index->begin_write();
    ASSERT_TRUE(writing.value().put(index->table(3), "key", std::string(60'000, 'x')));
    ASSERT_TRUE(writing.value().commit());
  }
  EXPECT_LT(file_bytes(), before + 1'000'000);
}

TEST(RowSum, RefusesOtherLengths) {
  const std::string row = RowSum{3, 4}.encode();
  EXPECT_EQ(RowSum::decode(row).value(), (RowSum{3, 4}));
  EXPECT_EQ(RowSum::decode(row.substr(1)).error().kind, ErrorKind::kCorrupt);
  EXPECT_EQ(RowSum::decode(row + "x").error().kind, ErrorKind::kCorrupt);
}

}  // namespace
}  // namespace stepwell::index
