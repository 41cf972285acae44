#include "tests/crash/store_on_world.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "engine/base/logging.hpp"
#include "engine/tracking/digest.hpp"
#include "tests/sim/state_text.hpp"

namespace stepwell::crash {

ScratchDirectory::ScratchDirectory() {
  const bool has_shm = std::filesystem::is_directory("/dev/shm");
  std::string pattern = has_shm ? "/dev/shm/stepwell-XXXXXX" : "/tmp/stepwell-XXXXXX";
  path_ = mkdtemp(pattern.data());
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

StoreOnWorld::StoreOnWorld(io::World& disk, const std::string& real_directory, std::uint64_t seed)
    : world(disk), files(disk), random(seed), real_directory_(real_directory) {
  static_cast<void>(set_log_level("off"));
}

// Everything small, so that a short script rolls segments, takes checkpoints in many transactions
// and replays in pieces.
store::Options StoreOnWorld::small_options() {
  store::Options options;
  options.log.segment_bytes = 128 << 10;
  options.log.group_bytes_max = 32 << 10;
  options.log.pool_segments_min = 1;
  options.log.pool_segments_max = 2;
  options.pending_bytes_max = 256 << 10;
  options.checkpoint_bytes = 40 << 10;
  options.checkpoint_after = milliseconds(40);
  options.transaction_bytes = 6 << 10;
  options.sizes = {.chunk_points = 32,
                   .seal_points = 16,
                   .rewrite_ratio = 8,
                   .late_points_max = 512,
                   .row_entries = 4,
                   .tail_part_bytes = 300};
  options.transaction_pause = std::chrono::microseconds(200);
  options.index_map_bytes = 64 << 20;
  return options;
}

Result<void> StoreOnWorld::open() {
  answers.clear();
  poisoned.reset();
  report = {};
  options.index_directory = real_directory_;
  index_file =
      std::make_unique<FaultyIndex>(world, "store/index.lmdb", real_directory_ + "/index.lmdb");
  fold = std::make_unique<tracking::Fold>();
  const store::Environment environment{files, executor, executor, random,
                                       [this](const Error& error) { poisoned = error.text; }};
  auto opened = store::Store::open(environment, "store", options, *fold, report);
  if (!opened) {
    executor.drop_all();
    index_file.reset();
    return opened.error();
  }
  store = std::move(opened.value());
  return ok();
}

void StoreOnWorld::submit(const sim::Command& command, std::int64_t arrival_ms,
                          std::size_t number) {
  auto memory = std::make_shared<const std::string>(sim::frame_of(command));
  wal::Envelope envelope;
  envelope.kind = static_cast<std::uint16_t>(command.kind);
  envelope.door = wal::Door::kFrame;
  envelope.arrival_ms = arrival_ms;
  const bool uses_reserve = protocol::is_client_command(command.kind);
  store->submit({{envelope, as_bytes(*memory), uses_reserve}}, memory,
                [this, number](std::vector<Result<store::Verdict>> results) {
                  answers.push_back({number, std::move(results.front())});
                });
}

Result<void> StoreOnWorld::close() {
  std::optional<Result<void>> closed;
  store->close([&](Result<void> result) { closed.emplace(std::move(result)); });
  executor.advance(std::chrono::seconds(5));
  EXPECT_TRUE(closed.has_value()) << "close() did not answer";
  if (!closed) return fail(ErrorKind::kInternal, "close() did not answer");
  return std::move(*closed);
}

void StoreOnWorld::die() {
  if (!store) return;
  world.set_plan({.fail_at = world.operations(), .fail_for_ever = true});
  executor.advance(milliseconds(500));
  leave();
  world.set_plan({});
}

void StoreOnWorld::leave() {
  store.reset();
  executor.drop_all();
  fold.reset();
  index_file.reset();
}

Result<std::string> StoreOnWorld::text() const {
  TRY(auto snapshot, store->snapshot());
  return sim::state_text(tracking::View(std::move(snapshot)));
}

Result<std::string> StoreOnWorld::digest() const {
  TRY(auto snapshot, store->snapshot());
  TRY(const auto digest, tracking::digest_of(tracking::View(std::move(snapshot))));
  return digest.hex;
}

}  // namespace stepwell::crash
