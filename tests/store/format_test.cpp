// The bytes themselves: the worked example of docs/format/index.md. They change only together with
// the document and the format's number.
#include "tests/store/layers_fixture.hpp"

namespace stepwell::store {
namespace {

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return text;
}

class FormatTest : public LayersFixture {
 protected:
  // Run 1: series 3 has a chunk's worth of points, and series 4 to 6 too few. Of these, 4 and 5
  // have the same steps and times. A row is put and one erased.
  void fill() {
    sizes = {.chunk_points = 2, .seal_points = 2};
    apply({3}, {{0, kTime, 0.5}, {1, kTime, 0.25}});
    apply({4}, {{7, kTime, 1.0}});
    apply({5}, {{7, kTime, 2.0}});
    apply({6}, {{8, kTime, 3.0}});
    auto transaction = begin();
    transaction.put(kFirst, "key", "value");
    transaction.erase(kSecond, "gone");
    layers->publish(lsn);
  }

  std::vector<std::pair<std::string, std::string>> rows(index::Table table) const {
    std::vector<std::pair<std::string, std::string>> rows;
    const auto transaction = index->begin_read();
    auto cursor = transaction.value().cursor(table);
    for (auto row = cursor.value().seek({}); row.value(); row = cursor.value().next()) {
      rows.emplace_back(hex(row.value()->key), hex(row.value()->value));
    }
    return rows;
  }

  static constexpr std::int64_t kTime = 1'700'000'000'000;
};

using Rows = std::vector<std::pair<std::string, std::string>>;

// clang-format off
// Format, store, openings, applied; next chunk value and blob; journal.
const std::string kMeta =
    "01000000" "00000000000000000000000000000000" "0000000000000000" "0500000000000000"
    "0200000000000000" "0200000000000000" "0000000000000000";
const std::string kDirectoryKey =
    "0000000000000001" "0000000000000003"
    "8000000000000000" "8000018bcfe56800" "bfe0000000000000" "3fe0000000000000";
const std::string kEntry =
    "0100000000000000" "00000000" "0f000000" "0200" "0000" "01000000"
    "0000000000000000" "0100000000000000"
    "0068e5cf8b010000" "0068e5cf8b010000" "0068e5cf8b010000" "0068e5cf8b010000"
    "000000000000e03f" "000000000000d03f"
    "000000000000d03f" "000000000000e03f" "000000000000e83f";
const std::string kChunk = "020002" "0180a0abfef962" "1234fc0f01";
const std::string kTailList =
    "0100000000000000" "2e00000000000000" "0300000000000000" "0300000000000000" "01000000" "00";
const std::string kTail =
    "03000000" "09000000" "08010d" "030103" "02010d"
    "010e" "0180a0abfef962" "1134fe0f"
    "113e02"
    "0110" "0180a0abfef962" "11338220";
const std::string kJournal =
    "02" "01" "30000000" + kDirectoryKey + "70000000" + kEntry +
    "04" "01" "08000000" "0000000000000001" "25000000" + kTailList +
    "80" "01" "03000000" "6b6579" "05000000" "76616c7565"
    "81" "00" "04000000" "676f6e65";
// clang-format on

TEST_F(FormatTest, TheWorkedExampleIsWhatIsWritten) {
  fill();
  auto checkpoint = freeze();
  while (!checkpoint->published()) ASSERT_TRUE(checkpoint->step());
  EXPECT_EQ(rows(layout->meta), (Rows{{hex("store"), kMeta + "0100000000000000"}}));
  EXPECT_EQ(rows(layout->journal), (Rows{{"0000000000000000", kJournal}}));
  EXPECT_TRUE(rows(layout->directory).empty());
  while (checkpoint->step().value()) {
  }
  // The journal's first row that is not copied is now its end.
  const std::string copied = kMeta.substr(0, kMeta.size() - 16) + "0100000000000000";
  EXPECT_EQ(rows(layout->meta), (Rows{{hex("store"), copied + "0100000000000000"}}));
  EXPECT_TRUE(rows(layout->journal).empty());
  EXPECT_EQ(rows(layout->directory), (Rows{{kDirectoryKey, kEntry}}));
  EXPECT_EQ(rows(layout->chunks), (Rows{{"0000000000000001", kChunk}}));
  EXPECT_EQ(rows(layout->tail_lists), (Rows{{"0000000000000001", kTailList}}));
  EXPECT_EQ(rows(layout->tails), (Rows{{"00000000000000010000000000000004", kTail}}));
  EXPECT_EQ(rows(layout->fold_table(kFirst)), (Rows{{hex("key"), hex("value")}}));
  expect_sound();
}

// What an index of another program's format gets.
TEST_F(FormatTest, AnotherFormatAndAMissingTableAreTold) {
  const auto write_format = [&](std::uint32_t format) {
    Meta other = meta;
    other.format = format;
    auto transaction = index->begin_write();
    ASSERT_TRUE(layout->write_meta(transaction.value(), other));
    ASSERT_TRUE(transaction.value().commit());
  };
  for (const std::uint32_t format : {kFormatOldest - 1, kFormatVersion + 1}) {
    write_format(format);
    const auto read = layout->read_meta(index->begin_read().value());
    ASSERT_FALSE(read.has_value());
    EXPECT_EQ(read.error().kind, ErrorKind::kInvalid);
    EXPECT_NE(read.error().text.find(fmt::format("format {}", format)), std::string::npos);
  }
  write_format(kFormatVersion);
  const auto open_with = [&](std::uint32_t since) {
    std::vector<TableInfo> tables = {{"first"}, {"second", true}, {"third", false, since}};
    auto opened = index::Environment::open(directory.path() + "/index.lmdb", Layout::tables(tables),
                                           {.map_bytes = 64 << 20, .create = false});
    ASSERT_TRUE(opened.has_value()) << opened.error().text;
    index = std::move(opened.value());
    layout.emplace(*index, tables);
  };
  layers.reset();
  index.reset();
  open_with(kFormatVersion);
  const auto lost = layout->read_meta(index->begin_read().value());
  ASSERT_FALSE(lost.has_value());
  EXPECT_EQ(lost.error().kind, ErrorKind::kCorrupt);
  EXPECT_NE(lost.error().text.find("no table third"), std::string::npos);
  index.reset();
  open_with(kFormatVersion + 1);
  EXPECT_TRUE(layout->read_meta(index->begin_read().value()).has_value());
}

}  // namespace
}  // namespace stepwell::store
