#pragma once

// What a worker logs every step: more than 60 series, as a training job that is watched closely
// does.

#include <span>
#include <string>
#include <vector>

#include "examples/digits/network.hpp"

namespace digits {

class Metrics {
 public:
  explicit Metrics(const Network& network);

  const std::vector<std::string>& names() const { return names_; }
  std::span<const double> values() const { return values_; }

  // Of the gradients that this rank computed, before they are exchanged.
  void set_gradients(std::span<const float> gradients);
  // After the step: the weights, and what the step added to them.
  void set_weights(std::span<const float> weights, std::span<const float> update);
  void set_training(const Score& score, float rate, double examples_per_second);

 private:
  enum Summary : std::size_t { kGradientNorm, kMean, kDeviation, kMin, kMax, kNorm, kUpdateRatio };
  static constexpr std::size_t kOverall = 5;
  static constexpr std::size_t kSummaries = 7;

  double& at(std::size_t tensor, Summary summary) {
    return values_[kOverall + tensor * kSummaries + summary];
  }

  std::vector<Tensor> tensors_;
  std::vector<std::string> names_;
  std::vector<double> values_;  // One for each name.
};

}  // namespace digits
