// Sums over rows say what should be there, whatever the order of writes, across commits.
#include "engine/index/row_sums.hpp"

#include <gtest/gtest.h>

#include <filesystem>

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
    for (const Summed how : summed) tables.push_back({fmt::format("table {}", tables.size()), how});
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
        sums[group_key(table.summed, table.dbi, row.value()->key)].add(row.value()->checksum);
      }
    }
    return sums;
  }
  static std::string key_of(std::uint64_t owner, std::uint64_t number) {
    return Encoder().big(owner).big(number).take();
  }

  std::unique_ptr<Environment> index;

 private:
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

TEST(RowSum, RefusesOtherLengths) {
  const std::string row = RowSum{3, 4}.encode();
  EXPECT_EQ(RowSum::decode(row).value(), (RowSum{3, 4}));
  EXPECT_EQ(RowSum::decode(row.substr(1)).error().kind, ErrorKind::kCorrupt);
  EXPECT_EQ(RowSum::decode(row + "x").error().kind, ErrorKind::kCorrupt);
}

}  // namespace
}  // namespace stepwell::index
