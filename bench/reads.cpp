#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>

#include "bench/engine_store.hpp"
#include "bench/measure.hpp"
#include "bench/scratch.hpp"
#include "engine/tracking/chart.hpp"
#include "engine/tracking/history.hpp"
#include "protocol/client/reader.hpp"

namespace stepwell::bench {
namespace {

constexpr std::uint64_t kPoints = 1'000'000;  // Of a series.
constexpr std::uint64_t kChartRuns = 100;
constexpr std::uint32_t kBuckets = 1000;

using Seconds = std::chrono::duration<double>;

wire::Id wire_run(std::uint64_t number) {
  return protocol::to_wire(bench_run(number));
}

wire::HistoryT history_question(std::uint64_t run) {
  wire::HistoryT question;
  question.run = std::make_unique<wire::Id>(wire_run(run));
  question.order = wire::PointOrder::Time;
  return question;
}

wire::BucketsT chart_question(wire::Axis axis) {
  wire::BucketsT question;
  for (std::uint64_t run = 0; run < kChartRuns; ++run) question.runs.push_back(wire_run(run));
  question.axis = axis;
  question.buckets_max = kBuckets;
  return question;
}

// Every page of an answer, each from a snapshot of its own, as the door takes them.
template <typename Answer, typename Question>
Result<std::uint64_t> read_all(const EngineStore& store, const Question& question) {
  TRY(const auto first, store.view());
  TRY(auto answer, Answer::plan(first, question));
  while (true) {
    TRY(const auto view, store.view());
    TRY(const auto page, answer.next(view));
    if (!page) return answer.points();
  }
}

// Seconds that `read` takes; it says how many points it told of.
template <typename Read>
Result<double> time_of(std::uint64_t points, const Read& read) {
  const auto start = std::chrono::steady_clock::now();
  const Result<std::uint64_t> told = read();
  const double seconds = Seconds(std::chrono::steady_clock::now() - start).count();
  if (!told) return told.error();
  if (told.value() != points) {
    return fail(ErrorKind::kInternal, "{} points were told of, expected {}", told.value(), points);
  }
  return seconds;
}

// Once unmeasured, so that it is warm.
template <typename Read>
Result<Figure> measure_warm(Figure figure, unsigned runs, std::uint64_t points, const Read& read) {
  for (unsigned run = 0; run <= runs; ++run) {
    TRY(const double seconds, time_of(points, read));
    if (run > 0) figure.runs.push_back(seconds);
  }
  return figure;
}

// Nothing of a closed store's index is in memory.
Result<void> forget_index(const std::string& directory) {
  const std::string path = directory + "/index.lmdb";
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return errno_error(errno, "open", path);
  const int failed = ::posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
  ::close(file);
  return failed == 0 ? Result<void>(ok()) : errno_error(failed, "forget", path);
}

Result<std::unique_ptr<client::BlockingReader>> connect(const Server& server) {
  client::ConnectionOptions options;
  options.client = "stepwell-bench";
  return client::BlockingReader::open(server.address(), options);
}

}  // namespace

Result<std::vector<Figure>> measure_history(const Place& place, const Effort& effort) {
  std::vector<Figure> figures;
  TRY(const auto scratch, Scratch::make(place));
  const struct {
    Times times;
    const char* name;
    const char* note;
  } series[] = {{Times::kRise, "R4", "1,000,000 points by time, from the engine"},
                {Times::kJitter, "R4-jitter", "times of 5 neighbours mixed; quoted"},
                {Times::kShuffle, "R4-shuffle", "times in any order; quoted"}};
  {
    TRY(const auto store, EngineStore::open(scratch->path));
    for (std::uint64_t run = 0; run < std::size(series); ++run) {
      TRY(fill_run(*store, run, kPoints, series[run].times));
    }
    store->settle();
    for (std::uint64_t run = 0; run < std::size(series); ++run) {
      Figure figure{series[run].name, "s", {}, {}, {}, {}, series[run].note};
      if (run == 0) figure.floor = 1, figure.goal = 0.3;
      TRY(figure, measure_warm(std::move(figure), effort.runs, kPoints, [&] {
            return read_all<tracking::History>(*store, history_question(run));
          }));
      figures.push_back(std::move(figure));
    }
  }
  TRY(const auto server, Server::start(place, {}, scratch->path));
  TRY(const auto reader, connect(*server));
  for (std::uint64_t run = 0; run < std::size(series); ++run) {
    Figure figure{fmt::format("{}-wire", series[run].name), "s", {}, {}, {}, {},
                  "the same through the protocol; quoted"};
    TRY(figure, measure_warm(std::move(figure), effort.runs, kPoints, [&] {
          return reader->history(history_question(run), [](Bytes) { return true; });
        }));
    figures.push_back(std::move(figure));
  }
  return figures;
}

Result<std::vector<Figure>> measure_chart(const Place& place, const Effort& effort) {
  constexpr std::uint64_t kAll = kChartRuns * kPoints;
  TRY(const auto scratch, Scratch::make(place));
  Figure warm{"R5", "ms", {}, {}, 60, 15, "100 runs x 1,000,000 points by step, from the engine"};
  Figure by_time{"R5-time", "ms", {}, {}, {}, {}, "the same by time; quoted"};
  Figure cold{"R5-cold", "ms", {}, {}, {}, {}, "R5 with nothing of the index in memory; quoted"};
  Figure wire{"R5-wire", "ms", {}, {}, {}, {}, "R5 through the protocol; quoted"};
  const auto read = [&](const EngineStore& store, wire::Axis axis) {
    return read_all<tracking::Chart>(store, chart_question(axis));
  };
  {
    TRY(const auto store, EngineStore::open(scratch->path));
    for (std::uint64_t run = 0; run < kChartRuns; ++run) {
      TRY(fill_run(*store, run, kPoints, Times::kRise));
    }
    store->settle();
    TRY(warm, measure_warm(std::move(warm), effort.runs, kAll,
                           [&] { return read(*store, wire::Axis::Step); }));
    TRY(by_time, measure_warm(std::move(by_time), effort.runs, kAll,
                              [&] { return read(*store, wire::Axis::Time); }));
  }
  for (unsigned run = 0; run < effort.runs; ++run) {
    TRY(forget_index(scratch->path));
    TRY(const auto store, EngineStore::open(scratch->path));
    TRY(const double seconds, time_of(kAll, [&] { return read(*store, wire::Axis::Step); }));
    cold.runs.push_back(seconds);
  }
  TRY(const auto server, Server::start(place, {}, scratch->path));
  TRY(const auto reader, connect(*server));
  TRY(wire, measure_warm(std::move(wire), effort.runs, kAll, [&] {
        return reader->buckets(chart_question(wire::Axis::Step), [](const auto&) { return true; });
      }));
  std::vector<Figure> figures = {warm, by_time, cold, wire};
  for (Figure& figure : figures) {
    for (double& run : figure.runs) run *= 1e3;
  }
  return figures;
}

}  // namespace stepwell::bench
