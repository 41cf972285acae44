// Blocks of every shape, looked at series by series, against the points that they were made of.
#include "engine/store/run_blocks.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "tests/store/point_models.hpp"

namespace stepwell::store {
namespace {

using Names = std::shared_ptr<const std::vector<SeriesNumber>>;
using Model = std::map<SeriesNumber, std::vector<Point>>;

Names names(std::initializer_list<std::uint64_t> numbers) {
  std::vector<SeriesNumber> series;
  for (const std::uint64_t number : numbers) series.push_back({number});
  return std::make_shared<const std::vector<SeriesNumber>>(std::move(series));
}

enum class Times { kColumn, kDeltas, kConstant };
struct Shape {
  bool is_rows = false, has_stride = false, is_f32 = false;
  Times times = Times::kColumn;
};

std::vector<Shape> all_shapes() {
  std::vector<Shape> shapes;
  for (const bool is_rows : {false, true}) {
    for (const bool has_stride : {false, true}) {
      for (const bool is_f32 : {false, true}) {
        for (const Times times : {Times::kColumn, Times::kDeltas, Times::kConstant}) {
          shapes.push_back({is_rows, has_stride, is_f32, times});
        }
      }
    }
  }
  return shapes;
}

// Everything that a block's views point to.
struct Memory {
  std::vector<std::int64_t> steps, times;
  std::vector<std::uint32_t> deltas, keys;
  std::vector<double> f64;
  std::vector<float> f32;
};

std::shared_ptr<Memory> some_memory(SeededRandom& random, const Shape& shape, std::size_t points,
                                    std::size_t series) {
  auto memory = std::make_shared<Memory>();
  for (std::size_t i = 0; i < points; ++i) {
    const Point point = some_point(random, 1000);
    memory->steps.push_back(shape.has_stride ? 500 - static_cast<std::int64_t>(i) * 3 : point.step);
    const auto delta = static_cast<std::uint32_t>(random.next_u64());
    memory->deltas.push_back(delta);
    memory->times.push_back(shape.times == Times::kColumn   ? point.timestamp_ms
                            : shape.times == Times::kDeltas ? -5 + std::int64_t{delta}
                                                            : -5);
    if (shape.is_rows) memory->keys.push_back(static_cast<std::uint32_t>(random.below(series)));
  }
  for (std::size_t i = 0; i < points * (shape.is_rows ? 1 : series); ++i) {
    const double value = some_point(random, 10).value;
    memory->f32.push_back(static_cast<float>(value));
    memory->f64.push_back(shape.is_f32 ? static_cast<double>(memory->f32.back()) : value);
  }
  return memory;
}

BlockPtr some_block(SeededRandom& random, const Shape& shape, std::size_t points,
                    const Names& series, Model& model) {
  const auto memory = some_memory(random, shape, points, series->size());
  PointBlock block;
  block.points = static_cast<std::uint32_t>(points);
  block.series = series;
  if (shape.is_rows) block.key_index = memory->keys;
  if (shape.has_stride) {
    block.steps = {nullptr, 500, -3};
  } else {
    block.steps.column = memory->steps.data();
  }
  block.times.base = -5;
  if (shape.times == Times::kColumn) block.times.column = memory->times.data();
  if (shape.times == Times::kDeltas) block.times.deltas = memory->deltas.data();
  if (shape.is_f32) {
    block.values.f32 = memory->f32.data();
  } else {
    block.values.f64 = memory->f64.data();
  }
  for (const SeriesNumber number : *series) model[number];
  for (std::size_t i = 0; i < memory->f64.size(); ++i) {
    const std::size_t at = shape.is_rows ? i : i % points;
    const std::size_t column = shape.is_rows ? memory->keys[i] : i / points;
    model[(*series)[column]].push_back({memory->steps[at], memory->times[at], memory->f64[i]});
  }
  block.memory = memory;
  return std::make_shared<const PointBlock>(std::move(block));
}

// Compares as bags: who merges sorts.
void expect_model(const RunBlocks& blocks, const Model& model) {
  std::vector<SeriesNumber> series;
  std::uint64_t points = 0;
  for (const auto& [number, list] : model) {
    series.push_back(number);
    points += list.size();
    Columns found = columns_of(std::vector<Point>{greatest_point()});
    blocks.append(number, found);
    ASSERT_EQ(found.view().front(), greatest_point()) << "what was there stays";
    std::vector<Point> bag = points_of(found.view().part(1, found.size() - 1)), wanted = list;
    std::ranges::sort(bag);
    std::ranges::sort(wanted);
    ASSERT_EQ(bag, wanted) << "series " << number.value;
  }
  EXPECT_EQ(blocks.series(), series);
  EXPECT_EQ(blocks.points(), points);
  for (const std::uint64_t other : {std::uint64_t{0}, std::uint64_t{4}, ~std::uint64_t{0}}) {
    Columns none;
    blocks.append({other}, none);
    EXPECT_TRUE(none.empty()) << "there is no series " << other;
  }
}

constexpr std::size_t kCounts[] = {1, 2, 3, 255, 256, 1024, 1500};

TEST(RunBlocks, EveryShapeOfBlockGivesItsPoints) {
  SeededRandom random(31);
  expect_model(RunBlocks(), {});
  for (const Shape& shape : all_shapes()) {
    for (const std::size_t count : kCounts) {
      for (const Names& list : {names({1}), names({9, 2, 5})}) {
        Model model;
        const RunBlocks blocks({some_block(random, shape, count, list, model)});
        ASSERT_NO_FATAL_FAILURE(expect_model(blocks, model)) << count;
      }
    }
  }
}

// A list's points in log order, as long as one list names the series in blocks of one kind.
TEST(RunBlocks, OneWritersPointsComeInLogOrder) {
  SeededRandom random(32);
  for (const bool is_rows : {false, true}) {
    const Names list = names({7, 3});
    Model model;
    std::vector<BlockPtr> blocks;
    for (const std::size_t count : kCounts) {
      blocks.push_back(some_block(random, {.is_rows = is_rows}, count, list, model));
    }
    const RunBlocks all(std::move(blocks));
    for (const auto& [number, list_of] : model) {
      Columns found;
      all.append(number, found);
      ASSERT_EQ(points_of(found), list_of) << "series " << number.value;
    }
  }
}

// Lists that are one object, that say the same twice, that overlap, that name a series twice.
TEST(RunBlocks, ListsThatNameTheSameSeriesAddUp) {
  const std::vector<Names> lists = {names({3, 1, 2}), names({3, 1, 2}), names({2, 9}),
                                    names({5, 5, 1}), names({5}),       names({1, 2, 3, 5, 9})};
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SeededRandom random(seed);
    const auto shapes = all_shapes();
    std::vector<BlockPtr> blocks;
    Model model;
    for (std::uint64_t n = 1 + random.below(60); n > 0; --n) {
      blocks.push_back(some_block(random, shapes[random.below(shapes.size())], 1 + random.below(40),
                                  lists[random.below(lists.size())], model));
    }
    ASSERT_NO_FATAL_FAILURE(expect_model(RunBlocks(std::move(blocks)), model)) << "seed " << seed;
  }
}

}  // namespace
}  // namespace stepwell::store
