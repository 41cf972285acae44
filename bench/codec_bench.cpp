// The column codecs: bits an item over 64 blocks of 1024 items, and nanoseconds an item over 16 of
// them in turn, so that no branch is learnt by heart. `--export DIR` writes the same columns as
// files of 8 bytes an item for peers/codecs.py.
#include <benchmark/benchmark.h>

#include <bit>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <functional>
#include <numbers>
#include <random>
#include <string>
#include <vector>

#include "engine/codec/codec.hpp"

namespace stepwell::codec {
namespace {

constexpr std::size_t kBlocks = 64;
constexpr std::size_t kItems = kBlocks * kBlockPointsMax;
constexpr std::size_t kStride = 5;  // Between timed blocks: they are from all over the column.
constexpr std::size_t kTimed = 16;  // Blocks in turn: their columns and bytes stay in the L2 cache.

// Its own, since the library's distributions differ between implementations.
class Random {
 public:
  std::uint64_t below(std::uint64_t n) { return bits_() % n; }
  double unit() { return (static_cast<double>(bits_() >> 11) + 0.5) * 0x1p-53; }
  double normal() {
    return std::sqrt(-2 * std::log(unit())) * std::cos(2 * std::numbers::pi * unit());
  }

 private:
  std::mt19937_64 bits_{20};
};

double single(double value) {
  return static_cast<double>(static_cast<float>(value));
}
double bfloat16(double value) {
  return static_cast<double>(
      std::bit_cast<float>(std::bit_cast<std::uint32_t>(static_cast<float>(value)) & 0xFFFF0000u));
}

using Values = std::vector<double>;
using Integers = std::vector<std::int64_t>;

// Item i from make(random, i).
template <typename Item>
std::vector<Item> column(const std::function<Item(Random&, std::size_t)>& make) {
  Random random;
  std::vector<Item> items(kItems);
  for (std::size_t i = 0; i < kItems; ++i) items[i] = make(random, i);
  return items;
}

double noisy_loss(Random& random, std::size_t i) {
  return (0.3 + 2.5 / (1 + static_cast<double>(i) / 4000)) * (1 + 0.05 * random.normal());
}

struct NamedValues {
  const char* name;
  Values items;
};
struct NamedIntegers {
  const char* name;
  Integers items;
};

std::vector<NamedValues> values() {
  double mean = 2.8;
  const auto of = [](std::function<double(Random&, std::size_t)> make) {
    return column<double>(make);
  };
  return {
      {"loss_f32", of([](auto& r, auto i) { return single(noisy_loss(r, i)); })},
      {"ema_f32", of([&](auto& r, auto i) {
         mean += 0.02 * (noisy_loss(r, i) - mean);
         return single(mean);
       })},
      {"loss_bf16", of([](auto& r, auto i) { return bfloat16(noisy_loss(r, i)); })},
      {"accuracy_k256_f32", of([](auto& r, auto i) {
         const double p = 0.9 - 0.5 / (1 + static_cast<double>(i) / 9000);
         return std::round(256 * std::clamp(p + 0.03 * r.normal(), 0.0, 1.0)) / 256;
       })},
      {"accuracy_k10000_f32", of([](auto& r, auto i) {
         const double p = 0.9 - 0.5 / (1 + static_cast<double>(i) / 9000);
         return single(std::round(1e4 * std::clamp(p + 0.01 * r.normal(), 0.0, 1.0)) / 1e4);
       })},
      {"loss_4_decimals_f64",
       of([](auto& r, auto i) { return std::round(noisy_loss(r, i) * 1e4) / 1e4; })},
      {"lr_cosine_f64", of([](auto&, auto i) {
         return 1.5e-4 * (1 + std::cos(std::numbers::pi * static_cast<double>(i) / kItems));
       })},
      {"grad_norm_f32", of([](auto& r, auto) { return single(std::exp(0.5 * r.normal())); })},
      {"gpu_util_integers",
       of([](auto& r, auto) { return std::round(std::clamp(93 + 5 * r.normal(), 0.0, 100.0)); })},
      {"constant_f64", of([](auto&, auto) { return 0.1; })},
      {"loss_f64", of([](auto& r, auto i) { return noisy_loss(r, i); })},
  };
}

std::vector<NamedIntegers> integers() {
  std::int64_t gapped = 0, jitter = 1'700'000'000'000, stalled = jitter;
  const auto of = [](std::function<std::int64_t(Random&, std::size_t)> make) {
    return column<std::int64_t>(make);
  };
  const auto pause = [](Random& r) { return 100 + std::llround(5 * r.normal()); };
  return {
      {"steps_regular", of([](auto&, auto i) { return static_cast<std::int64_t>(10 * i); })},
      {"steps_gapped", of([&](auto& r, auto) {
         return gapped += r.below(50) == 0 ? 2 + static_cast<std::int64_t>(r.below(9)) : 1;
       })},
      {"steps_shuffled", of([](auto& r, auto i) {
         return static_cast<std::int64_t>(i / 1024 * 1024 + r.below(1024));
       })},
      {"times_jittered", of([&](auto& r, auto) { return jitter += pause(r); })},
      {"times_stalled", of([&](auto& r, auto) {
         return stalled +=
                pause(r) + (r.below(200) == 0 ? std::llround(8000 + 4000 * r.unit()) : 0);
       })},
  };
}

std::size_t encode(std::span<const double> items, MutableBytes out) {
  return encode_values(items, out);
}
std::size_t encode(std::span<const std::int64_t> items, MutableBytes out) {
  return encode_integers(items, out);
}
bool decode(Bytes in, std::span<double> out) {
  return decode_values(in, out).has_value();
}
bool decode(Bytes in, std::span<std::int64_t> out) {
  return decode_integers(in, out).has_value();
}

// The columns of one block after the other, encoded into one place.
template <typename Item>
class Blocks {
 public:
  Blocks(const std::vector<Item>& items, std::size_t points)
      : items_(items), points_(points), bytes_(kBlocks), out_(points) {
    for (std::size_t i = 0; i < kBlocks; ++i) {
      bytes_[i].resize(encoded_bytes_max(points));
      total_ += encode_block(i);
    }
  }
  std::size_t encode_block(std::size_t i) {
    return encode(std::span(items_).subspan(i * kStride % kBlocks * kBlockPointsMax, points_),
                  bytes_[i]);
  }
  bool decode_block(std::size_t i) { return decode(bytes_[i], std::span(out_)); }
  double bits_each() const {
    return static_cast<double>(total_ * 8) / static_cast<double>(kBlocks * points_);
  }

 private:
  const std::vector<Item>& items_;
  std::size_t points_;
  std::vector<std::vector<std::byte>> bytes_;
  std::vector<Item> out_;
  std::size_t total_ = 0;
};

void count(benchmark::State& state, std::size_t points, double bits_each) {
  const auto n = static_cast<double>(state.iterations() * static_cast<std::int64_t>(points));
  state.counters["ns/item"] =
      benchmark::Counter(n * 1e-9, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  state.counters["bits"] = bits_each;
}

template <typename Item>
void add(const std::string& name, const std::vector<Item>& items, std::size_t points) {
  const std::string suffix = fmt::format("{}/{}", name, points);
  benchmark::RegisterBenchmark(fmt::format("encode/{}", suffix).c_str(),
                               [&items, points](auto& state) {
                                 Blocks<Item> blocks(items, points);
                                 std::size_t i = 0;
                                 for (auto _ : state)
                                   benchmark::DoNotOptimize(blocks.encode_block(i++ % kTimed));
                                 count(state, points, blocks.bits_each());
                               });
  benchmark::RegisterBenchmark(fmt::format("decode/{}", suffix).c_str(),
                               [&items, points](auto& state) {
                                 Blocks<Item> blocks(items, points);
                                 std::size_t i = 0;
                                 for (auto _ : state)
                                   benchmark::DoNotOptimize(blocks.decode_block(i++ % kTimed));
                                 count(state, points, blocks.bits_each());
                               });
}

// A whole chunk: steps, timestamps and values of a typical curve.
void add_points(const NamedIntegers& steps, const NamedIntegers& times, const NamedValues& losses,
                std::size_t points) {
  const auto run = [&, points](benchmark::State& state, bool encodes) {
    Blocks<std::int64_t> step(steps.items, points), time(times.items, points);
    Blocks<double> loss(losses.items, points);
    std::size_t i = 0;
    for (auto _ : state) {
      const std::size_t at = i++ % kTimed;
      if (encodes) {
        benchmark::DoNotOptimize(step.encode_block(at) + time.encode_block(at) +
                                 loss.encode_block(at));
      } else {
        benchmark::DoNotOptimize(step.decode_block(at) && time.decode_block(at) &&
                                 loss.decode_block(at));
      }
    }
    count(state, points, step.bits_each() + time.bits_each() + loss.bits_each());
  };
  const std::string suffix = fmt::format("points/{}", points);
  benchmark::RegisterBenchmark(fmt::format("encode/{}", suffix).c_str(),
                               [run](auto& s) { run(s, true); });
  benchmark::RegisterBenchmark(fmt::format("decode/{}", suffix).c_str(),
                               [run](auto& s) { run(s, false); });
}

template <typename Item>
bool write(const std::string& path, const std::vector<Item>& items) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(items.data()),
             static_cast<std::streamsize>(8 * items.size()));
  return file.good();
}

}  // namespace
}  // namespace stepwell::codec

int main(int argc, char** argv) {
  using namespace stepwell::codec;
  const auto value_sets = values();
  const auto integer_sets = integers();
  if (argc == 3 && std::string(argv[1]) == "--export") {
    bool good = true;
    for (const auto& set : value_sets)
      good = write(fmt::format("{}/{}.f64", argv[2], set.name), set.items) && good;
    for (const auto& set : integer_sets)
      good = write(fmt::format("{}/{}.i64", argv[2], set.name), set.items) && good;
    if (!good) std::fprintf(stderr, "cannot write to %s\n", argv[2]);
    return good ? 0 : 1;
  }
  for (const std::size_t points : {std::size_t{1024}, std::size_t{700}}) {
    add_points(integer_sets[0], integer_sets[4], value_sets[0], points);
    for (const auto& set : value_sets) add(set.name, set.items, points);
    for (const auto& set : integer_sets) add(set.name, set.items, points);
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
