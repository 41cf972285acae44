// log() while memory runs out: any allocation of it may fail, and no value may go to another
// series, be counted twice or be forgotten.

#include <cstdlib>
#include <new>

#include "protocol/client/batch_maker.hpp"
#include "protocol/client/recorder.hpp"
#include "tests/client/support.hpp"

namespace {

thread_local long fail_in = -1;  // This many allocations succeed, the next one fails. -1: all do.

void* allocate(std::size_t size) {
  if (fail_in >= 0 && fail_in-- == 0) throw std::bad_alloc();
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (!memory) throw std::bad_alloc();
  return memory;
}

}  // namespace

// All of this program's; an alignment beyond the default goes its usual way.
void* operator new(std::size_t size) {
  return allocate(size);
}
void* operator new[](std::size_t size) {
  return allocate(size);
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete[](void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace stepwell::client {
namespace {

// Value i of key i is i everywhere, so that one that has moved is seen.
struct RecorderMemoryTest : testing::Test {
  FixedClock clock;
  std::vector<std::string> names;
  std::vector<Value> values;

  RecorderMemoryTest() {
    for (int i = 0; i < 40; ++i) names.push_back("a-key-that-does-not-fit-inline-" + digits(i));
    names.push_back("");  // Breaks a rule.
    for (std::size_t i = 0; i < names.size(); ++i) {
      values.emplace_back(names[i], static_cast<double>(i));
    }
  }
  static std::string digits(int i) { return std::to_string(100 + i); }

  // The values that lie in `recorded`, each with its series.
  void expect_in_place(const Recorded& recorded, const std::vector<std::string>& series) const {
    ASSERT_EQ(recorded.series.size(), recorded.values.size());
    std::size_t grouped = 0;
    for (const Group& group : recorded.groups) {
      EXPECT_EQ(group.first, grouped);
      grouped += group.count;
    }
    EXPECT_EQ(grouped, recorded.values.size());
    for (std::size_t i = 0; i < recorded.series.size(); ++i) {
      ASSERT_LT(recorded.series[i], series.size());
      EXPECT_EQ(series[recorded.series[i]], names[static_cast<std::size_t>(recorded.values[i])]);
    }
  }
};

TEST_F(RecorderMemoryTest, WhicheverAllocationFailsEveryValueIsWhereItBelongs) {
  for (const std::size_t queue_bytes : {1UL << 20, 3000UL}) {
    long allocations = 0;
    for (long at = 0; at <= allocations; ++at) {
      Recorder recorder({.queue_bytes = queue_bytes, .wake_bytes = 1 << 20}, clock, [] {});
      recorder.add_context("");
      std::uint64_t given = 0;
      fail_in = at;
      for (int step = 0; step < 8; ++step) {
        const std::span<const Value> some(values.data() + step,
                                          values.size() - static_cast<std::size_t>(step));
        recorder.log(0, step, std::nullopt, some);
        given += some.size();
      }
      recorder.command(protocol::Kind::kTags, "tags");
      const bool failed = fail_in < 0;
      fail_in = -1;
      if (failed) allocations = at + 1;
      const std::span<const Value> all(values);
      recorder.log(0, 100, std::nullopt, all);
      given += all.size();

      const RecorderCounts counts = recorder.counts();
      EXPECT_EQ(counts.accepted + counts.invalid, given) << at;
      EXPECT_EQ(counts.accepted, counts.queued + counts.dropped) << at;
      const Recorded recorded = recorder.take({});
      std::vector<std::string> series;
      for (const SeriesName& name : recorded.new_series) {
        EXPECT_EQ(name.context, 0u) << at;
        series.push_back(name.key);
      }
      expect_in_place(recorded, series);
      EXPECT_EQ(recorded.values.size(), counts.queued) << at;
      EXPECT_EQ(recorded.dropped_points, counts.dropped) << at;
      EXPECT_EQ(recorded.bytes, counts.queued_bytes) << at;
      EXPECT_EQ(recorded.commands.size() + counts.dropped_commands, 1u) << at;
      std::uint64_t declared = 0;
      for (const auto& [each, dropped] : recorded.dropped) declared += dropped.points;
      EXPECT_EQ(declared, counts.dropped) << at;
      ASSERT_FALSE(HasFailure()) << "allocation " << at;
    }
    EXPECT_GT(allocations, 60);
  }
}

TEST_F(RecorderMemoryTest, AContextThatFoundNoMemoryCanBeAddedAgain) {
  for (long at = 0; at < 12; ++at) {
    Recorder recorder({}, clock, [] {});
    for (int i = 0; i < 5; ++i) {
      const std::string context = "a-context-that-does-not-fit-inline-" + digits(i);
      fail_in = i == 3 ? at : -1;
      try {
        recorder.add_context(context);
      } catch (const std::bad_alloc&) {
      }
      fail_in = -1;
      const Value value("key", i);
      recorder.log(recorder.add_context(context), 1, 1, {&value, 1});
    }
    const Recorded recorded = recorder.take({});
    ASSERT_EQ(recorded.new_contexts.size(), 5u) << at;
    for (std::size_t i = 0; i < 5; ++i) {
      const SeriesName& name = recorded.new_series.at(recorded.series.at(i));
      EXPECT_EQ(recorded.new_contexts.at(name.context),
                "a-context-that-does-not-fit-inline-" + digits(static_cast<int>(i)));
    }
  }
}

}  // namespace
}  // namespace stepwell::client
