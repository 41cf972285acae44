// Bytes, ids, results and the log's lines.

#include "engine/base/bytes.hpp"

#include <gtest/gtest.h>

#include <set>
#include <unordered_set>

#include "engine/base/clock.hpp"
#include "engine/base/ids.hpp"
#include "engine/base/logging.hpp"

namespace stepwell {
namespace {

TEST(BytesTest, WhatIsEncodedIsDecodedAndNothingBeyondItsEnd) {
  const std::string bytes = Encoder()
                                .put(std::uint8_t{7})
                                .put(std::int64_t{-2})
                                .text("text")
                                .big(std::uint32_t{0x01020304})
                                .big(std::uint16_t{0x0506})
                                .raw("rest")
                                .take();
  EXPECT_EQ(bytes.substr(1 + 8 + 4 + 4, 6), "\x01\x02\x03\x04\x05\x06");
  for (std::size_t n = 0; n <= bytes.size(); ++n) {
    Decoder in(std::string_view(bytes).substr(0, n));
    const auto a = in.get<std::uint8_t>();
    const auto b = in.get<std::int64_t>();
    const auto c = in.text();
    const auto d = in.big<std::uint32_t>();
    const auto e = in.big<std::uint16_t>();
    const auto f = in.take(4);
    EXPECT_EQ(in.ok(), n == bytes.size());
    EXPECT_EQ(in.done(), n == bytes.size());
    if (n < bytes.size()) {
      EXPECT_EQ(f, "");
      continue;
    }
    EXPECT_EQ(a, 7);
    EXPECT_EQ(b, -2);
    EXPECT_EQ(c, "text");
    EXPECT_EQ(d, 0x01020304u);
    EXPECT_EQ(e, 0x0506);
    EXPECT_EQ(f, "rest");
  }
  Decoder lies(std::string_view("\xff\xff\xff\xff", 4));
  EXPECT_EQ(lies.text(), "") << "a length is not believed";
  EXPECT_FALSE(lies.ok());
  EXPECT_EQ(lies.get<std::uint8_t>(), 0) << "after the first short read everything is";
}

TEST(BytesTest, AlignUpStaysWhereItIsAligned) {
  const std::uint64_t table[][3] = {{0, 8, 0},  {1, 8, 8},          {8, 8, 8},
                                    {9, 8, 16}, {4095, 4096, 4096}, {4097, 4096, 8192}};
  for (const auto& [n, alignment, expected] : table) EXPECT_EQ(align_up(n, alignment), expected);
}

TEST(BytesTest, BigEndianKeysSortAsNumbers) {
  SeededRandom random(3);
  for (int i = 0; i < 10'000; ++i) {
    const std::uint64_t a = random.next_u64() >> random.below(64),
                        b = random.next_u64() >> random.below(64);
    EXPECT_EQ(Encoder().big(a).take() < Encoder().big(b).take(), a < b);
  }
}

TEST(IdsTest, HexComesBackInEitherCaseAndNothingElseIsAnId) {
  SeededRandom random(1);
  const auto id = random.next_id<RunId>();
  EXPECT_EQ(id.hex().size(), 32u);
  EXPECT_EQ(RunId::parse(id.hex()), id);
  std::string upper = id.hex();
  for (char& c : upper) c = static_cast<char>(std::toupper(c));
  EXPECT_EQ(RunId::parse(upper), id);
  EXPECT_EQ(RunId::parse("0123456789abcdef0123456789abcdef")->hex(),
            "0123456789abcdef0123456789abcdef");
  for (const std::string& bad :
       {std::string(), id.hex() + "0", id.hex().substr(1), std::string(32, 'g'),
        std::string(32, '\0'), " " + id.hex().substr(1), "0x" + id.hex().substr(2)}) {
    EXPECT_FALSE(RunId::parse(bad)) << bad;
  }
  EXPECT_TRUE(RunId{}.is_zero());
  EXPECT_FALSE(id.is_zero());
}

TEST(IdsTest, HashesUseAllBytesAndNumbersAreOrdered) {
  std::unordered_set<std::size_t> hashes;
  for (std::size_t byte = 0; byte < 16; ++byte) {
    RunId id;
    id.bytes[byte] = 1;
    hashes.insert(std::hash<RunId>()(id));
  }
  EXPECT_EQ(hashes.size(), 16u);
  EXPECT_LT(Lsn{1}, Lsn{2});
  EXPECT_EQ(SeriesNumber{3}, SeriesNumber{3});
}

TEST(ClockTest, ASeedGivesTheSameNumbersAndSystemRandomDoesNot) {
  SeededRandom one(5), same(5), other(6);
  EXPECT_EQ(one.next_u64(), same.next_u64());
  EXPECT_NE(one.next_u64(), other.next_u64());
  SystemRandom random;
  EXPECT_NE(random.next_id<WriterId>(), random.next_id<WriterId>());
  EXPECT_GT(SystemClock().now_ms(), 1'600'000'000'000);
}

Result<int> half(int n) {
  if (n % 2 != 0) return fail(ErrorKind::kInvalid, "{} is odd", n);
  return n / 2;
}
Result<int> quarter(int n) {
  TRY(const int h, half(n));
  return half(h);
}

TEST(ResultTest, TryPassesErrorsOnAndContextIsAdded) {
  EXPECT_EQ(quarter(8).value(), 2);
  EXPECT_EQ(quarter(6).error().text, "3 is odd");
  const Error error = in_context("reading x", quarter(5).error());
  EXPECT_EQ(error.text, "reading x: 5 is odd");
  EXPECT_EQ(error.kind, ErrorKind::kInvalid);
  EXPECT_EQ(errno_error(5, "fdatasync", "/data/x").text, "fdatasync /data/x: Input/output error");
  std::set<std::string_view> names;
  for (unsigned char kind = 1; kind <= 8; ++kind)
    names.insert(to_string(static_cast<ErrorKind>(kind)));
  EXPECT_EQ(names.size(), 8u);
  EXPECT_FALSE(names.contains("unknown"));
}

class LoggingTest : public ::testing::Test {
 protected:
  void TearDown() override { ASSERT_TRUE(configure_logging(LogFormat::kText, "warn").has_value()); }
};

TEST_F(LoggingTest, AJsonLineIsOneLineWhateverTheMessage) {
  ASSERT_TRUE(configure_logging(LogFormat::kJson, "info").has_value());
  ::testing::internal::CaptureStderr();
  log().info("say \"hi\" \\ new\nline tab\t nul{} \xc3\xa9", std::string(1, '\0'));
  log().debug("below the level");
  const std::string line = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1) << line;
  EXPECT_EQ(line.substr(0, 7), "{\"ts\":\"") << line;
  const std::string message = R"("msg":"say \"hi\" \\ new\u000aline tab\u0009 nul\u0000 )"
                              "\xc3\xa9\"}\n";
  EXPECT_TRUE(line.ends_with(message)) << line;
  EXPECT_NE(line.find("\"level\":\"info\""), std::string::npos);
}

TEST_F(LoggingTest, AnUnknownLevelIsRefused) {
  const auto refused = set_log_level("loud");
  ASSERT_TRUE(refused.has_error());
  EXPECT_NE(refused.error().text.find("loud"), std::string::npos);
  for (const char* level : {"trace", "debug", "info", "warn", "error", "critical", "off"}) {
    EXPECT_TRUE(set_log_level(level).has_value()) << level;
  }
}

}  // namespace
}  // namespace stepwell
