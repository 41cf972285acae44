// Parts of tail blobs: given back bit for bit, and damaged in every way.
#include "engine/store/tail.hpp"

#include <gtest/gtest.h>

#include <map>

#include "engine/base/bytes.hpp"
#include "engine/store/chunk.hpp"
#include "tests/store/point_models.hpp"

namespace stepwell::store {
namespace {

using Model = std::vector<std::pair<SeriesNumber, Columns>>;

std::string part_of(const Model& model) {
  TailPartBuilder builder;
  for (const auto& [series, points] : model) builder.add(series, points);
  return builder.finish();
}

// The same steps and times, other values.
Columns with_other_values(const Columns& points, double factor) {
  Columns other = points;
  for (double& value : other.values) value = value * factor + 1;
  return other;
}

void expect_model(std::string_view bytes, const Model& model) {
  const auto part = TailPart::open(bytes);
  ASSERT_TRUE(part.has_value()) << part.error().text;
  ASSERT_EQ(part.value().series().size(), model.size());
  std::vector<std::uint64_t> missing = {0, ~std::uint64_t{0}};
  for (std::size_t at = 0; at < model.size(); ++at) {
    const auto& [series, points] = model[at];
    ASSERT_EQ(part.value().series()[at].number, series);
    ASSERT_EQ(part.value().series()[at].count, points.size());
    Columns by_place = columns_of(std::vector<Point>{greatest_point()}), by_number = by_place;
    const auto read = part.value().read(at, by_place);
    ASSERT_TRUE(read.has_value()) << read.error().text;
    ASSERT_TRUE(part.value().read_series(series, by_number).has_value());
    ASSERT_EQ(points_of(by_place), points_of(by_number));
    ASSERT_EQ(by_place.view().front(), greatest_point()) << "what was there stays";
    ASSERT_EQ(points_of(by_place.view().part(1, points.size())), points_of(points));
    ASSERT_EQ(by_place.size(), points.size() + 1);
    if (at > 0 && model[at - 1].first.value + 1 < series.value) missing.push_back(series.value - 1);
  }
  for (const std::uint64_t series : missing) {
    Columns none;
    ASSERT_TRUE(part.value().read_series({series}, none).has_value());
    ASSERT_TRUE(none.empty()) << "there is no series " << series;
  }
}

// Of every length, some of which share the columns of the one before.
Model some_model(std::uint64_t seed) {
  static constexpr std::size_t kCounts[] = {1, 2, 7, 1023, 1024, 1025, 2048, 2049, 5000};
  SeededRandom random(seed);
  Model model;
  std::uint64_t series = 0;
  for (std::uint64_t n = 1 + random.below(12); n > 0; --n) {
    series += random.one_in(5) ? std::uint64_t{1} << 40 : 1 + random.below(3);
    if (!model.empty() && random.one_in(2)) {
      model.emplace_back(SeriesNumber{series}, with_other_values(model.back().second, 0.5));
      // Values decide between points of one moment, so these may be out of order now.
      if (is_strictly_sorted(model.back().second)) continue;
      model.pop_back();
    }
    const std::size_t count = random.one_in(3) ? kCounts[random.below(std::size(kCounts))] : 3;
    const bool is_regular = random.one_in(2);
    model.emplace_back(SeriesNumber{series},
                       is_regular ? regular_points(5, 3, count)
                                  : columns_of(some_set(random, count, std::uint64_t{1} << 40)));
  }
  return model;
}

TEST(TailPart, GivesBackEverySeries) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    const Model model = some_model(seed);
    ASSERT_NO_FATAL_FAILURE(expect_model(part_of(model), model)) << "seed " << seed;
  }
}

TEST(TailPart, TheBuilderSaysWhatItHolds) {
  TailPartBuilder builder;
  EXPECT_TRUE(builder.empty());
  const Columns points = regular_points(0, 1, 2000);
  for (int round = 0; round < 2; ++round) {
    builder.add({7}, points);
    EXPECT_EQ(builder.first_series(), SeriesNumber{7});
    builder.add({9}, with_other_values(points, 2));
    EXPECT_EQ(builder.first_series(), SeriesNumber{7});
    EXPECT_FALSE(builder.empty());
    const std::size_t bytes = builder.bytes();
    const std::string part = builder.finish();
    EXPECT_EQ(part.size(), bytes + 8) << "the part's own head is 8 bytes";
    EXPECT_TRUE(builder.empty());
    EXPECT_EQ(builder.bytes(), 0u);
    // A finished part's columns are not shared with the next part's first series.
    expect_model(part, {{{7}, points}, {{9}, with_other_values(points, 2)}});
  }
}

TEST(TailPart, EqualStepsAndTimesAreWrittenOnce) {
  SeededRandom random(42);
  Columns points;
  for (std::int64_t i = 0; i < 1000; ++i) {
    points.push_back({i * 1000 + static_cast<std::int64_t>(random.below(1000)),
                      static_cast<std::int64_t>(random.below(1 << 30)), 1});
  }
  Columns others = with_other_values(points, 3);
  const std::string alone = part_of({{{1}, points}});
  const std::string both = part_of({{{1}, points}, {{2}, others}});
  EXPECT_LT(both.size(), alone.size() + 32) << "constant values take next to nothing";
  ++others.times.back();
  EXPECT_GT(part_of({{{1}, points}, {{2}, others}}).size(), alone.size() + 1000)
      << "other times are written";
  others.resize(999);
  expect_model(part_of({{{1}, points}, {{2}, others}}), {{{1}, points}, {{2}, others}});
}

// kCorrupt, or for each series as many points as it says, in order.
void expect_refused_or_whole(std::string_view bytes, const std::string& how) {
  const auto part = TailPart::open(bytes);
  if (!part) {
    ASSERT_EQ(part.error().kind, ErrorKind::kCorrupt) << how;
    return;
  }
  std::optional<SeriesNumber> last;
  for (std::size_t at = 0; at < part.value().series().size(); ++at) {
    const TailPart::Series& series = part.value().series()[at];
    ASSERT_TRUE(!last || *last < series.number) << how;
    last = series.number;
    Columns points;
    const auto read = part.value().read(at, points);
    if (!read) {
      ASSERT_EQ(read.error().kind, ErrorKind::kCorrupt) << how;
      continue;
    }
    ASSERT_EQ(points.size(), series.count) << how;
    ASSERT_TRUE(is_strictly_sorted(points)) << how;
  }
}

TEST(TailPart, ACutOneIsRefusedAndAFlippedOneIsNeverHalfRead) {
  SeededRandom random(43);
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    const std::string part = part_of(some_model(seed));
    for (std::size_t cut = 0; cut < part.size(); cut += 1 + part.size() / 500) {
      const std::string bytes = part.substr(0, cut);
      ASSERT_FALSE(TailPart::open(bytes).has_value()) << "seed " << seed << " cut to " << cut;
    }
    ASSERT_FALSE(TailPart::open(part + '\0').has_value()) << "a byte too many";
    for (int flips = 0; flips < 1500; ++flips) {
      std::string bytes = part;
      // Half of them in head and directory.
      const std::size_t most =
          random.one_in(2) ? std::min<std::size_t>(64, part.size()) : part.size();
      const std::size_t at = random.below(most);
      bytes[at] =
          static_cast<char>(static_cast<unsigned char>(bytes[at]) ^ (1 + random.below(255)));
      ASSERT_NO_FATAL_FAILURE(expect_refused_or_whole(
          bytes, fmt::format("seed {} byte {} of {}", seed, at, part.size())));
    }
  }
}

struct Entry {
  std::uint64_t named, points, bytes;
};
std::string hand_made(std::uint32_t count, const std::vector<Entry>& entries,
                      const std::string& data) {
  Encoder directory;
  for (const Entry& entry : entries) {
    directory.varint(entry.named).varint(entry.points).varint(entry.bytes);
  }
  const auto length = static_cast<std::uint32_t>(directory.view().size());
  return Encoder().put(count).put(length).raw(directory.view()).raw(data).take();
}

TEST(TailPart, EveryFaultInTheDirectoryIsRefused) {
  std::string own, values;
  encode_chunk(regular_points(0, 1, 2), own);
  encode_chunk_values(regular_points(0, 1, 2), values);
  const std::uint64_t n = own.size(), v = values.size();
  ASSERT_TRUE(TailPart::open(hand_made(2, {{2, 2, n}, {3, 2, v}}, own + values)));
  const std::map<std::string, std::string> refused = {
      {"no series", hand_made(0, {}, "")},
      {"fewer than it says", hand_made(2, {{2, 2, n}}, own)},
      {"more than it says", hand_made(1, {{2, 2, n}, {2, 2, n}}, own + own)},
      {"more than fit", hand_made(~std::uint32_t{0}, {{2, 2, n}}, own)},
      {"the first one shares", hand_made(1, {{3, 2, v}}, values)},
      {"a number twice", hand_made(2, {{2, 2, n}, {0, 2, n}}, own + own)},
      {"numbers that wrap",
       hand_made(3, {{6, 2, n}, {~1ULL, 2, n}, {~1ULL, 2, n}}, own + own + own)},
      {"no points", hand_made(1, {{2, 0, n}}, own)},
      {"too many points", hand_made(1, {{2, (1ULL << 28) + 1, n}}, own)},
      {"bytes behind the data", hand_made(1, {{2, 2, n + 1}}, own)},
      {"bytes that wrap", hand_made(2, {{2, 2, n}, {2, 2, ~0ULL}}, own + own)},
      {"data that nobody names", hand_made(1, {{2, 2, n}}, own + "x")}};
  for (const auto& [how, bytes] : refused) {
    const auto part = TailPart::open(bytes);
    ASSERT_FALSE(part.has_value()) << how;
    EXPECT_EQ(part.error().kind, ErrorKind::kCorrupt) << how;
  }
  const std::map<std::string, std::string> unreadable = {
      {"shares more", hand_made(2, {{2, 2, n}, {3, 3, v}}, own + values)},
      {"shares less", hand_made(2, {{2, 2, n}, {3, 1, v}}, own + values)},
      {"too short", hand_made(2, {{2, 2, n}, {3, 2, v - 1}}, own + values.substr(1))},
      {"too long", hand_made(2, {{2, 2, n}, {3, 2, v + 1}}, own + values + "x")}};
  for (const auto& [how, bytes] : unreadable) {
    const auto part = TailPart::open(bytes);
    ASSERT_TRUE(part.has_value()) << how;
    Columns points;
    EXPECT_TRUE(part.value().read(0, points).has_value()) << how;
    const auto read = part.value().read(1, points);
    ASSERT_FALSE(read.has_value()) << how;
    EXPECT_EQ(read.error().kind, ErrorKind::kCorrupt) << how;
  }
}

TEST(TailPart, KeysSortByBlobAndSeries) {
  EXPECT_LT(tail_key(1, {~std::uint64_t{0}}), tail_key(2, {0}));
  EXPECT_LT(tail_key(255, {255}), tail_key(255, {256}));
  EXPECT_LT(tail_key(255, {256}), tail_key(256, {255}));
  EXPECT_TRUE(tail_key(256, {3}).starts_with(tail_prefix(256)));
}

}  // namespace
}  // namespace stepwell::store
