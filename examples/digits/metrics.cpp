#include "examples/digits/metrics.hpp"

#include <algorithm>
#include <cmath>

namespace digits {
namespace {

double norm_of(std::span<const float> values) {
  double sum = 0;
  for (const float value : values) sum += static_cast<double>(value) * static_cast<double>(value);
  return std::sqrt(sum);
}

}  // namespace

Metrics::Metrics(const Network& network) : tensors_(network.tensors()) {
  names_ = {"loss", "accuracy", "lr", "examples_per_second", "grad_norm"};
  for (const Tensor& tensor : tensors_) {
    for (const char* summary : {"grad_norm", "mean", "std", "min", "max", "norm", "update_ratio"})
      names_.push_back(tensor.name + "/" + summary);
  }
  values_.resize(names_.size());
}

void Metrics::set_gradients(std::span<const float> gradients) {
  values_[4] = norm_of(gradients);
  for (std::size_t i = 0; i < tensors_.size(); ++i)
    at(i, kGradientNorm) = norm_of(tensors_[i].of(gradients));
}

void Metrics::set_weights(std::span<const float> weights, std::span<const float> update) {
  for (std::size_t i = 0; i < tensors_.size(); ++i) {
    const auto own = tensors_[i].of(weights);
    const auto count = static_cast<double>(own.size());
    double sum = 0;
    for (const float weight : own) sum += static_cast<double>(weight);
    const double norm = norm_of(own);
    const auto [least, greatest] = std::minmax_element(own.begin(), own.end());
    at(i, kMean) = sum / count;
    at(i, kDeviation) = std::sqrt(std::max(0.0, norm * norm / count - sum * sum / count / count));
    at(i, kMin) = static_cast<double>(*least);
    at(i, kMax) = static_cast<double>(*greatest);
    at(i, kNorm) = norm;
    // Biases begin at 0, where a ratio says nothing.
    at(i, kUpdateRatio) = norm > 0 ? norm_of(tensors_[i].of(update)) / norm : 0;
  }
}

void Metrics::set_training(const Score& score, float rate, double examples_per_second) {
  values_[0] = score.loss;
  values_[1] = score.accuracy;
  values_[2] = static_cast<double>(rate);
  values_[3] = examples_per_second;
}

}  // namespace digits
