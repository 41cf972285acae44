#pragma once

// Spools on a disk in RAM, replayed to a scripted server.

#include <memory>

#include "engine/base/spawn.hpp"
#include "engine/io/memory.hpp"
#include "protocol/client/replay.hpp"
#include "protocol/client/spool.hpp"
#include "tests/client/script_peer.hpp"
#include "tests/client/support.hpp"
#include "tests/client/troubled_files.hpp"

namespace stepwell::client {

struct ReplayTest : testing::Test {
  io::World world;
  io::MemoryFileSystem memory{world};
  TroubledFiles files{memory};
  HandExecutor executor;
  SeededRandom random{5};
  ScriptPeer peer{executor};
  std::optional<Result<ReplayReport>> result;
  ReplayOptions options;

  // A spool of `frames` frames besides open, in small segments.
  void spool(std::uint8_t run, std::uint8_t writer, std::uint64_t frames,
             const std::string& root = "spool") {
    const std::string directory = root + "/" + run_id(run).hex();
    Spool made(files, directory, open_frame(run_id(run), writer_id(writer)),
               {.segment_bytes = 1500});
    std::vector<AppendedFrame> none;
    ASSERT_TRUE(made.append(none));
    for (std::uint64_t s = 2; s <= frames + 1; ++s) {
      std::vector<AppendedFrame> one;
      one.push_back({protocol::Kind::kBatch, s, s, batch_frame(run_id(run), writer_id(writer), s)});
      ASSERT_TRUE(made.append(one));
    }
  }
  ReplayReport replay_now(std::vector<std::string> paths = {"spool"}) {
    result.reset();
    const auto drive = [&]() -> Task<void> {
      auto task = replay(executor, files, peer, random, paths, options, nullptr);
      result.emplace(co_await std::move(task));
    };
    spawn(executor, drive());
    executor.advance(std::chrono::seconds(600));
    EXPECT_TRUE(result && *result);
    return result->value();
  }
  // One byte in the middle of a frame of each.
  void damage_every_segment(const std::string& directory) {
    const SpoolListing listing = list_spool(files, {directory}).value();
    for (const auto& path : listing.writers.at(0).paths) {
      auto contents = world.contents(path).value();
      contents[contents.size() / 2] ^= std::byte{1};
      ASSERT_TRUE(world.overwrite(path, contents));
    }
  }
  std::uint64_t points() {
    std::uint64_t n = 0;
    for (const auto& [key, stream] : peer.streams) n += count(points_of_frames(stream.applied));
    return n;
  }
};

}  // namespace stepwell::client
