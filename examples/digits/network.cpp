#include "examples/digits/network.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace digits {
namespace {

constexpr std::size_t kSizes[] = {kPixels, 128, 64, 32, kClasses};
constexpr std::size_t kLayers = std::size(kSizes) - 1;

// The next two are written so that compilers vectorise them without reordering sums, which keeps
// results the same on every machine.
void add_scaled(float* to, const float* from, float factor, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) to[i] += factor * from[i];
}

float dot(const float* a, const float* b, std::size_t count) {
  constexpr std::size_t kLanes = 8;
  float lanes[kLanes] = {};
  std::size_t i = 0;
  for (; i + kLanes <= count; i += kLanes)
    for (std::size_t lane = 0; lane < kLanes; ++lane) lanes[lane] += a[i + lane] * b[i + lane];
  float sum = 0;
  for (const float lane : lanes) sum += lane;
  for (; i < count; ++i) sum += a[i] * b[i];
  return sum;
}

void softmax(std::vector<float>& values) {
  const float greatest = *std::max_element(values.begin(), values.end());
  float sum = 0;
  for (float& value : values) sum += value = std::exp(value - greatest);
  for (float& value : values) value /= sum;
}

}  // namespace

Network::Network(std::uint64_t seed) {
  std::size_t offset = 0;
  for (std::size_t i = 0; i < kLayers; ++i) {
    const std::string name = "layer" + std::to_string(i + 1);
    const std::size_t count = kSizes[i] * kSizes[i + 1];
    tensors_.push_back({name + "/weight", offset, count});
    tensors_.push_back({name + "/bias", offset + count, kSizes[i + 1]});
    offset += count + kSizes[i + 1];
  }
  weights_.resize(offset);
  Chance chance(seed);
  for (std::size_t i = 0; i < kLayers; ++i) {
    const Tensor& weight = tensors_[2 * i];
    const Tensor& bias = tensors_[2 * i + 1];
    // He's initialisation keeps the variance from layer to layer under ReLU.
    const float deviation = std::sqrt(2.0F / static_cast<float>(kSizes[i]));
    for (std::size_t j = 0; j < weight.count; ++j)
      weights_[weight.offset + j] = deviation * chance.normal();
    layers_.push_back({kSizes[i], kSizes[i + 1], &weights_[weight.offset], &weights_[bias.offset],
                       weight.offset, bias.offset});
    deltas_.emplace_back(kSizes[i + 1]);
  }
  for (const std::size_t size : kSizes) activations_.emplace_back(size);
}

float Network::forward(const Digit& digit, bool& right) {
  std::copy(digit.pixels.begin(), digit.pixels.end(), activations_[0].begin());
  for (std::size_t i = 0; i < kLayers; ++i) {
    const Layer& layer = layers_[i];
    const auto& in = activations_[i];
    auto& out = activations_[i + 1];
    std::copy_n(layer.biases, layer.outputs, out.begin());
    for (std::size_t j = 0; j < layer.inputs; ++j) {
      if (in[j] != 0) add_scaled(out.data(), layer.weights + j * layer.outputs, in[j], out.size());
    }
    if (i + 1 < kLayers)
      for (float& value : out) value = std::max(value, 0.0F);
  }
  auto& guesses = activations_.back();
  softmax(guesses);
  const auto label = static_cast<std::size_t>(digit.label);
  right = std::max_element(guesses.begin(), guesses.end()) - guesses.begin() == digit.label;
  return -std::log(std::max(guesses[label], 1e-12F));
}

void Network::backward(const Digit& digit, std::span<float> gradients) {
  deltas_.back() = activations_.back();
  deltas_.back()[static_cast<std::size_t>(digit.label)] -= 1;
  for (std::size_t i = kLayers; i-- > 0;) {
    const Layer& layer = layers_[i];
    const auto& in = activations_[i];
    const auto& delta = deltas_[i];
    add_scaled(&gradients[layer.biases_offset], delta.data(), 1, delta.size());
    for (std::size_t j = 0; j < layer.inputs; ++j) {
      // Where the input is 0, its weights have no slope, and ReLU lets none through.
      if (i > 0) deltas_[i - 1][j] = 0;
      if (in[j] == 0) continue;
      const std::size_t row = j * layer.outputs;
      add_scaled(&gradients[layer.weights_offset + row], delta.data(), in[j], delta.size());
      if (i > 0) deltas_[i - 1][j] = dot(layer.weights + row, delta.data(), delta.size());
    }
  }
}

Score Network::differentiate(std::span<const Digit> batch, std::span<float> gradients) {
  std::fill(gradients.begin(), gradients.end(), 0.0F);
  Score score;
  for (const Digit& digit : batch) {
    bool right = false;
    score.loss += static_cast<double>(forward(digit, right));
    score.accuracy += right ? 1 : 0;
    backward(digit, gradients);
  }
  const auto count = static_cast<float>(batch.size());
  for (float& gradient : gradients) gradient /= count;
  score.loss /= static_cast<double>(batch.size());
  score.accuracy /= static_cast<double>(batch.size());
  return score;
}

Score Network::evaluate(std::span<const Digit> batch) {
  Score score;
  for (const Digit& digit : batch) {
    bool right = false;
    score.loss += static_cast<double>(forward(digit, right));
    score.accuracy += right ? 1 : 0;
  }
  score.loss /= static_cast<double>(batch.size());
  score.accuracy /= static_cast<double>(batch.size());
  return score;
}

void Momentum::step(std::span<float> weights, std::span<const float> gradients, float rate) {
  for (std::size_t i = 0; i < weights.size(); ++i) {
    velocity_[i] = kMomentum * velocity_[i] - rate * gradients[i];
    weights[i] += velocity_[i];
  }
}

float learning_rate(int step, int steps) {
  constexpr float kGreatest = 0.05F;
  const int rise = std::max(1, steps / 20);
  if (step < rise) return kGreatest * static_cast<float>(step + 1) / static_cast<float>(rise);
  const float done =
      static_cast<float>(step - rise) / static_cast<float>(std::max(1, steps - rise));
  return kGreatest * (0.01F + 0.99F * 0.5F * (1 + std::cos(std::numbers::pi_v<float> * done)));
}

}  // namespace digits
