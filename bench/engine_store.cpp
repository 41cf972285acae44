#include "bench/engine_store.hpp"

#include <cmath>
#include <future>
#include <thread>

#include "protocol/batch_builder.hpp"
#include "protocol/messages.hpp"

namespace stepwell::bench {
namespace {

constexpr std::uint64_t kFramePoints = 10'000;
constexpr std::size_t kFramesTogether = 20;
constexpr std::uint64_t kStrideMs = 100;

std::int64_t time_of(std::uint64_t step, std::uint64_t points, Times times, SeededRandom& random) {
  std::uint64_t place = step * kStrideMs;
  if (times == Times::kJitter) place += random.below(5 * kStrideMs);
  if (times == Times::kShuffle) place = step * 7919 % points * kStrideMs;
  return static_cast<std::int64_t>(1'700'000'000'000 + place);
}

std::string batch_of(std::uint64_t first, std::uint64_t count, std::uint64_t points, Times times,
                     SeededRandom& random) {
  std::vector<std::int64_t> steps, stamps;
  std::vector<double> values;
  for (std::uint64_t step = first; step < first + count; ++step) {
    const double noise = static_cast<double>(random.below(1'000'000)) / 1e7;
    const double decay = std::exp(-3.0 * static_cast<double>(step) / static_cast<double>(points));
    steps.push_back(static_cast<std::int64_t>(step));
    stamps.push_back(time_of(step, points, times, random));
    values.push_back(static_cast<double>(static_cast<float>(decay + noise)));
  }
  protocol::KeyListBuilder keys;
  keys.add("loss", "").value();
  protocol::BatchBuilder batch;
  batch.add_block(keys, count, {steps, stamps, values, {}});
  return batch.finish();
}

}  // namespace

RunId bench_run(std::uint64_t number) {
  RunId id;
  store_le(id.bytes.data(), std::uint64_t{0xbe9c'be9c'be9c'be9c});
  store_le(id.bytes.data() + 8, number + 1);
  return id;
}

std::string bench_frame(protocol::Kind kind, std::uint64_t run, std::uint64_t sequence,
                        std::string_view payload) {
  protocol::FrameHeader header;
  header.kind = kind;
  header.run = bench_run(run);
  store_le(header.writer.bytes.data(), run + 1);
  header.sequence = sequence;
  return protocol::make_frame(header, payload);
}

Result<std::unique_ptr<EngineStore>> EngineStore::open(const std::string& directory) {
  std::unique_ptr<EngineStore> self(new EngineStore);
  self->sequencer_.start("sequencer");
  self->compactor_.start("compactor");
  const store::Environment environment{self->files_, self->sequencer_, self->compactor_,
                                       self->random_};
  store::OpenReport report;
  TRY(self->store_, store::Store::open(environment, directory, {}, self->fold_, report));
  self->tracking_ = std::make_unique<tracking::Tracking>(*self->store_, self->clock_);
  return self;
}

EngineStore::~EngineStore() {
  if (store_) {
    std::promise<void> closed;
    store_->close([&](const Result<void>&) { closed.set_value(); });
    closed.get_future().wait();
  }
  for (net::AsioExecutor* executor : {&sequencer_, &compactor_}) {
    executor->stop();
    executor->join();
  }
}

Result<void> EngineStore::send(const std::vector<std::string>& frames) {
  const auto memory = std::make_shared<const std::vector<std::string>>(frames);
  std::vector<protocol::FrameView> views;
  std::uint64_t bytes = 0;
  for (const std::string& frame : *memory) {
    views.push_back({load_le<protocol::FrameHeader>(frame.data()), as_bytes(frame)});
    bytes += frame.size();
  }
  while (store_->status().room() < 2 * bytes) std::this_thread::sleep_for(milliseconds(1));
  std::promise<Result<void>> decided;
  tracking_->submit(views, wal::Door::kFrame, memory,
                    [&](const std::vector<Result<store::Verdict>>& results) {
                      Result<void> all = ok();
                      for (const auto& result : results) {
                        if (!result) all = result.error();
                        if (result && result.value().code != 0) {
                          all = fail(ErrorKind::kInternal, "refused: {}", result.value().text);
                        }
                      }
                      decided.set_value(std::move(all));
                    });
  return decided.get_future().get();
}

void EngineStore::settle() const {
  while (store_->status().pending_bytes > 0) std::this_thread::sleep_for(milliseconds(10));
}

Result<void> fill_run(EngineStore& store, std::uint64_t number, std::uint64_t points, Times times) {
  SeededRandom random(number + 1);
  wire::OpenT open;
  open.experiment = "bench";
  std::uint64_t sequence = 1;
  std::vector<std::string> frames = {
      bench_frame(protocol::Kind::kOpen, number, sequence++, protocol::encode(open))};
  for (std::uint64_t first = 0; first < points; first += kFramePoints) {
    const std::string batch =
        batch_of(first, std::min(kFramePoints, points - first), points, times, random);
    frames.push_back(bench_frame(protocol::Kind::kBatch, number, sequence++, batch));
    if (frames.size() < kFramesTogether) continue;
    TRY(store.send(frames));
    frames.clear();
  }
  return frames.empty() ? Result<void>(ok()) : store.send(frames);
}

}  // namespace stepwell::bench
