// Which runs changed since an LSN: none may be missing, and what was forgotten is said to be.

#include "engine/tracking/changes.hpp"

#include <gtest/gtest.h>

namespace stepwell::tracking {
namespace {

using Runs = std::vector<RunNumber>;

TEST(ChangesTest, TellsWhatChangedAboveAnLsnOfOneExperiment) {
  Changes changes;
  EXPECT_EQ(changes.since({1}, {0}), Runs());
  changes.note(std::vector<ChangedRun>{{{1}, {5}}, {{2}, {6}}, {{1}, {700}}}, {10});
  changes.note(std::vector<ChangedRun>{{{1}, {6}}}, {20});
  EXPECT_EQ(changes.since({1}, {9}), (Runs{{5}, {6}, {700}}));
  EXPECT_EQ(changes.since({1}, {10}), (Runs{{6}}));
  EXPECT_EQ(changes.since({1}, {20}), Runs());
  EXPECT_EQ(changes.since({2}, {0}), (Runs{{6}}));
  EXPECT_EQ(changes.since({3}, {0}), Runs());
  changes.note(std::vector<ChangedRun>{{{1}, {5}}}, {30});
  EXPECT_EQ(changes.since({1}, {10}), (Runs{{5}, {6}})) << "its last change counts";
  EXPECT_EQ(changes.since({1}, {25}), (Runs{{5}}));
}

TEST(ChangesTest, ForgetsAllAtTheLimitAndSaysSo) {
  Changes changes;
  changes.note(std::vector<ChangedRun>{{{1}, {1}}}, {5});
  for (std::uint64_t block = 1; block < Changes::kBlocksMax; ++block) {
    changes.note(std::vector<ChangedRun>{{{1}, {block * 64}}}, {10});
  }
  EXPECT_EQ(changes.since({1}, {0})->size(), Changes::kBlocksMax);
  changes.note(std::vector<ChangedRun>{{{2}, {1}}}, {20});
  EXPECT_EQ(changes.since({1}, {19}), std::nullopt);
  EXPECT_EQ(changes.since({2}, {19}), std::nullopt);
  EXPECT_EQ(changes.since({2}, {20}), Runs());
  changes.note(std::vector<ChangedRun>{{{2}, {9}}}, {30});
  EXPECT_EQ(changes.since({2}, {20}), (Runs{{9}}));
}

}  // namespace
}  // namespace stepwell::tracking
