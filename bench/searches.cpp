#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "bench/engine_store.hpp"
#include "bench/measure.hpp"
#include "bench/scratch.hpp"
#include "engine/base/clock.hpp"
#include "engine/tracking/search/search.hpp"
#include "protocol/batch_builder.hpp"
#include "protocol/messages.hpp"

namespace stepwell::bench {
namespace {

constexpr std::uint64_t kRuns = 100'000;
constexpr std::uint64_t kParams = 20, kMetrics = 30, kTags = 5;
constexpr std::uint64_t kQuestions = 200;  // A run.
constexpr std::uint32_t kResults = 50;
constexpr std::uint64_t kCacheBytes = 256 << 20;
constexpr std::size_t kFramesTogether = 3000;

std::vector<std::unique_ptr<wire::TextT>> texts(std::string_view prefix, std::uint64_t count,
                                                SeededRandom& random) {
  std::vector<std::unique_ptr<wire::TextT>> all;
  for (std::uint64_t i = 0; i < count; ++i) {
    all.push_back(std::make_unique<wire::TextT>());
    all.back()->key = fmt::format("{}_{}", prefix, i);
    // The first is as good as unique, the others have ever more runs in common.
    all.back()->value = fmt::format("value {}", random.below(i == 0 ? kRuns : 1000 / i));
  }
  return all;
}

std::string metrics_of(std::int64_t step, SeededRandom& random) {
  protocol::KeyListBuilder keys;
  std::vector<double> values;
  for (std::uint64_t i = 0; i < kMetrics; ++i) {
    keys.add(fmt::format("metric_{}", i), "").value();
    values.push_back(static_cast<double>(random.below(1'000'000)) / 1e6);
  }
  protocol::BatchBuilder batch;
  const std::vector<std::int64_t> steps = {step}, times = {1'700'000'000'000 + step};
  batch.add_block(keys, 1, {steps, times, values, {}});
  return batch.finish();
}

Result<void> fill(EngineStore& store) {
  SeededRandom random(3);
  std::vector<std::string> frames;
  for (std::uint64_t run = 0; run < kRuns; ++run) {
    wire::OpenT open;
    open.experiment = "bench";
    open.run_name = fmt::format("run {}", run);
    open.start_ms = static_cast<std::int64_t>(1'600'000'000'000 + random.below(1'000'000'000));
    open.tags = texts("tag", kTags, random);
    wire::ParamsT params;
    params.params = texts("param", kParams, random);
    frames.push_back(bench_frame(protocol::Kind::kOpen, run, 1, protocol::encode(open)));
    frames.push_back(bench_frame(protocol::Kind::kParams, run, 2, protocol::encode(params)));
    frames.push_back(bench_frame(protocol::Kind::kBatch, run, 3, metrics_of(0, random)));
    if (frames.size() < kFramesTogether && run + 1 < kRuns) continue;
    TRY(store.send(frames));
    frames.clear();
  }
  store.settle();
  return ok();
}

tracking::RunQuestion question(std::uint64_t number) {
  tracking::RunQuestion asked;
  asked.experiments = {{1}};
  asked.filter = fmt::format("metrics.metric_{} > 0.{} AND params.param_{} != 'value {}'",
                             number % 3, 1 + number % 8, 1 + number % 3, number % 10);
  asked.order_by = {fmt::format("metrics.metric_{} DESC", 3 + number % 2)};
  asked.max_results = kResults;
  return asked;
}

Result<double> milliseconds_of(const EngineStore& store, tracking::SearchCache& cache,
                               const tracking::RunQuestion& asked) {
  const auto start = std::chrono::steady_clock::now();
  TRY(const auto view, store.view());
  TRY(const auto page, tracking::search_runs(view, cache, asked));
  const std::chrono::duration<double, std::milli> taken = std::chrono::steady_clock::now() - start;
  if (page.runs.size() != kResults) {
    return fail(ErrorKind::kInternal, "{} runs were found, expected {}", page.runs.size(),
                kResults);
  }
  return taken.count();
}

// The 95th of 100, of questions that `ask` asks by number.
template <typename Ask>
Result<double> p95(const Ask& ask) {
  std::vector<double> all;
  for (std::uint64_t number = 0; number < kQuestions; ++number) {
    TRY(const double taken, ask(number));
    all.push_back(taken);
  }
  std::sort(all.begin(), all.end());
  return all[all.size() * 95 / 100];
}

}  // namespace

Result<std::vector<Figure>> measure_search(const Place& place, const Effort& effort) {
  TRY(const auto scratch, Scratch::make(place));
  TRY(const auto store, EngineStore::open(scratch->path));
  TRY(fill(*store));
  Figure warm{"R3",
              "ms",
              {},
              {},
              50,
              10,
              "p95: a metric and a param clause and an order, 100,000 "
              "runs, 50 results, from the engine"};
  Figure live{"R3-live", "ms", {}, {}, {}, {}, "the same, 100 runs changing before each; quoted"};
  Figure plain{"R3-all", "ms", {}, {}, {}, {}, "p95 without filter and order; quoted"};
  Figure first{"R3-first", "ms", {}, {}, {}, {}, "one that builds its three columns; quoted"};
  SeededRandom random(4);
  std::uint64_t next = 4;  // Sequence of the runs that change.
  for (unsigned run = 0; run < effort.runs; ++run) {
    tracking::SearchCache cache(store->changes(), kCacheBytes);
    TRY(const double building, milliseconds_of(*store, cache, question(0)));
    first.runs.push_back(building);
    const auto ask = [&](std::uint64_t number) {
      return milliseconds_of(*store, cache, question(number));
    };
    TRY(const double unmeasured, p95(ask));  // Builds the other columns.
    (void)unmeasured;
    TRY(const double quiet, p95(ask));
    warm.runs.push_back(quiet);
    TRY(const double all, p95([&](std::uint64_t) {
          tracking::RunQuestion asked = question(0);
          asked.filter.clear();
          asked.order_by.clear();
          return milliseconds_of(*store, cache, asked);
        }));
    plain.runs.push_back(all);
    TRY(const double changing, p95([&](std::uint64_t number) -> Result<double> {
          std::vector<std::string> frames;
          for (std::uint64_t i = 0; i < 100; ++i) {
            frames.push_back(bench_frame(protocol::Kind::kBatch, i * 997, next,
                                         metrics_of(static_cast<std::int64_t>(next), random)));
          }
          ++next;
          TRY(store->send(frames));
          return ask(number);
        }));
    live.runs.push_back(changing);
    if (run == 0) warm.note += fmt::format("; {} MiB are kept", cache.bytes() >> 20);
  }
  return std::vector<Figure>{warm, live, plain, first};
}

}  // namespace stepwell::bench
