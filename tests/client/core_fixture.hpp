#pragma once

// A ClientCore on a disk in RAM, a hand-driven executor and a scripted server.

#include <memory>

#include "engine/io/memory.hpp"
#include "protocol/client/client_core.hpp"
#include "tests/client/script_peer.hpp"
#include "tests/client/support.hpp"
#include "tests/client/troubled_files.hpp"

namespace stepwell::client {

struct CoreTest : testing::Test {
  io::World world;
  io::MemoryFileSystem memory{world};
  TroubledFiles files{memory};
  HandExecutor executor;
  FixedClock clock;
  SeededRandom random{42};
  ScriptPeer peer{executor};
  CoreOptions options;
  std::shared_ptr<ClientCore> core;
  std::uint64_t logged = 0;

  void SetUp() override {
    options.run = run_id(1);
    options.writer = writer_id(1);
    options.open.experiment = "test";
    options.spool_directory = "spool";
    options.spool.segment_bytes = 4000;
    options.spool.recent_bytes = 2000;
  }
  void TearDown() override {
    if (core) {
      core->stop();
      core.reset();
    }
    peer.away = true;
    executor.advance(std::chrono::seconds(60));
    peer.cut_all();
    executor.advance(std::chrono::seconds(60));
    EXPECT_EQ(peer.open_connections, 0u);
  }
  void start(bool online = true) {
    core = ClientCore::make(executor, files, online ? &peer : nullptr, clock, random, options);
    core->recorder().add_context("");
    core->start();
  }
  // `n` flushes with a step each.
  void log(int n = 1) {
    for (int i = 0; i < n; ++i) {
      ++logged;
      const Value values[] = {{"loss", 1.0 / static_cast<double>(logged)}, {"acc", 0.5}};
      core->recorder().log(0, static_cast<std::int64_t>(logged), std::nullopt, values);
      core->flush();
    }
  }
  void settle(Instant time = std::chrono::seconds(30)) { executor.advance(time); }
  void expect_balance() {
    const Account a = core->account();
    EXPECT_EQ(a.accepted, a.spooled + a.dropped + a.queued);
    EXPECT_EQ(a.spooled, a.acknowledged + a.rejected + a.lost + a.undecided);
  }
  // Whatever the server was told is in it or among its skips.
  std::uint64_t skipped_points() {
    std::uint64_t points = 0;
    for (const auto& skip : peer.only_stream().skips) points += skip.points;
    return points;
  }
  std::string segment_path(int number) {
    return fmt::format("spool/{}/{}-{:06}.seg", options.run.hex(), options.writer.hex(), number);
  }
  void expect_everything_once() {
    auto points = points_of_frames(peer.only_stream().applied);
    ASSERT_EQ(points["loss"].size(), logged);
    for (std::uint64_t i = 0; i < logged; ++i) {
      EXPECT_EQ(points["loss"][i].step, static_cast<std::int64_t>(i + 1));
    }
    EXPECT_EQ(core->account().acknowledged, 2 * logged);
    expect_balance();
  }
  std::size_t segments() { return files.list("spool/" + options.run.hex()).value().size(); }
};

}  // namespace stepwell::client
