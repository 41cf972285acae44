// The demo's trainer learns, its gradients are right, and its ranks agree: what the demo shows is a
// real job, whatever the store does.

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <stdexcept>
#include <thread>

#include "examples/digits/dataset.hpp"
#include "examples/digits/exchange.hpp"
#include "examples/digits/journal.hpp"
#include "examples/digits/metrics.hpp"
#include "examples/digits/network.hpp"

namespace digits {
namespace {

std::string scratch(const std::string& name) {
  return (std::filesystem::temp_directory_path() / (std::to_string(::getpid()) + name)).string();
}

TEST(DigitsDataset, IsWhole) {
  const Dataset data = load_dataset(STEPWELL_DIGITS);
  EXPECT_EQ(data.training.size() + data.held_out.size(), 1797U);
  int counts[kClasses] = {};
  for (const auto* part : {&data.training, &data.held_out})
    for (const Digit& digit : *part) ++counts[digit.label];
  const int published[kClasses] = {178, 182, 177, 183, 181, 182, 181, 179, 174, 180};
  for (int i = 0; i < kClasses; ++i) EXPECT_EQ(counts[i], published[i]) << i;
}

TEST(DigitsDataset, RefusesOtherFiles) {
  const auto path = scratch("bad.csv");
  for (const char* text : {"1,2,3\n", "", "x\n"}) {
    std::ofstream(path) << text;
    EXPECT_THROW(load_dataset(path), std::runtime_error) << text;
  }
  std::filesystem::remove(path);
}

TEST(DigitsDataset, ShiftsWithoutWrapping) {
  Digit digit;
  digit.pixels[0] = 1;
  digit.pixels[kPixels - 1] = 1;
  const Digit moved = shifted(digit, 1, 1);
  EXPECT_EQ(moved.pixels[kSide + 1], 1);
  EXPECT_EQ(std::count(moved.pixels.begin(), moved.pixels.end(), 0.0F), kPixels - 1);
}

TEST(DigitsNetwork, GradientsAreTheSlopeOfTheLoss) {
  const Dataset data = load_dataset(STEPWELL_DIGITS);
  const std::span<const Digit> batch(data.training.data(), 16);
  Network network(7);
  std::vector<float> gradients(network.weights().size());
  network.differentiate(batch, gradients);
  for (const Tensor& tensor : network.tensors()) {
    // The steepest weight of each tensor, where float's noise matters least.
    const auto own = tensor.of(gradients);
    const auto steepest = std::max_element(
        own.begin(), own.end(), [](float a, float b) { return std::abs(a) < std::abs(b); });
    const auto index = tensor.offset + static_cast<std::size_t>(steepest - own.begin());
    constexpr float kNudge = 1e-3F;
    float& weight = network.weights()[index];
    const float before = weight;
    weight = before + kNudge;
    const double above = network.evaluate(batch).loss;
    weight = before - kNudge;
    const double below = network.evaluate(batch).loss;
    weight = before;
    const double slope = (above - below) / (2 * static_cast<double>(kNudge));
    EXPECT_NEAR(slope, static_cast<double>(*steepest), 0.05 * std::abs(slope)) << tensor.name;
  }
}

TEST(DigitsNetwork, LearnsTheDigits) {
  const Dataset data = load_dataset(STEPWELL_DIGITS);
  Network network(1);
  Momentum momentum(network.weights().size());
  std::vector<float> gradients(network.weights().size());
  Chance chance(2);
  constexpr int kSteps = 400;
  for (int step = 0; step < kSteps; ++step) {
    Digits batch;
    for (int i = 0; i < 64; ++i)
      batch.push_back(data.training[static_cast<std::size_t>(
          chance.below(static_cast<int>(data.training.size())))]);
    network.differentiate(batch, gradients);
    momentum.step(network.weights(), gradients, learning_rate(step, kSteps));
  }
  EXPECT_GT(network.evaluate(data.held_out).accuracy, 0.93);
}

TEST(DigitsMetrics, AreManyAndNamedOnce) {
  const Network network(1);
  const Metrics metrics(network);
  auto names = metrics.names();
  EXPECT_GE(names.size(), 50U);
  EXPECT_EQ(names.size(), metrics.values().size());
  std::sort(names.begin(), names.end());
  EXPECT_EQ(std::unique(names.begin(), names.end()), names.end());
}

TEST(DigitsExchange, GivesEveryRankTheSameMean) {
  constexpr int kRanks = 4;
  const auto path = scratch("exchange");
  std::vector<std::vector<float>> values(kRanks);
  std::vector<std::thread> threads;
  for (int rank = 0; rank < kRanks; ++rank) {
    values[static_cast<std::size_t>(rank)].assign(10'000, static_cast<float>(rank));
    threads.emplace_back([&, rank] {
      Exchange exchange(rank, kRanks, path);
      for (int i = 0; i < 3; ++i) exchange.average(values[static_cast<std::size_t>(rank)]);
    });
  }
  for (auto& thread : threads) thread.join();
  for (const auto& own : values) EXPECT_EQ(own, std::vector<float>(10'000, 1.5F));
}

TEST(DigitsJournal, ComesBackBitForBit) {
  const auto path = scratch("journal");
  const double values[] = {-0.0, std::numeric_limits<double>::quiet_NaN(), 5e-324};
  JournalWriter writer(path, "rank=1");
  writer.row(writer.add_keys({"a", "b/c", "d"}), -3, 1'700'000'000'000, values);
  writer.fact("frames", "12");
  writer.close();
  const Journal journal = read_journal(path);
  std::filesystem::remove(path);
  EXPECT_EQ(journal.context, "rank=1");
  EXPECT_EQ(journal.keys, (std::vector<std::vector<std::string>>{{"a", "b/c", "d"}}));
  ASSERT_EQ(journal.rows.size(), 1U);
  EXPECT_EQ(journal.rows[0].step, -3);
  EXPECT_EQ(journal.rows[0].timestamp_ms, 1'700'000'000'000);
  for (std::size_t i = 0; i < 3; ++i)
    EXPECT_EQ(journal.rows[0].bits[i], std::bit_cast<std::uint64_t>(values[i]));
  EXPECT_EQ(journal.facts.at("frames"), "12");
}

}  // namespace
}  // namespace digits
