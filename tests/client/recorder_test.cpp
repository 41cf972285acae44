// The queue behind log(), and the frames that are made of it.

#include "protocol/client/recorder.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <thread>

#include "protocol/client/batch_maker.hpp"
#include "protocol/client/client_options.hpp"
#include "tests/client/support.hpp"

namespace stepwell::client {
namespace {

struct RecorderTest : testing::Test {
  FixedClock clock;
  int woken = 0;
  std::unique_ptr<Recorder> recorder = make({});

  std::unique_ptr<Recorder> make(Recorder::Options options) {
    auto made = std::make_unique<Recorder>(options, clock, [this] { ++woken; });
    made->add_context("");
    return made;
  }
  void log(std::int64_t step, std::vector<Value> values) {
    recorder->log(0, step, std::nullopt, values);
  }
  // Takes, makes frames and counts them as spooled.
  std::vector<MadePayload> flush(BatchMaker& maker) {
    Recorded recorded = recorder->take({});
    auto made = maker.make(recorded);
    std::uint64_t points = 0;
    for (const auto& each : made) points += each.points;
    recorder->spooled(points, recorded.bytes);
    return made;
  }
  PointsBySeries points(const std::vector<MadePayload>& made) {
    PointsBySeries all;
    for (const auto& each : made) {
      if (each.kind != protocol::Kind::kBatch) continue;
      const std::string frame = protocol::make_frame({}, each.payload);
      add_points(all, as_bytes(frame).subspan(sizeof(protocol::FrameHeader)));
    }
    return all;
  }
  void expect_balance() {
    const auto c = recorder->counts();
    EXPECT_EQ(c.accepted, c.spooled + c.dropped + c.queued);
  }
};

TEST_F(RecorderTest, EveryPointComesOutOnce) {
  BatchMaker maker;
  for (std::int64_t step = 0; step < 50; ++step) {
    clock.time += 7;
    log(step, {{"loss", 0.1 * static_cast<double>(step)}, {"accuracy", 0.5}});
    if (step % 10 == 0) log(step, {{"lr", 1e-3}});
    if (step == 20) log(step, {{"odd", NAN}, {"loss", -0.0}});
  }
  auto all = points(flush(maker));
  std::ranges::sort(all["loss"]);
  EXPECT_EQ(all["loss"].size(), 51u);
  EXPECT_EQ(all["accuracy"].size(), 50u);
  EXPECT_EQ(all["lr"].size(), 5u);
  EXPECT_TRUE(std::isnan(all["odd"].at(0).value));
  EXPECT_EQ(all["loss"].at(3).timestamp_ms, 1'700'000'000'000 + 28);
  EXPECT_EQ(recorder->counts().queued, 0u);
  EXPECT_EQ(recorder->counts().queued_bytes, 0u);
  expect_balance();
}

TEST_F(RecorderTest, CallsOfOneStepBecomeOneRowOfAMatrix) {
  BatchMaker maker;
  for (std::int64_t step = 0; step < 4; ++step) {
    for (const char* key : {"a", "b", "c"}) {
      clock.time += 2;
      log(step, {{key, 1.0}});
    }
  }
  const auto made = flush(maker);
  ASSERT_EQ(made.size(), 1u);
  const std::string frame = protocol::make_frame({}, made[0].payload);
  const auto batch =
      protocol::BatchView::parse(as_bytes(frame).subspan(sizeof(protocol::FrameHeader))).value();
  ASSERT_EQ(batch.blocks.size(), 1u);
  EXPECT_EQ(batch.blocks[0].keys.count, 3u);
  EXPECT_EQ(batch.blocks[0].points, 4u);
  EXPECT_EQ(batch.blocks[0].times[0], 1'700'000'000'002);  // The step's first call.
}

TEST_F(RecorderTest, StrayCallsBecomeRows) {
  BatchMaker maker;
  for (int i = 0; i < 20; ++i) log(i, {{"key" + std::to_string(i % 20), 1.0}});
  std::vector<std::string> names;
  for (int i = 0; i < 20; ++i) names.push_back("key" + std::to_string(i));
  for (int i = 0; i < 20; ++i) {
    const Value one(names[static_cast<std::size_t>(i)], 2.0);
    recorder->log(0, i + 100, 5, std::span(&one, 1));
  }
  const auto made = flush(maker);
  const std::string frame = protocol::make_frame({}, made.at(0).payload);
  const auto batch =
      protocol::BatchView::parse(as_bytes(frame).subspan(sizeof(protocol::FrameHeader))).value();
  EXPECT_TRUE(batch.blocks.size() < 22);
  EXPECT_EQ(count(points(made)), 40u);
}

TEST_F(RecorderTest, CommandsKeepTheirPlace) {
  BatchMaker maker;
  log(1, {{"a", 1}});
  recorder->command(protocol::Kind::kTags, "tags");
  log(1, {{"a", 2}});
  recorder->command(protocol::Kind::kEnd, "end");
  std::vector<protocol::Kind> kinds;
  for (const auto& each : flush(maker)) kinds.push_back(each.kind);
  using enum protocol::Kind;
  EXPECT_EQ(kinds, (std::vector{kBatch, kTags, kBatch, kEnd}));
}

TEST_F(RecorderTest, ServerStepsStayInOrderAndHaveNone) {
  BatchMaker maker;
  for (double v : {1.0, 2.0, 3.0}) {
    const Value one("x", v);
    recorder->log(0, std::nullopt, std::nullopt, std::span(&one, 1));
  }
  const auto made = flush(maker);
  ASSERT_EQ(made.size(), 1u);
  const std::string frame = protocol::make_frame({}, made[0].payload);
  const auto batch =
      protocol::BatchView::parse(as_bytes(frame).subspan(sizeof(protocol::FrameHeader))).value();
  ASSERT_EQ(batch.blocks.size(), 1u);
  EXPECT_EQ(batch.blocks[0].step_source, protocol::StepSource::kServer);
  EXPECT_EQ(batch.blocks[0].values[2], 3.0);
}

TEST_F(RecorderTest, AFullQueueDropsCountsAndDeclares) {
  recorder = make({.queue_bytes = 4096, .wake_bytes = 1024});
  BatchMaker maker;
  for (std::int64_t step = 0; step < 1000; ++step) log(step, {{"a", 1}, {"b", 2}});
  const auto before = recorder->counts();
  EXPECT_EQ(before.accepted, 2000u);
  EXPECT_GT(before.dropped, 0u);
  EXPECT_LE(before.queued_bytes, 4096u);
  EXPECT_EQ(woken, 1);
  expect_balance();
  const auto made = flush(maker);
  ASSERT_EQ(made.back().kind, protocol::Kind::kSkip);
  const std::string frame = protocol::make_frame({}, made.back().payload);
  const auto skip =
      protocol::decode<wire::SkipT>(as_bytes(frame).subspan(sizeof(protocol::FrameHeader))).value();
  EXPECT_EQ(skip.points, before.dropped);
  ASSERT_EQ(skip.series.size(), 2u);
  EXPECT_EQ(skip.series[0]->points + skip.series[1]->points, before.dropped);
  EXPECT_EQ(skip.series[0]->last_step, 999);
  EXPECT_EQ(static_cast<std::uint64_t>(skip.series[0]->first_step) * 2, before.queued);
  EXPECT_EQ(count(points(made)) + before.dropped, 2000u);
  log(5, {{"a", 1}});
  EXPECT_EQ(recorder->counts().dropped, before.dropped);  // There is room again.
  expect_balance();
}

TEST_F(RecorderTest, BadKeysAreNotAccepted) {
  log(1, {{"", 1}, {"ok", 2}, {"\x01", 3}, {std::string(1025, 'k'), 4}, {"\xff", 5}});
  EXPECT_EQ(recorder->counts().invalid, 4u);
  EXPECT_EQ(recorder->counts().accepted, 1u);
  recorder->log(77, 1, std::nullopt, {});
}

TEST_F(RecorderTest, FramesStaySmallWhateverIsLogged) {
  BatchMaker maker(16 << 10);
  std::vector<std::string> names;
  for (int i = 0; i < 5000; ++i) names.push_back(std::string(200, 'n') + std::to_string(i));
  std::vector<Value> values;
  for (const auto& name : names) values.emplace_back(name, 1.5);
  recorder->log(0, 1, 2, values);
  const auto made = flush(maker);
  EXPECT_GT(made.size(), 10u);
  for (const auto& each : made) EXPECT_LT(each.payload.size(), 128u << 10);
  EXPECT_EQ(count(points(made)), 5000u);
}

TEST_F(RecorderTest, ContextsMakeSeriesOfTheirOwn) {
  BatchMaker maker;
  const auto rank = recorder->add_context(protocol::encode_context({{"rank", "1"}}).value());
  EXPECT_EQ(recorder->add_context(""), 0u);
  flush(maker);  // Names that nothing was logged for must not get lost.
  const Value one("loss", 3);
  recorder->log(rank, 1, std::nullopt, std::span(&one, 1));
  log(1, {{"loss", 4}});
  auto all = points(flush(maker));
  EXPECT_EQ(all["loss{rank=1}"].at(0).value, 3);
  EXPECT_EQ(all["loss"].at(0).value, 4);
}

TEST_F(RecorderTest, ManyThreadsLoseNothing) {
  BatchMaker maker;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 5000; ++i) {
        const Value one(t % 2 ? "odd" : "even", i);
        recorder->log(0, i, t, std::span(&one, 1));
      }
    });
  }
  std::uint64_t got = 0;
  for (int i = 0; i < 20; ++i) got += count(points(flush(maker)));
  for (auto& thread : threads) thread.join();
  got += count(points(flush(maker)));
  EXPECT_EQ(got, 20000u);
  expect_balance();
}

TEST_F(RecorderTest, ACallCostsWellBelowFiveMicroseconds) {
  std::vector<std::string> names;
  std::vector<Value> values;
  for (int i = 0; i < 50; ++i) names.push_back("layer." + std::to_string(i) + "/grad_norm");
  for (const auto& name : names) values.emplace_back(name, 0.25);
  SystemClock system;
  Recorder timed({}, system, [] {});
  timed.add_context("");
  const auto begin = std::chrono::steady_clock::now();
  for (std::int64_t step = 0; step < 2000; ++step) timed.log(0, step, std::nullopt, values);
  const auto spent = std::chrono::steady_clock::now() - begin;
  const double ns = static_cast<double>(std::chrono::nanoseconds(spent).count()) / 100'000;
  RecordProperty("ns_per_value", std::to_string(ns));
  EXPECT_LT(ns, 5000);
}

}  // namespace
}  // namespace stepwell::client
