#include "tests/tracking/tracking_fixture.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "protocol/batch.hpp"
#include "protocol/context.hpp"

namespace stepwell::tracking {
namespace {

constexpr auto kCheckpointAfter = std::chrono::hours(1);

// LMDB wants a real file; the log stays in RAM of its own.
std::string make_directory() {
  std::string name = (std::filesystem::exists("/dev/shm") ? "/dev/shm" : "/tmp") +
                     std::string("/stepwell-tracking-XXXXXX");
  if (!mkdtemp(name.data())) throw std::runtime_error("no temporary directory");
  return name;
}

template <typename T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().text);
  return std::move(result).value();
}
}  // namespace

TrackingOnWorld::TrackingOnWorld() : index_directory_(make_directory()) {
  open();
}

TrackingOnWorld::~TrackingOnWorld() {
  drop();
  std::filesystem::remove_all(index_directory_);
}

void TrackingOnWorld::open() {
  store::Options options;
  options.log.segment_bytes = 2 << 20;
  options.log.group_bytes_max = 64 << 10;
  options.log.pool_segments_min = 1;
  options.log.pool_segments_max = 4;
  options.pending_bytes_max = 1 << 30;
  options.checkpoint_bytes = 1 << 30;
  options.checkpoint_after = kCheckpointAfter;
  options.index_map_bytes = std::uint64_t{1} << 30;
  options.index_directory = index_directory_;
  fold_ = std::make_unique<Fold>();
  store::OpenReport report;
  store_ = must(
      store::Store::open({files_, executor, executor, random_}, "data", options, *fold_, report));
  tracking_ = std::make_unique<Tracking>(*store_, clock);
  executor.advance(milliseconds(1));
}

void TrackingOnWorld::drop() {
  tracking_.reset();
  store_.reset();
  executor.drop_all();
  fold_.reset();
}

void TrackingOnWorld::kill_and_open() {
  drop();
  open();
}

void TrackingOnWorld::checkpoint() {
  const std::uint64_t before = store_->status().checkpoints;
  executor.advance(kCheckpointAfter + std::chrono::minutes(1));
  // Nothing to do where nothing was applied since the last one.
  EXPECT_LE(store_->status().checkpoints, before + 1);
}

void TrackingOnWorld::close_and_open() {
  checkpoint();
  std::optional<Result<void>> closed;
  store_->close([&](Result<void> result) { closed.emplace(std::move(result)); });
  executor.advance(milliseconds(500));
  EXPECT_TRUE(closed && closed->has_value());
  drop();
  open();
}

Said TrackingOnWorld::send(std::string frame, wal::Door door) {
  const auto memory = std::make_shared<const std::string>(std::move(frame));
  const auto header = load_le<protocol::FrameHeader>(memory->data());
  std::optional<Result<Verdict>> said;
  tracking_->submit(
      {{header, as_bytes(*memory)}}, door, memory,
      [&](std::vector<Result<Verdict>> results) { said.emplace(std::move(results.at(0))); });
  executor.advance(milliseconds(1));
  if (!said) throw std::runtime_error("no verdict was given");
  last = must(std::move(*said));
  return {static_cast<VerdictCode>(last.code), last.expected};
}

std::vector<Said> TrackingOnWorld::send_all(const std::vector<std::string>& frames) {
  const auto memory = std::make_shared<const std::vector<std::string>>(frames);
  std::vector<protocol::FrameView> views;
  for (const std::string& frame : *memory) {
    views.push_back({load_le<protocol::FrameHeader>(frame.data()), as_bytes(frame)});
  }
  std::vector<Said> all;
  tracking_->submit(views, wal::Door::kFrame, memory, [&](std::vector<Result<Verdict>> results) {
    for (auto& result : results) {
      last = must(std::move(result));
      all.push_back({static_cast<VerdictCode>(last.code), last.expected});
    }
  });
  executor.advance(milliseconds(1));
  EXPECT_EQ(all.size(), frames.size());
  return all;
}

View TrackingOnWorld::view() const {
  return must(tracking_->snapshot());
}

bool TrackingOnWorld::has_run(std::uint64_t number) const {
  return must(view().find_run(run_id(number))).has_value();
}

wire::RunDataT TrackingOnWorld::run(std::uint64_t number) const {
  auto data = must(view().run(run_id(number)));
  if (!data) throw std::runtime_error("no such run");
  return std::move(*data);
}

Texts TrackingOnWorld::params(std::uint64_t number) const {
  Texts pairs;
  for (const auto& text : run(number).params) pairs.emplace_back(text->key, text->value);
  return pairs;
}

Texts TrackingOnWorld::tags(std::uint64_t number) const {
  Texts pairs;
  for (const auto& text : run(number).tags) pairs.emplace_back(text->key, text->value);
  return pairs;
}

std::vector<Point> TrackingOnWorld::points(std::uint64_t run, std::string_view key,
                                           std::string_view context) const {
  const View snapshot = view();
  wire::HistoryT question;
  question.run = std::make_unique<wire::Id>(protocol::to_wire(run_id(run)));
  question.all_contexts = true;
  History history = must(History::plan(snapshot, question));
  std::vector<Point> points;
  while (const auto page = must(history.next_page(snapshot))) {
    if (page->series->key != key || page->series->context != context) continue;
    points.insert(points.end(), page->points.begin(), page->points.end());
  }
  return points;
}

std::uint64_t TrackingOnWorld::next_of(std::uint64_t run, std::uint64_t writer) const {
  wire::PositionsT question;
  question.positions.emplace_back(protocol::to_wire(run_id(run)),
                                  protocol::to_wire(writer_id(writer)), 0);
  return must(view().positions(question)).positions.at(0).sequence();
}

std::vector<std::pair<std::uint64_t, std::uint64_t>> TrackingOnWorld::skipped_of(
    std::uint64_t run, std::uint64_t writer) const {
  wire::PositionsT question;
  question.positions.emplace_back(protocol::to_wire(run_id(run)),
                                  protocol::to_wire(writer_id(writer)), 0);
  std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;
  const wire::PositionsT answer = must(view().positions(question));
  for (const wire::SkippedRange& range : answer.skipped) {
    EXPECT_EQ(protocol::from_wire<RunId>(range.run()), run_id(run));
    EXPECT_EQ(protocol::from_wire<WriterId>(range.writer()), writer_id(writer));
    ranges.emplace_back(range.from(), range.to());
  }
  return ranges;
}

std::string TrackingOnWorld::digest() const {
  return must(digest_of(view())).hex;
}

std::string TrackingOnWorld::everything() const {
  const View snapshot = view();
  wire::ListExperimentsT experiments;
  experiments.stage = wire::ViewStage::All;
  wire::ListRunsT runs;
  runs.stage = wire::ViewStage::All;
  std::string all = protocol::encode(must(snapshot.list_experiments(experiments)));
  const auto list = must(snapshot.list_runs(runs));
  for (const auto& info : list.runs) {
    const auto id = protocol::from_wire<RunId>(*info->run);
    all += protocol::encode(*must(snapshot.run(id)));
    wire::HistoryT question;
    question.run = std::make_unique<wire::Id>(*info->run);
    question.all_contexts = true;
    History history = must(History::plan(snapshot, question));
    while (const auto page = must(history.next(snapshot))) all += *page;
  }
  return all;
}

}  // namespace stepwell::tracking
