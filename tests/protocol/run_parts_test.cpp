#include "protocol/run_parts.hpp"

#include <gtest/gtest.h>

#include "protocol/limits.hpp"

namespace stepwell::protocol {
namespace {

// What a client joins from the frames that it decodes.
wire::RunDataT sent_and_joined(const std::vector<std::string>& payloads) {
  wire::RunDataT whole;
  for (const std::string& payload : payloads) {
    EXPECT_LE(payload.size() + sizeof(FrameHeader), kFrameBytesMax);
    const std::string frame = make_frame({}, payload);
    auto part = decode<wire::RunDataT>(as_bytes(frame).subspan(sizeof(FrameHeader)));
    EXPECT_TRUE(part) << part.error().text;
    if (part) join_run(whole, std::move(part.value()));
  }
  return whole;
}

wire::RunDataT a_run() {
  wire::RunDataT data;
  data.info = std::make_unique<wire::RunInfoT>();
  data.info->name = "large";
  return data;
}

TEST(RunParts, ASmallRunIsOneFrame) {
  const auto payloads = split_run(a_run());
  ASSERT_EQ(payloads.size(), 1u);
  EXPECT_EQ(sent_and_joined(payloads).info->name, "large");
}

TEST(RunParts, MoreSeriesThanAFrameHoldsComeBackInOrder) {
  wire::RunDataT data = a_run();
  for (std::size_t i = 0; i < 250'000; ++i) {
    auto metric = std::make_unique<wire::LatestMetricT>();
    metric->key = "loss";
    metric->count = i;
    data.metrics.push_back(std::move(metric));
  }
  const wire::RunDataT whole = sent_and_joined(split_run(std::move(data)));
  ASSERT_EQ(whole.metrics.size(), 250'000u);
  for (std::size_t i = 0; i < whole.metrics.size(); ++i) ASSERT_EQ(whole.metrics[i]->count, i);
}

TEST(RunParts, LongTextsAndManyWritersComeBackWhole) {
  wire::RunDataT data = a_run();
  for (std::size_t i = 0; i < 100; ++i) {
    data.params.push_back(std::make_unique<wire::TextT>());
    data.params.back()->value = std::string(kValueBytesMax, 'p');
    data.tags.push_back(std::make_unique<wire::TextT>());
    data.tags.back()->value = std::string(kValueBytesMax, 't');
  }
  for (std::size_t i = 0; i < kWritersMax; ++i) {
    data.writers.push_back(std::make_unique<wire::WriterInfoT>());
    data.losses.push_back(std::make_unique<wire::LossT>());
    data.losses.back()->reason = "disk full";
  }
  const wire::RunDataT whole = sent_and_joined(split_run(std::move(data)));
  EXPECT_EQ(whole.info->name, "large");
  ASSERT_EQ(whole.params.size(), 100u);
  ASSERT_EQ(whole.tags.size(), 100u);
  EXPECT_EQ(whole.tags.back()->value, std::string(kValueBytesMax, 't'));
  EXPECT_EQ(whole.writers.size(), kWritersMax);
  ASSERT_EQ(whole.losses.size(), kWritersMax);
  EXPECT_EQ(whole.losses.back()->reason, "disk full");
}

}  // namespace
}  // namespace stepwell::protocol
