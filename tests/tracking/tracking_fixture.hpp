#pragma once

// The domain on a store whose log lies on a disk in RAM, driven by hand. Verbs: send frames and
// hear what the fold says, look, reopen. Every scenario runs three times: as it is, with the
// process killed in the middle (the log is replayed), and closed in the middle after a checkpoint
// (nothing is). After each, both must leave everything that can be seen as it was.

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "engine/base/hand_executor.hpp"
#include "engine/io/memory.hpp"
#include "engine/tracking/digest.hpp"
#include "engine/tracking/fold.hpp"
#include "engine/tracking/history.hpp"
#include "engine/tracking/tracking.hpp"
#include "tests/tracking/batch_frames.hpp"

namespace stepwell::tracking {

// A verdict as tests compare it.
struct Said {
  VerdictCode code = VerdictCode::kApplied;
  std::uint64_t expected = 0;  // Next sequence.
  bool operator==(const Said&) const = default;
};
inline Said applied(std::uint64_t next) {
  return {VerdictCode::kApplied, next};
}
inline Said duplicate(std::uint64_t next) {
  return {VerdictCode::kDuplicate, next};
}
inline Said gap(std::uint64_t next) {
  return {VerdictCode::kGap, next};
}
inline std::ostream& operator<<(std::ostream& out, const Said& said) {
  return out << protocol::to_string(said.code) << ", next " << said.expected;
}

class HandClock final : public Clock {
 public:
  std::int64_t now_ms() const override { return now; }
  std::int64_t now = 1'700'000'000'000;
};

// A store of its own: several can live side by side.
class TrackingOnWorld {
 public:
  TrackingOnWorld();
  ~TrackingOnWorld();

  void open();
  // The process dies; the log is replayed.
  void kill_and_open();
  // The index takes everything, the store is closed in order.
  void checkpoint();
  void close_and_open();

  Said send(std::string frame, wal::Door door = wal::Door::kFrame);
  // All in one group of the log.
  std::vector<Said> send_all(const std::vector<std::string>& frames);

  View view() const;
  wire::RunDataT run(std::uint64_t number) const;
  bool has_run(std::uint64_t number) const;
  Texts params(std::uint64_t run) const;
  Texts tags(std::uint64_t run) const;
  // What a history's frames hold of one series, in their order.
  std::vector<Point> points(std::uint64_t run, std::string_view key,
                            std::string_view context = {}) const;
  std::uint64_t next_of(std::uint64_t run, std::uint64_t writer) const;
  // What positions say is skipped.
  std::vector<std::pair<std::uint64_t, std::uint64_t>> skipped_of(std::uint64_t run,
                                                                  std::uint64_t writer) const;
  std::string digest() const;
  const store::Store& store() const { return *store_; }
  // Of the fold since the last opening.
  const Changes& changes() const { return fold_->changes(); }
  // Everything that can be asked, duplicates' counters and ids included.
  std::string everything() const;

  store::Verdict last;  // What was said last, with text and first step.
  HandClock clock;
  HandExecutor executor;

 private:
  void drop();

  io::World world_{1};
  io::MemoryFileSystem files_{world_};
  SeededRandom random_{5};
  std::string index_directory_;
  std::unique_ptr<Fold> fold_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<Tracking> tracking_;
};

enum class Middle { kGoesOn, kKilled, kCheckpointed };

class TrackingTest : public ::testing::TestWithParam<Middle> {
 protected:
  // Here a scenario is interrupted, if this run of it is.
  void in_the_middle() {
    if (GetParam() == Middle::kKilled) it.kill_and_open();
    if (GetParam() == Middle::kCheckpointed) it.close_and_open();
  }
  void TearDown() override {
    const std::string before = it.everything(), digest = it.digest();
    it.kill_and_open();
    EXPECT_EQ(it.everything(), before) << "after the log was replayed";
    it.checkpoint();
    EXPECT_EQ(it.everything(), before) << "after a checkpoint";
    it.close_and_open();
    EXPECT_EQ(it.everything(), before) << "read from the index alone";
    EXPECT_EQ(it.digest(), digest);
  }
  TrackingOnWorld it;
};

inline std::string name_of(const ::testing::TestParamInfo<Middle>& info) {
  return info.param == Middle::kGoesOn   ? "GoesOn"
         : info.param == Middle::kKilled ? "KilledInTheMiddle"
                                         : "CheckpointedInTheMiddle";
}

// Of a TEST_P suite that derives from TrackingTest.
#define INTERRUPTED(Suite)                                                                    \
  INSTANTIATE_TEST_SUITE_P(                                                                   \
      All, Suite, ::testing::Values(Middle::kGoesOn, Middle::kKilled, Middle::kCheckpointed), \
      name_of)

}  // namespace stepwell::tracking
