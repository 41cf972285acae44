#pragma once

// The digits as the network sees them: 64 pixels scaled to [0, 1] and a label. See README.md for
// where they come from.

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace digits {

inline constexpr int kSide = 8;
inline constexpr int kPixels = kSide * kSide;
inline constexpr int kClasses = 10;

struct Digit {
  std::array<float, kPixels> pixels{};
  int label = 0;
};

using Digits = std::vector<Digit>;

// Every fifth image is held out: the file is ordered by writer, so this mixes the writers.
struct Dataset {
  Digits training;
  Digits held_out;
};

// Throws std::runtime_error that names the file and the line.
Dataset load_dataset(const std::string& path);

// The image moved by whole pixels, blank where nothing comes from.
Digit shifted(const Digit& digit, int right, int down);

// Small, fast and the same on every machine: splitmix64.
class Chance {
 public:
  explicit Chance(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next();
  int below(int bound) { return static_cast<int>(next() % static_cast<std::uint64_t>(bound)); }
  float uniform();  // In [0, 1).
  float normal();   // Mean 0, deviation 1.

 private:
  std::uint64_t state_;
};

}  // namespace digits
