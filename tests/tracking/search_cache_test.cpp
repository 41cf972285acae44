// What is kept between searches is exact for the snapshot that is asked, older or newer, whatever
// happened to the runs, and stays within its budget.

#include <thread>

#include "tests/tracking/search_support.hpp"

namespace stepwell::tracking {
namespace {

class SearchCacheTest : public TrackingTest {
 protected:
  void SetUp() override {
    for (std::uint64_t run = 1; run <= 6; ++run) {
      search.add({.number = run,
                  .start_ms = static_cast<std::int64_t>(run),
                  .params = {{"lr", run % 2 == 0 ? "even" : "odd"}},
                  .tags = {{"t", "old"}},
                  .metrics = {{"loss", {double(run)}}}});
    }
    in_the_middle();
    search.forget();
  }
  std::string find(const View& view, const std::string& filter) {
    return search.find(view, filter, {"run_id"});
  }
  std::string find(const std::string& filter) { return find(it.view(), filter); }

  Searcher search{it};
};
INTERRUPTED(SearchCacheTest);

constexpr const char* kFilter = "metrics.loss > 2 AND tags.t = 'old'";

TEST_P(SearchCacheTest, OnlyRunsThatChangedAreReadAgain) {
  EXPECT_EQ(find(kFilter), "3 4 5 6");
  const std::uint64_t built = search.cache->built();
  EXPECT_EQ(built, 3u) << "the table, and a column of each";
  EXPECT_EQ(find(kFilter), "3 4 5 6");
  EXPECT_EQ(search.cache->refreshed(), 0u);
  search.metric(1, "loss", {9}, 7);
  search.tag(5, "t", "new");
  EXPECT_EQ(find(kFilter), "1 3 4 6");
  EXPECT_EQ(search.cache->refreshed(), 2u);
  it.checkpoint();
  EXPECT_EQ(find(kFilter), "1 3 4 6");
  EXPECT_EQ(search.cache->refreshed(), 2u);
  search.metric(1, "loss", {0}, 8);
  EXPECT_EQ(find(kFilter), "3 4 6");
  EXPECT_EQ(search.cache->refreshed(), 3u);
  EXPECT_EQ(search.cache->built(), built);
}

TEST_P(SearchCacheTest, ARunOfAnotherExperimentCostsNothing) {
  EXPECT_EQ(find(kFilter), "3 4 5 6");
  search.add({.number = 7, .experiment = "other", .metrics = {{"loss", {8}}}});
  EXPECT_EQ(find(kFilter), "3 4 5 6");
  EXPECT_EQ(search.cache->refreshed(), 0u);
}

TEST_P(SearchCacheTest, ColumnsThatWereNotAskedForCatchUp) {
  EXPECT_EQ(find("params.lr = 'odd'"), "1 3 5");
  EXPECT_EQ(find("metrics.loss > 2"), "3 4 5 6");
  search.add({.number = 7, .params = {{"lr", "odd"}}, .metrics = {{"loss", {7}}}});
  search.metric(1, "loss", {7}, 5);
  EXPECT_EQ(find("metrics.loss > 2"), "1 3 4 5 6 7");
  search.metric(3, "loss", {0}, 5);
  EXPECT_EQ(find("params.lr = 'odd'"), "1 3 5 7");
  EXPECT_EQ(find("metrics.loss > 2"), "1 4 5 6 7");
}

TEST_P(SearchCacheTest, AnOlderSnapshotIsAnsweredAsOfItself) {
  search.set_deleted(6, true);
  const View older = it.view();
  search.metric(1, "loss", {9}, 7);
  search.tag(3, "t", "new");
  search.add({.number = 7, .tags = {{"t", "old"}}, .metrics = {{"loss", {7}}}});
  search.purge(6);
  const View newer = it.view();
  search.metric(4, "loss", {0}, 7);
  EXPECT_EQ(find(newer, kFilter), "1 4 5 7");
  EXPECT_EQ(find(older, kFilter), "3 4 5") << "the kept columns are newer";
  EXPECT_EQ(search.find(older, kFilter, {}, ViewType::kAll), "6 5 4 3");
  EXPECT_EQ(find(older, "params.lr = 'even'"), "2 4")
      << "a column that is built from the older one";
  EXPECT_EQ(find(newer, kFilter), "1 4 5 7");
  EXPECT_EQ(find(newer, "params.lr = 'even'"), "2 4");
  EXPECT_EQ(search.find(newer, "params.lr = 'even'", {}, ViewType::kAll), "4 2");
  EXPECT_EQ(find(kFilter), "1 5 7");
  EXPECT_EQ(find("params.lr = 'even'"), "2 4");
  EXPECT_EQ(find(older, kFilter), "3 4 5");
}

TEST_P(SearchCacheTest, DeletedRestoredPurged) {
  EXPECT_EQ(find(kFilter), "3 4 5 6");
  search.set_deleted(4, true);
  EXPECT_EQ(find(kFilter), "3 5 6");
  search.set_deleted(4, false);
  EXPECT_EQ(find(kFilter), "3 4 5 6");
  search.set_deleted(4, true);
  search.purge(4);
  EXPECT_EQ(find(kFilter), "3 5 6");
  EXPECT_EQ(search.find(kFilter, {}, ViewType::kAll), "6 5 3");
  it.checkpoint();
  search.add({.number = 9, .tags = {{"t", "old"}}, .metrics = {{"loss", {3}}}});
  EXPECT_EQ(find(kFilter), "3 5 6 9");
}

TEST_P(SearchCacheTest, ATagIsSetChangedAndTakenAway) {
  EXPECT_EQ(find("tags.t IS NULL"), "");
  wire::DeleteTagT command;
  command.key = "t";
  it.send(command_frame(Kind::kDeleteTag, command, 2), wal::Door::kRest);
  EXPECT_EQ(find("tags.t IS NULL"), "2");
  search.tag(2, "t", "again");
  EXPECT_EQ(find("tags.t = 'again'"), "2");
  EXPECT_EQ(find("tags.unheard = 'x'"), "");
  search.tag(3, "unheard", "x");
  EXPECT_EQ(find("tags.unheard = 'x'"), "3") << "a key that was asked for before it was used";
}

TEST_P(SearchCacheTest, WithoutABudgetAllIsReadEachTimeAndExact) {
  Searcher poor(it, 0);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(poor.find(kFilter, {"tags.t", "params.lr DESC", "run_id DESC"}), "5 3 6 4");
    EXPECT_EQ(poor.find("tags.t LIKE 'o%' AND params.lr != 'odd'", {"run_id"}), "2 4 6");
    EXPECT_EQ(poor.cache->bytes(), 0u);
  }
  EXPECT_EQ(poor.cache->refreshed(), 0u);
}

TEST_P(SearchCacheTest, TheBudgetHoldsAndTheLongestUnusedGoes) {
  for (std::uint64_t experiment = 0; experiment < 20; ++experiment) {
    search.add({.number = 100 + experiment,
                .experiment = fmt::format("e{}", experiment),
                .tags = {{"t", std::string(500, 'x')}}});
  }
  Searcher small(it, 8000);
  for (int round = 0; round < 2; ++round) {
    for (std::uint64_t experiment = 0; experiment < 20; ++experiment) {
      EXPECT_EQ(small.find(it.view(), "tags.t LIKE 'x%'", {}, ViewType::kActive, {2 + experiment}),
                std::to_string(100 + experiment));
      EXPECT_LE(small.cache->bytes(), 8000u);
    }
  }
  EXPECT_GT(small.cache->bytes(), 4000u);
  EXPECT_EQ(small.cache->built(), 80u) << "none was kept until its next turn";
}

TEST_P(SearchCacheTest, TextsThatAreTooLargeAreReadFromTheView) {
  search.tag(1, "big", std::string(30'000, 'a'));
  search.tag(2, "big", std::string(30'000, 'b'));
  search.tag(3, "big", std::string(30'000, 'b') + "c");
  Searcher small(it, 40'000);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(small.find("tags.big LIKE 'b%'", {"tags.big DESC"}), "3 2");
    EXPECT_EQ(small.find("", {"tags.big"}), "1 2 3 6 5 4");
    EXPECT_EQ(small.find("NOT tags.big = '" + std::string(30'000, 'a') + "'", {"run_id"}),
              "2 3 4 5 6");
    EXPECT_LE(small.cache->bytes(), 40'000u);
  }
  search.tag(4, "big", "b");
  EXPECT_EQ(small.find("tags.big LIKE 'b%'", {"tags.big"}), "4 2 3");
}

TEST_P(SearchCacheTest, ManyThreadsWithSnapshotsOfManyMomentsEachSeeTheirs) {
  constexpr std::size_t kThreads = 4, kMoments = 6;
  const std::vector<std::string> filters = {kFilter, "params.lr = 'odd'", "min(metrics.loss) < 3",
                                            "tags.t = 'new' OR metrics.loss = 4"};
  // A view is one thread's at a time.
  std::vector<std::vector<View>> views(kThreads);
  std::vector<std::vector<std::string>> expected;
  for (std::uint64_t moment = 0; moment < kMoments; ++moment) {
    search.tag(1 + moment, "t", moment % 2 == 0 ? "new" : "old");
    search.metric(6 - moment, "loss", {double(moment)}, 1);
    search.add({.number = 20 + moment, .tags = {{"t", "old"}}, .metrics = {{"loss", {5}}}});
    if (moment == 3) search.set_deleted(20, true);
    if (moment == 4) search.purge(20);
    expected.emplace_back();
    Searcher alone(it);
    for (const std::string& filter : filters) {
      expected.back().push_back(alone.find(it.view(), filter, {"run_id"}));
    }
    for (auto& of_thread : views) of_thread.push_back(it.view());
  }
  std::vector<std::thread> threads;
  for (std::size_t thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (std::size_t i = 0; i < 400; ++i) {
        const std::size_t moment = i * (2 * thread + 1) % kMoments, filter = i / 3 % filters.size();
        EXPECT_EQ(search.find(views[thread][moment], filters[filter], {"run_id"}),
                  expected[moment][filter])
            << "as of moment " << moment;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace stepwell::tracking
