// A chart's columns keep all their bits, and a small payload cannot ask for much memory.

#include <gtest/gtest.h>

#include <bit>

#include "protocol/messages.hpp"

namespace stepwell::protocol {
namespace {

// As a payload lies in a frame: aligned.
Result<wire::BucketColumnsT> decoded(const std::string& payload) {
  const std::string frame = make_frame({}, payload);
  return decode<wire::BucketColumnsT>(as_bytes(frame).subspan(sizeof(FrameHeader)));
}

TEST(BucketColumns, KeepEveryBitOfTheirValues) {
  const std::uint64_t bits[] = {0x8000000000000000, 0x7ff8000000000001, 0xfff0000000000000,
                                0xfff800000000dead, 1};
  wire::BucketColumnsT columns;
  columns.series.push_back(std::make_unique<wire::SeriesBucketsT>());
  for (const std::uint64_t value : bits) {
    columns.series[0]->first_value.push_back(std::bit_cast<double>(value));
  }
  const auto again = decoded(encode(columns));
  ASSERT_TRUE(again.has_value()) << again.error().text;
  ASSERT_EQ(again.value().series.at(0)->first_value.size(), std::size(bits));
  for (std::size_t i = 0; i < std::size(bits); ++i) {
    EXPECT_EQ(std::bit_cast<std::uint64_t>(again.value().series[0]->first_value[i]), bits[i]);
  }
}

// Offsets may share a list: each of these series says that it has the one list of 64 KiB.
std::string sharing(std::size_t series) {
  flatbuffers::FlatBufferBuilder builder;
  const auto list = builder.CreateVector(std::vector<double>(8192, 0.5));
  std::vector<flatbuffers::Offset<wire::SeriesBuckets>> all;
  for (std::size_t i = 0; i < series; ++i) {
    wire::SeriesBucketsBuilder one(builder);
    one.add_min(list);
    all.push_back(one.Finish());
  }
  const auto whole = builder.CreateVector(all);
  wire::BucketColumnsBuilder columns(builder);
  columns.add_series(whole);
  builder.Finish(columns.Finish());
  return {reinterpret_cast<const char*>(builder.GetBufferPointer()), builder.GetSize()};
}

TEST(BucketColumns, ThatWouldUnpackToGigabytesAreRefused) {
  constexpr std::size_t kFits = kUnpackedBytesMax / (8192 * sizeof(double));
  EXPECT_TRUE(decoded(sharing(kFits)).has_value());
  const auto refused = decoded(sharing(kFits + 1));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind, ErrorKind::kInvalid);
  EXPECT_NE(refused.error().text.find("bytes of lists"), std::string::npos);
}

}  // namespace
}  // namespace stepwell::protocol
