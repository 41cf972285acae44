#pragma once

// One series in all places that it can be in at once, at random: chunks in rows, tail blobs, a
// frozen generation in the middle of its checkpoint, an active one; late points and doubles
// everywhere; times that rise with the steps, or nearly, or not at all.

#include <algorithm>

#include "tests/store/layers_fixture.hpp"
#include "tests/store/point_models.hpp"

namespace stepwell::store {

enum class Times { kRise, kEqual, kJitter, kFall, kAny };
inline constexpr Times kAllTimes[] = {Times::kRise, Times::kEqual, Times::kJitter, Times::kFall,
                                      Times::kAny};

class RandomLayout : public LayersFixture {
 protected:
  static constexpr SeriesNumber kSeries{7};

  std::int64_t time_of(std::int64_t step, Times times, SeededRandom& random) const {
    switch (times) {
      case Times::kRise:
        return 1000 + step * 3;
      case Times::kEqual:
        return step / 100 * 50;
      case Times::kJitter:
        return step * 3 + static_cast<std::int64_t>(random.below(40));
      case Times::kFall:
        return -step;
      case Times::kAny:
        return random.one_in(50) ? (random.one_in(2) ? kMin : kMax)
                                 : static_cast<std::int64_t>(random.below(5000)) - 2500;
    }
    return 0;
  }

  void add(const std::vector<Point>& points) {
    apply(kSeries, points);
    model.insert(points.begin(), points.end());
  }

  // A run of steps as training makes them, some points that come late, some that came before.
  void grow(Times times, SeededRandom& random) {
    const auto stride = static_cast<std::int64_t>(1 + random.below(3));
    std::vector<Point> points;
    for (std::uint64_t i = 0, count = 1 + random.below(300); i < count; ++i, next_step += stride) {
      points.push_back({next_step, time_of(next_step, times, random), sim::some_value(random)});
    }
    add(points);
    points.clear();
    for (std::uint64_t i = random.below(12); i > 0; --i) {
      Point point = some_point(random, 3000);
      if (times != Times::kAny && point.step != kMin && point.step != kMax) {
        point.timestamp_ms = time_of(point.step, times, random);
      }
      points.push_back(point);
    }
    const std::vector<Point> known = listed(model);
    for (std::uint64_t i = random.below(12); i > 0; --i) {
      points.push_back(known[random.below(known.size())]);
    }
    if (!points.empty()) add(points);
    if (random.one_in(3)) apply({8}, {{next_step, 0, 1}});
  }

  // Ends with a checkpoint of which some steps are done; finish() does the others.
  void fill(Times times, SeededRandom& random) {
    next_step = static_cast<std::int64_t>(random.below(200)) - 300;
    for (std::uint64_t round = 2 + random.below(5); round > 0; --round) {
      grow(times, random);
      if (random.one_in(3)) grow(times, random);
      checkpoint();
    }
    grow(times, random);
    frozen = freeze();
    if (random.one_in(2)) grow(times, random);
    for (std::uint64_t steps = random.below(6); steps > 0 && frozen; --steps) step();
  }
  // False: it was the last.
  bool step() {
    const bool more = frozen->step().value();
    if (!more) {
      meta = frozen->meta();
      layers->thaw();
      frozen.reset();
    }
    return more;
  }

  // Takes the values out of the index that hold chunks before, or from, this entry, and none that
  // shall stay.
  void lose_chunks_before(std::size_t entry) {
    const auto values = chunk_values();
    ASSERT_GT(values.size(), entry);
    lose({values.begin(), values.begin() + static_cast<std::ptrdiff_t>(entry)},
         {values.begin() + static_cast<std::ptrdiff_t>(entry), values.end()});
  }
  void lose_chunks_from(std::size_t entry) {
    const auto values = chunk_values();
    ASSERT_GT(values.size(), entry);
    lose({values.begin() + static_cast<std::ptrdiff_t>(entry), values.end()},
         {values.begin(), values.begin() + static_cast<std::ptrdiff_t>(entry)});
  }

  PointSet model;
  std::int64_t next_step = 0;
  std::unique_ptr<Checkpoint> frozen;

 private:
  // The value of each entry.
  std::vector<std::uint64_t> chunk_values() const {
    std::vector<std::uint64_t> values;
    const auto transaction = index->begin_read();
    EXPECT_TRUE(visit_rows(transaction.value(), *layout, {kRun, kSeries}, least_point(),
                           greatest_point(), [&](const DirectoryRow& row) {
                             for (const ChunkEntry& entry : row.entries) {
                               values.push_back(entry.value);
                             }
                             return true;
                           }));
    return values;
  }
  void lose(const std::set<std::uint64_t>& values, const std::set<std::uint64_t>& kept) {
    auto transaction = index->begin_write();
    for (const std::uint64_t value : values) {
      if (kept.contains(value)) continue;
      ASSERT_TRUE(transaction.value().erase(layout->chunks, chunk_key(value)));
    }
    ASSERT_TRUE(transaction.value().commit());
  }
};

}  // namespace stepwell::store
