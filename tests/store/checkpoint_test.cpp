// Points and rows on their way into the index, against plain sets and maps, read after every step
// and after a stop at every step.
#include <limits>
#include <map>

#include "engine/store/chunk.hpp"
#include "tests/sim/job_script.hpp"
#include "tests/store/layers_fixture.hpp"

namespace stepwell::store {
namespace {

constexpr auto kMin = std::numeric_limits<std::int64_t>::min();
constexpr auto kMax = std::numeric_limits<std::int64_t>::max();

class CheckpointTest : public LayersFixture {
 protected:
  using Model = std::map<std::uint64_t, std::set<Point>>;

  Point some_point(SeededRandom& random) const {
    std::int64_t step = static_cast<std::int64_t>(random.below(6000));
    if (random.one_in(50)) step = random.one_in(2) ? kMin : kMax;
    std::int64_t time = static_cast<std::int64_t>(random.below(3));
    if (random.one_in(50)) time = random.one_in(2) ? kMin : kMax;
    return {step, time, sim::some_value(random)};
  }

  // A few records of random points: in order, late, repeated.
  void apply_some(SeededRandom& random, Model& model) {
    for (std::uint64_t n = 1 + random.below(8); n > 0; --n) {
      const SeriesNumber series{1 + random.below(3)};
      std::vector<Point> some;
      for (std::uint64_t i = 1 + random.below(random.one_in(4) ? 3000 : 40); i > 0; --i) {
        some.push_back(some_point(random));
      }
      model[series.value].insert(some.begin(), some.end());
      apply(series, some);
    }
  }

  void compare(const Model& model) const {
    for (const auto& [series, expected] : model) {
      const std::vector<Point> wanted(expected.begin(), expected.end());
      ASSERT_EQ(bits_of(points({series})), bits_of(wanted)) << "series " << series;
      auto snapshot = layers->snapshot();
      const auto summary = snapshot.value().summary(kRun, {series});
      ASSERT_TRUE(summary.has_value()) << summary.error().text;
      ASSERT_EQ(summary.value().count, wanted.size());
      ASSERT_EQ(summary.value().latest, wanted.back());
      ASSERT_EQ(summary.value().first, wanted.front());
    }
  }
};

TEST_F(CheckpointTest, EveryStepShowsTheSamePoints) {
  SeededRandom random(1);
  Model model;
  for (int round = 0; round < 5; ++round) {
    apply_some(random, model);
    auto checkpoint = freeze();
    bool more = true;
    while (more) {
      const auto stepped = checkpoint->step();
      ASSERT_TRUE(stepped.has_value()) << stepped.error().text;
      more = stepped.value();
      if (random.one_in(3)) apply_some(random, model);  // The next generation grows meanwhile.
      ASSERT_NO_FATAL_FAILURE(compare(model)) << "round " << round;
    }
    meta = checkpoint->meta();
    layers->thaw();
    ASSERT_NO_FATAL_FAILURE(compare(model));
    expect_sound();
  }
}

TEST_F(CheckpointTest, AStopAfterAnyStepKeepsWhatWasThereOrAddsAll) {
  SeededRandom random(2);
  Model stored;
  for (int stop = 1; stop < 40; ++stop) {
    Model model = stored;
    apply_some(random, model);
    auto checkpoint = freeze();
    for (int step = 0; step < stop; ++step) {
      const auto more = checkpoint->step();
      ASSERT_TRUE(more.has_value()) << more.error().text;
      if (!more.value()) break;
    }
    const bool published = checkpoint->published();
    checkpoint.reset();
    ASSERT_NO_FATAL_FAILURE(open());
    if (published) {
      stored = std::move(model);
      EXPECT_EQ(meta.applied, lsn);
    }
    lsn = meta.applied;
    ASSERT_NO_FATAL_FAILURE(compare(stored)) << "stopped after step " << stop;
    expect_sound();
  }
}

TEST_F(CheckpointTest, SmallCheckpointsMakeTailsAndThenChunks) {
  const auto checked = [this] { return check_index(*index, *layout, [](const auto&) {}).value(); };
  sizes = {};
  for (std::int64_t round = 0; round < 60; ++round) {
    apply({1}, {{round, 0, 1.0}, {round, 1, 2.0}});
    checkpoint();
  }
  EXPECT_EQ(checked().tail_points, 120u);
  EXPECT_EQ(checked().points, 0u);
  for (std::int64_t round = 60; round < 3000; ++round) {
    apply({1}, {{round, 0, 1.0}, {round, 1, 2.0}});
    checkpoint();
  }
  EXPECT_EQ(checked().tail_points + checked().points, 6000u);
  EXPECT_EQ(checked().chunks, checked().points / kChunkPoints) << "borders fall on powers of two";
  EXPECT_GE(checked().points, 4096u);
}

// Chunks of a constant take a few bytes each.
TEST_F(CheckpointTest, TinyChunksShareAValue) {
  sizes = {};
  std::vector<Point> points;
  for (std::int64_t i = 0; i < 20 * 1024; ++i) points.push_back({i, 0, 1.0});
  apply({1}, points);
  checkpoint();
  EXPECT_EQ(check_index(*index, *layout, [](const auto&) {}).value().chunks, 20u);
  const auto transaction = index->begin_read();
  EXPECT_EQ(transaction.value().count(layout->chunks).value(), 1u);
}

TEST_F(CheckpointTest, RowsAreReplacedAndErased) {
  SeededRandom random(3);
  std::map<std::string, std::string> model;
  for (int round = 0; round < 30; ++round) {
    {
      auto transaction = begin();
      for (int i = 0; i < 40; ++i) {
        const std::string key = fmt::format("key-{}", random.below(120));
        if (random.one_in(3)) {
          transaction.erase(kSecond, key);
          model.erase(key);
        } else {
          model[key] = std::string(random.below(900), static_cast<char>('a' + round % 26));
          transaction.put(kSecond, key, model[key]);
        }
      }
      layers->publish(lsn);
    }
    if (random.one_in(2)) checkpoint();
    if (random.one_in(5) && layers->active_is_empty()) open();
    std::map<std::string, std::string> found;
    auto snapshot = layers->snapshot();
    ASSERT_TRUE(snapshot.value().rows().scan(kSecond, {}, {}, [&](auto key, auto value) {
      found.emplace(key, value);
      return true;
    }));
    ASSERT_EQ(found, model) << "round " << round;
  }
}

TEST_F(CheckpointTest, ARangeIsReadInPagesOfAnySize) {
  SeededRandom random(4);
  Model model;
  for (int round = 0; round < 8; ++round) {
    apply_some(random, model);
    if (round % 2 == 0) checkpoint();
  }
  ASSERT_GT(model.begin()->second.size(), 3 * sizes.chunk_points);
  const auto& expected = model.begin()->second;
  const std::vector<Point> all(expected.begin(), expected.end());
  auto snapshot = layers->snapshot();
  for (int i = 0; i < 200; ++i) {
    std::size_t from = random.below(all.size()), to = random.below(all.size());
    if (from > to) std::swap(from, to);
    const std::size_t limit =
        random.one_in(10) ? std::numeric_limits<std::size_t>::max() : 1 + random.below(2500);
    const auto page =
        snapshot.value().points(kRun, {model.begin()->first}, {all[from], all[to]}, limit);
    ASSERT_TRUE(page.has_value()) << page.error().text;
    const std::size_t end = from + std::min(limit, to + 1 - from);
    const std::vector<Point> wanted(all.begin() + static_cast<std::ptrdiff_t>(from),
                                    all.begin() + static_cast<std::ptrdiff_t>(end));
    ASSERT_EQ(bits_of(page.value()), bits_of(wanted)) << from << " to " << to << " limit " << limit;
  }
}

}  // namespace
}  // namespace stepwell::store
