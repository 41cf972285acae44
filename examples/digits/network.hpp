#pragma once

// A multilayer perceptron with ReLU and a softmax at its end, and stochastic gradient descent with
// momentum. All weights lie in one array, so that gradients can be exchanged in one piece.

#include <span>
#include <string>
#include <vector>

#include "examples/digits/dataset.hpp"

namespace digits {

// Where one layer's weights or biases lie in the array.
struct Tensor {
  std::string name;  // "layer1/weight", "layer1/bias" …
  std::size_t offset = 0;
  std::size_t count = 0;
  std::span<const float> of(std::span<const float> all) const { return all.subspan(offset, count); }
};

struct Score {
  double loss = 0;      // Mean cross entropy.
  double accuracy = 0;  // In [0, 1].
};

class Network {
 public:
  // Equal seeds give equal weights, on every rank.
  explicit Network(std::uint64_t seed);

  // The batch's mean gradient replaces `gradients`, which has the size of weights().
  Score differentiate(std::span<const Digit> batch, std::span<float> gradients);
  Score evaluate(std::span<const Digit> batch);

  std::span<float> weights() { return weights_; }
  std::span<const float> weights() const { return weights_; }
  const std::vector<Tensor>& tensors() const { return tensors_; }

 private:
  struct Layer {
    std::size_t inputs, outputs;
    const float* weights;  // inputs x outputs, row by row.
    const float* biases;
    std::size_t weights_offset, biases_offset;
  };

  // Fills activations_; returns the image's loss, and whether the best guess is right.
  float forward(const Digit& digit, bool& right);
  void backward(const Digit& digit, std::span<float> gradients);

  std::vector<float> weights_;
  std::vector<Tensor> tensors_;
  std::vector<Layer> layers_;
  std::vector<std::vector<float>> activations_;  // The image, then each layer's outputs.
  std::vector<std::vector<float>> deltas_;       // The loss's slope by each layer's outputs.
};

class Momentum {
 public:
  explicit Momentum(std::size_t size) : velocity_(size) {}
  // velocity = kMomentum * velocity - rate * gradient; weights += velocity.
  void step(std::span<float> weights, std::span<const float> gradients, float rate);
  // What the last step added to the weights.
  std::span<const float> update() const { return velocity_; }

  static constexpr float kMomentum = 0.9F;

 private:
  std::vector<float> velocity_;
};

// A linear rise, then half a cosine down to nearly nothing.
float learning_rate(int step, int steps);

}  // namespace digits
