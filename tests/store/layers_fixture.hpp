#pragma once

// An index in a scratch directory with the store's layers over it, without a log: what is applied
// is said by the test.

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "engine/store/check.hpp"
#include "engine/store/checkpoint.hpp"
#include "engine/store/layers.hpp"
#include "tests/crash/store_on_world.hpp"

namespace stepwell::store {

inline constexpr RunNumber kRun{1};
inline constexpr TableNumber kFirst{0}, kSecond{1};

class LayersFixture : public testing::Test {
 protected:
  LayersFixture() { open(); }

  void open() {
    layers.reset();
    layout.reset();
    index.reset();
    index::Options options;
    options.map_bytes = 64 << 20;
    const std::vector<TableInfo> tables = {{"first"}, {"second", true}};
    auto opened =
        index::Environment::open(directory.path() + "/index.lmdb", Layout::tables(tables), options);
    ASSERT_TRUE(opened.has_value()) << opened.error().text;
    index = std::move(opened.value());
    layout.emplace(*index, tables);
    auto found = layout->read_meta(index->begin_read().value());
    ASSERT_TRUE(found.has_value()) << found.error().text;
    if (!found.value()) {
      auto transaction = index->begin_write();
      ASSERT_TRUE(layout->write_meta(transaction.value(), Meta{}));
      ASSERT_TRUE(transaction.value().commit());
    }
    const auto recovered = Checkpoint::recover(*index, *layout, found.value().value_or(Meta{}),
                                               kTransactionBytes, false);
    ASSERT_TRUE(recovered.has_value()) << recovered.error().text;
    meta = recovered.value();
    layers = std::make_unique<Layers>(*index, *layout, meta.applied);
  }

  // One record: these points of a series.
  void apply(SeriesNumber series, const std::vector<Point>& points, RunNumber run = kRun) {
    auto columns = std::make_shared<Columns>();
    for (const Point& point : points) columns->push_back(point);
    auto transaction = begin();
    PointBlock block;
    block.run = run;
    block.points = static_cast<std::uint32_t>(points.size());
    block.series = std::make_shared<const std::vector<SeriesNumber>>(1, series);
    block.steps.column = columns->steps.data();
    block.times.column = columns->times.data();
    block.values.f64 = columns->values.data();
    block.memory = columns;
    transaction.add_points(std::move(block));
    layers->publish(lsn);
  }

  Layers::Transaction begin() {
    auto transaction = layers->begin();
    EXPECT_TRUE(transaction.has_value());
    ++lsn.value;
    transaction.value().begin(lsn, nullptr);
    return std::move(transaction.value());
  }

  std::unique_ptr<Checkpoint> freeze() {
    auto [generation, up_to] = layers->freeze();
    return std::make_unique<Checkpoint>(*index, *layout, meta, std::move(generation), up_to,
                                        Checkpoint::Options{kTransactionBytes, sizes});
  }

  void checkpoint() {
    auto whole = freeze();
    while (true) {
      const auto more = whole->step();
      ASSERT_TRUE(more.has_value()) << more.error().text;
      if (!more.value()) break;
    }
    meta = whole->meta();
    layers->thaw();
  }

  std::vector<Point> points(SeriesNumber series, RunNumber run = kRun) const {
    auto snapshot = layers->snapshot();
    EXPECT_TRUE(snapshot.has_value());
    auto all = snapshot.value().points(run, series, {least_point(), greatest_point()}, 1 << 20);
    EXPECT_TRUE(all.has_value()) << (all ? "" : all.error().text);
    return all ? std::vector<Point>(all.value().begin(), all.value().end()) : std::vector<Point>{};
  }

  void expect_sound() {
    const auto checked =
        check_index(*index, *layout, [](const std::string& problem) { ADD_FAILURE() << problem; });
    EXPECT_TRUE(checked.has_value());
  }

  // Small, so that a few thousand points fill rows of chunks.
  Sizes sizes{.chunk_points = 64,
              .seal_points = 32,
              .late_points_max = 4096,
              .row_entries = 4,
              .tail_part_bytes = 300};
  static constexpr std::uint64_t kTransactionBytes = 4 << 10;

  crash::ScratchDirectory directory;
  std::unique_ptr<index::Environment> index;
  std::optional<Layout> layout;
  Meta meta;
  std::unique_ptr<Layers> layers;
  Lsn lsn;
};

// Bits, so that a NaN is equal to itself.
template <typename Points>
std::vector<std::tuple<std::int64_t, std::int64_t, std::uint64_t>> bits_of(const Points& points) {
  std::vector<std::tuple<std::int64_t, std::int64_t, std::uint64_t>> bits;
  for (const Point point : points) {
    bits.emplace_back(point.step, point.timestamp_ms, point.bits());
  }
  return bits;
}

}  // namespace stepwell::store
