#include "tests/codec/columns.hpp"

#include <bit>
#include <cmath>
#include <limits>

namespace stepwell::codec {

std::vector<NamedIntegers> integer_columns(std::size_t count, std::uint64_t seed) {
  Random random(seed);
  const auto bits = [&](unsigned width) {
    return static_cast<std::int64_t>(width == 0 ? 0 : random() >> (64 - width));
  };
  std::vector<NamedIntegers> all;
  const auto add = [&](std::string name, auto make) {
    all.push_back({std::move(name), column_of<std::int64_t>(count, make)});
  };
  constexpr auto kLeast = std::numeric_limits<std::int64_t>::min();
  constexpr auto kGreatest = std::numeric_limits<std::int64_t>::max();
  std::uint64_t sum = 1'700'000'000'000;
  add("zero", [](auto) { return 0; });
  add("least", [&](auto) { return kLeast; });
  add("extremes in turn", [&](auto i) { return i % 2 == 0 ? kLeast : kGreatest; });
  add("one extreme", [&](auto i) { return i == count / 2 ? kLeast : 5; });
  add("regular", [](auto i) { return 100 + 10 * static_cast<std::int64_t>(i); });
  add("wrapping stride", [&](auto i) { return std::uint64_t{1} << 62 | i << 61 | i; });
  add("jitter", [&](auto) { return sum += 90 + random() % 20; });
  add("stalls", [&](auto) { return sum += random() % 100 == 0 ? 60'000 : 90 + random() % 20; });
  add("long stalls", [&](auto) { return sum += random() % 50 == 0 ? 1u << 31 : random() % 20; });
  add("clock set back", [&](auto i) { return i % 97 == 90 ? sum -= 3'600'000 : sum += 100; });
  add("gaps", [&](auto) { return sum += random() % 50 == 0 ? 7 : 1; });
  add("shuffled", [&](auto) { return random() % (count + 1); });
  add("low outliers", [&](auto) { return random() % 64 == 0 ? bits(3) : 1'000'000 + bits(9); });
  add("far low outliers", [&](auto) { return random() % 64 == 0 ? kLeast : bits(9); });
  add("quadratic", [&](auto i) { return static_cast<std::int64_t>(i * i) - 5'000; });
  add("quadratic, wrapping", [&](auto i) { return i * i << 54; });
  for (unsigned width = 1; width <= 64; width += count < 64 ? 7 : 1)
    add("random of width " + std::to_string(width), [&](auto) { return bits(width); });
  add("any width", [&](auto) { return bits(static_cast<unsigned>(random() % 65)); });
  return all;
}

std::vector<NamedValues> value_columns(std::size_t count, std::uint64_t seed) {
  Random random(seed);
  std::normal_distribution<double> normal;
  std::vector<NamedValues> all;
  const auto add = [&](std::string name, auto make) {
    all.push_back({std::move(name), column_of<double>(count, make)});
  };
  const auto raw = [](std::uint64_t bits) { return std::bit_cast<double>(bits); };
  const auto loss = [&](auto i) {
    return 0.3 + 2 / (1 + 0.01 * double(i)) * (1 + normal(random) / 20);
  };
  const auto single = [](double value) { return static_cast<double>(static_cast<float>(value)); };
  const double specials[] = {0.0,
                             -0.0,
                             HUGE_VAL,
                             -HUGE_VAL,
                             raw(0x7FF8000000000000),
                             raw(0xFFF8000000000123),
                             raw(0x7FF0000000000001),
                             raw(1),
                             raw(0x8000000000000001),
                             1.0,
                             -1.5,
                             5e-324,
                             1.7976931348623157e308};
  add("0.0", [](auto) { return 0.0; });
  add("-0.0", [](auto) { return -0.0; });
  add("both zeros", [&](auto) { return random() % 2 ? 0.0 : -0.0; });
  add("0.1", [](auto) { return 0.1; });
  add("NaN with a payload", [&](auto) { return raw(0xFFFC0000DEADBEEF); });
  add("specials", [&](auto i) { return specials[i % std::size(specials)]; });
  add("random bits", [&](auto) { return raw(random()); });
  add("denormals", [&](auto) { return raw(random() >> 13); });
  add("NaNs", [&](auto) { return raw(random() | 0x7FF0000000000000); });
  add("floats", [&](auto i) { return single(loss(i)); });
  add("negative floats", [&](auto i) { return single(-loss(i)); });
  add("floats of both signs", [&](auto) { return single(normal(random)); });
  add("float denormals", [&](auto) { return single(raw(random() >> 35 << 29) * 1e-30); });
  add("floats and specials",
      [&](auto i) { return i % 40 == 7 ? specials[random() % 13] : single(loss(i)); });
  add("halves of floats", [&](auto i) {
    return std::bit_cast<float>(std::bit_cast<std::uint32_t>(float(loss(i))) & 0xFFFF0000u);
  });
  add("doubles", loss);
  add("cosine", [](auto i) { return 1.5e-4 * (1 + std::cos(double(i) / 500)); });
  add("decimals", [&](auto i) { return std::round(loss(i) * 1e4) / 1e4; });
  add("decimals of floats", [&](auto) { return single(double(random() % 10000) / 10000); });
  add("decimals and others", [&](auto i) {
    return i % 30 == 3 ? specials[random() % 13] : double(random() % 1000) / 100;
  });
  add("decimals, few exact", [&](auto i) { return i % 3 == 0 ? 0.25 : loss(i); });
  add("k / 256", [&](auto) { return double(random() % 257) / 256; });
  add("integers", [&](auto) { return double(random() % 101); });
  add("counter", [](auto i) { return double(i); });
  add("large integers", [&](auto) { return double(random() >> (random() % 20)); });
  add("around 2^51", [&](auto) { return 0x1p51 + double(std::int64_t(random() % 9) - 4); });
  add("small decimals", [&](auto) { return double(random() % 90 + 10) / 1e17; });
  add("few values", [&](auto) { return double(random() % 3 + 1) * 0.1; });
  return all;
}

}  // namespace stepwell::codec
