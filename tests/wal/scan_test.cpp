// What tools see of a log without opening it.
#include "engine/wal/scan.hpp"

#include "tests/wal/log_fixture.hpp"

namespace stepwell::wal {
namespace {

class LogScan : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(it.open().has_value());
    for (int i = 0; i < 30; ++i) {
      ASSERT_TRUE(it.append(payload_of(1, 6000)).has_value());
      it.settle();
    }
    ASSERT_TRUE(it.close().has_value());
  }
  Result<ScanResult> scan(RecoveryReport& report) {
    ScanOptions options;
    options.whole = true;
    options.go_on_after_damage = true;
    return scan_log(
        it.files, "wal", options,
        [this](const SegmentFile& file, const ScannedGroup& group) {
          seen.emplace_back(file.path, group.offset);
          return Result<void>(ok());
        },
        report);
  }
  io::World world{1};
  LogOnWorld it{world};
  std::vector<std::pair<std::string, std::uint64_t>> seen;
};

TEST_F(LogScan, EveryGroupWithFileAndOffset) {
  const auto operations = world.operations();
  RecoveryReport report;
  const auto result = scan(report);
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(report.records, 30u);
  EXPECT_EQ(report.groups, seen.size());
  EXPECT_EQ(seen.front(),
            (std::pair<std::string, std::uint64_t>("wal/0000000000000000.seg", 4096)));
  EXPECT_EQ(result.value().live.size(), 5u);
  EXPECT_GE(result.value().durable, result.value().last_lsn.value);
  EXPECT_EQ(world.operations(), operations);
}

TEST_F(LogScan, OneFileByItself) {
  auto bytes = world.contents("wal/0000000000010000.seg").value();
  bytes[4096 + 8192 + 200] ^= std::byte{4};
  ASSERT_TRUE(world.overwrite("wal/0000000000010000.seg", bytes).has_value());
  RecoveryReport report;
  std::size_t groups = 0;
  const auto file = scan_segment(
      it.files, "wal/0000000000010000.seg",
      [&](const SegmentFile&, const ScannedGroup&) {
        ++groups;
        return Result<void>(ok());
      },
      report);
  ASSERT_TRUE(file.has_value());
  EXPECT_EQ(file.value().first_position, 0x10000u);
  EXPECT_GT(groups, 3u);
  ASSERT_EQ(report.damages.size(), 1u);
  EXPECT_EQ(report.damages[0].offset, 4096u + 8192);
}

TEST_F(LogScan, AnErrorOfTheVisitorEndsIt) {
  RecoveryReport report;
  const auto result = scan_log(
      it.files, "wal", {},
      [](const SegmentFile&, const ScannedGroup&) -> Result<void> {
        return fail(ErrorKind::kInvalid, "enough");
      },
      report);
  EXPECT_EQ(result.error().text, "enough");
}

TEST_F(LogScan, NoDirectoryIsAnEmptyLog) {
  RecoveryReport report;
  const auto result = scan_log(it.files, "none", {}, nullptr, report);
  ASSERT_TRUE(result.has_value());
  EXPECT_TRUE(result.value().live.empty());
}

}  // namespace
}  // namespace stepwell::wal
