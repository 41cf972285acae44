// The live spool: any sequence can be read back, segments go whole, failed writes are repeated.

#include "protocol/client/spool.hpp"

#include <set>

#include "engine/io/memory.hpp"
#include "protocol/client/replay.hpp"
#include "tests/client/support.hpp"

namespace stepwell::client {
namespace {

struct SpoolTest : testing::Test {
  io::World world;
  io::MemoryFileSystem files{world};
  RunId run = run_id(1);
  WriterId writer = writer_id(1);
  SpoolOptions options{.segment_bytes = 2000, .recent_bytes = 0};

  Spool make() { return Spool(files, "spool/run", open_frame(run, writer), options); }
  Result<void> append(Spool& spool, std::uint64_t sequence) {
    std::vector<AppendedFrame> frames;
    frames.push_back(
        {protocol::Kind::kBatch, sequence, sequence, batch_frame(run, writer, sequence)});
    return spool.append(frames);
  }
  Result<void> begin(Spool& spool) {
    std::vector<AppendedFrame> none;
    return spool.append(none);
  }
};

TEST_F(SpoolTest, GivesBackEverythingFromAnySequence) {
  for (const std::uint64_t recent : {0ULL, 500ULL, 100'000ULL}) {
    options.recent_bytes = recent;
    io::World fresh;
    io::MemoryFileSystem own(fresh);
    Spool spool(own, "spool/run", open_frame(run, writer), options);
    ASSERT_TRUE(begin(spool));
    for (std::uint64_t s = 2; s <= 40; ++s) ASSERT_TRUE(append(spool, s));
    EXPECT_GT(spool.segments(), 3u);
    for (std::uint64_t s = 1; s <= 40; ++s) {
      const auto frame = spool.from(s);
      if (s == 1 && recent > 10'000) continue;  // open is not among the recent ones.
      ASSERT_TRUE(frame && frame.value()) << s;
      EXPECT_EQ(frame.value()->first, s) << recent;
    }
    EXPECT_FALSE(spool.from(41).value());
  }
}

TEST_F(SpoolTest, DeletesWholeSegmentsOnly) {
  Spool spool = make();
  ASSERT_TRUE(begin(spool));
  for (std::uint64_t s = 2; s <= 40; ++s) ASSERT_TRUE(append(spool, s));
  const auto all = files.list("spool/run").value().size();
  spool.release(20);
  EXPECT_LT(files.list("spool/run").value().size(), all);
  EXPECT_EQ(spool.from(21).value()->first, 21u);
  EXPECT_LE(spool.from(1).value()->first, 21u);
  spool.release(40);
  EXPECT_EQ(files.list("spool/run").value().size(), 1u);  // The one being written.
  spool.remove_if_released();
  EXPECT_EQ(files.list("spool/run").value().size(), 0u);
}

TEST_F(SpoolTest, AFailedWriteMayBeRepeatedAtAnyOperation) {
  for (std::uint64_t fail_at = 0; fail_at < 60; ++fail_at) {
    io::World faulty(fail_at);
    faulty.set_plan({.fail_at = fail_at});
    io::MemoryFileSystem own(faulty);
    Spool spool(own, "spool/run", open_frame(run, writer), options);
    for (int i = 0; i < 5 && !begin(spool); ++i) {
    }
    for (std::uint64_t s = 2; s <= 12; ++s) {
      int tries = 0;
      while (!append(spool, s)) ASSERT_LT(++tries, 5);
    }
    for (std::uint64_t s = 2; s <= 12; ++s) {
      ASSERT_EQ(spool.from(s).value()->first, s) << "operation " << fail_at;
    }
    const auto names = own.list("spool/run").value();
    for (const std::string& name : names) {
      const auto segment = LoadedSegment::load(own, "spool/run/" + name);
      ASSERT_TRUE(segment) << segment.error().text;
      EXPECT_TRUE(segment.value().content().damages.empty()) << "operation " << fail_at;
    }
  }
}

// After a failed sync the kernel may have dropped what it had not written: only a rewritten file
// can be synced. So whatever failed, what a sync() has confirmed survives a power cut.
TEST_F(SpoolTest, WhatIsSyncedSurvivesACutWhicheverOperationFailed) {
  for (std::uint64_t fail_at = 0; fail_at < 120; ++fail_at) {
    for (const bool for_ever : {false, true}) {
      io::World faulty(fail_at * 2 + for_ever);
      faulty.set_plan({.fail_at = fail_at, .fail_for_ever = for_ever});
      io::MemoryFileSystem own(faulty);
      options.recent_bytes = fail_at % 3 == 0 ? 1 << 20 : 0;
      Spool spool(own, "spool/run", open_frame(run, writer), options);
      std::uint64_t durable = 0, s = 2;
      for (int turn = 0; turn < 40; ++turn) {
        if (append(spool, s)) ++s;
        if (turn % 2 == 0 && spool.sync() && s > 2) durable = s - 1;
      }
      if (!for_ever) {  // It recovers.
        ASSERT_TRUE(spool.sync() || spool.sync()) << "operation " << fail_at;
        durable = s - 1;
      }
      const auto left = faulty.after_cut(fail_at);
      io::MemoryFileSystem after(*left);
      std::set<std::uint64_t> found;
      const auto listing = list_spool(after, {"spool"});
      if (listing && !listing.value().writers.empty()) {
        std::vector<FileDamage> damages;
        auto source = SpooledSource::open(after, listing.value().writers[0], damages).value();
        for (std::uint64_t at = 2; at <= durable; ++at) {
          const auto frame = source->from(at).value();
          if (frame && frame->first == at) found.insert(at);
        }
      }
      EXPECT_EQ(found.size(), durable > 0 ? durable - 1 : 0)
          << "operation " << fail_at << " " << faulty.fault();
    }
  }
}

TEST_F(SpoolTest, HasALimit) {
  options.bytes_max = 3000;
  Spool spool = make();
  ASSERT_TRUE(begin(spool));
  std::uint64_t s = 2;
  while (append(spool, s)) ++s;
  EXPECT_LE(spool.bytes(), 3000u);
  spool.release(s - 1);
  EXPECT_TRUE(append(spool, s));
}

}  // namespace
}  // namespace stepwell::client
