// Every batch is a function of profile, seed, stream and sequence, and no two are equal.

#include <gtest/gtest.h>

#include <set>

#include "protocol/batch.hpp"
#include "tools/load/latency.hpp"
#include "tools/load/profile.hpp"

namespace stepwell::tools {
namespace {

std::unique_ptr<Profile> make(std::string_view name, std::uint64_t seed) {
  return std::move(Profile::make(name, seed).value());
}

class Profiles : public testing::TestWithParam<std::string_view> {};

TEST_P(Profiles, MakeTheSameFrameAgain) {
  const auto one = make(GetParam(), 5), other = make(GetParam(), 5), third = make(GetParam(), 6);
  std::set<std::string> seen;
  for (const std::uint64_t stream : {0u, 1u, 4u}) {
    const std::uint64_t last = std::min<std::uint64_t>(12, one->length(stream));
    for (std::uint64_t sequence = 1; sequence <= last; ++sequence) {
      const std::string frame(one->frame(stream, sequence));
      EXPECT_EQ(frame.size() % 8, 0u);
      const auto read = protocol::read_frame(as_bytes(frame));
      ASSERT_TRUE(read.has_value()) << read.error().text;
      EXPECT_EQ(read.value().header.sequence, sequence);
      EXPECT_EQ(read.value().header.kind, one->kind(stream, sequence));
      EXPECT_EQ(read.value().header.run, one->run(stream));
      EXPECT_TRUE(
          seen.insert(std::string(as_text(read.value().payload())) + std::to_string(stream)).second)
          << "stream " << stream << " sequence " << sequence << " repeats a payload";
      // Asked for in another order.
      other->frame(stream, last + 1 - sequence);
      EXPECT_EQ(other->frame(stream, sequence), frame);
      EXPECT_NE(third->frame(stream, sequence), frame);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, Profiles,
                         testing::Values("f1", "f2", "f3", "f4", "f5", "f6", "f8", "f9", "r8",
                                         "steps", "mixed"),
                         [](const auto& test) { return std::string(test.param); });

TEST(ProfileShapes, AreTargets) {
  const struct {
    const char* name;
    std::uint64_t points, bytes_a_point;
  } shapes[] = {{"f1", 10'000, 24}, {"f2", 1000, 24}, {"f5", 10'000, 8}, {"f6", 10, 50}};
  for (const auto& shape : shapes) {
    const auto profile = make(shape.name, 1);
    const auto frame = profile->frame(0, 2);
    const auto batch =
        protocol::BatchView::parse(as_bytes(frame).subspan(sizeof(protocol::FrameHeader)));
    ASSERT_TRUE(batch.has_value()) << batch.error().text;
    EXPECT_EQ(batch.value().points(), shape.points) << shape.name;
    EXPECT_LE(frame.size() / shape.points, shape.bytes_a_point) << shape.name;
  }
}

TEST(StepsValues, ComeBack) {
  const StepsPoint back = steps_point(steps_value({3, 20'000, 7}));
  EXPECT_EQ(back.writer, 3u);
  EXPECT_EQ(back.sequence, 20'000u);
  EXPECT_EQ(back.position, 7u);
  EXPECT_EQ(steps_point(-1.0).writer, ~0u);
}

TEST(Latencies, PercentilesAreNear) {
  Latency latency;
  for (int i = 1; i <= 1000; ++i) latency.add(std::chrono::microseconds(i));
  EXPECT_NEAR(latency.percentile_ms(0.5), 0.5, 0.04);
  EXPECT_NEAR(latency.percentile_ms(0.99), 0.99, 0.07);
  EXPECT_EQ(latency.max_ms(), 1.0);
}

}  // namespace
}  // namespace stepwell::tools
