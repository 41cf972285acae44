#include "examples/digits/dataset.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <numbers>
#include <stdexcept>
#include <string_view>

namespace digits {
namespace {

constexpr float kBrightest = 16;

// 64 pixels in 0..16 and a label in 0..9, separated by commas.
bool parse_line(std::string_view line, Digit& digit) {
  for (int i = 0; i <= kPixels; ++i) {
    int number = -1;
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), number);
    if (error != std::errc() || number < 0) return false;
    line.remove_prefix(static_cast<std::size_t>(end - line.data()));
    if (i == kPixels) {
      digit.label = number;
      return line.empty() && number < kClasses;
    }
    if (static_cast<float>(number) > kBrightest || !line.starts_with(',')) return false;
    line.remove_prefix(1);
    digit.pixels[static_cast<std::size_t>(i)] = static_cast<float>(number) / kBrightest;
  }
  return false;
}

}  // namespace

Dataset load_dataset(const std::string& path) {
  std::ifstream in(path);
  if (!in) throw std::runtime_error("cannot open " + path);
  Dataset dataset;
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    Digit digit;
    if (!parse_line(line, digit))
      throw std::runtime_error(path + ":" + std::to_string(number) +
                               ": expected 64 pixels of 0..16 and a label of 0..9");
    (number % 5 == 0 ? dataset.held_out : dataset.training).push_back(digit);
  }
  if (dataset.held_out.empty()) throw std::runtime_error(path + ": too few images");
  return dataset;
}

Digit shifted(const Digit& digit, int right, int down) {
  Digit moved;
  moved.label = digit.label;
  for (int row = std::max(0, down); row < std::min(kSide, kSide + down); ++row) {
    for (int column = std::max(0, right); column < std::min(kSide, kSide + right); ++column) {
      const int from = (row - down) * kSide + (column - right);
      moved.pixels[static_cast<std::size_t>(row * kSide + column)] =
          digit.pixels[static_cast<std::size_t>(from)];
    }
  }
  return moved;
}

std::uint64_t Chance::next() {
  std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ULL);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

float Chance::uniform() {
  return static_cast<float>(next() >> 40) * 0x1p-24F;
}

float Chance::normal() {
  const float radius = std::sqrt(-2 * std::log(1 - uniform()));
  return radius * std::cos(2 * std::numbers::pi_v<float> * uniform());
}

}  // namespace digits
