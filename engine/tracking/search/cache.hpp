#pragma once

// Tables of experiments that were searched before, kept within a budget. Any thread.
//
// An answer is exact for the snapshot that it is asked of. What is kept may be older than the
// snapshot: the runs that changed since (Changes) are read again first. It may also be newer, as
// when a search with a later snapshot came first: then the runs that changed since the snapshot are
// hidden, and stand in a small table of their own, read from the snapshot. What cannot be kept
// within the budget is read again each time.

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <vector>

#include "engine/tracking/search/table.hpp"

namespace stepwell::tracking {

class SearchCache {
 public:
  // `changes` (Fold::changes) outlives it.
  SearchCache(const Changes& changes, std::uint64_t bytes_max)
      : changes_(changes), bytes_max_(bytes_max) {}

  // What `use` is given: the rows of `table` but those of the `hidden` runs (sorted). A needed
  // subject without a column is missing from every row.
  using Use =
      std::function<Result<void>(const search::Table& table, const std::vector<RunNumber>& hidden)>;
  // Calls `use` for one or two tables that together hold the experiment's runs as of the view.
  // Other searches of the experiment may wait meanwhile.
  Result<void> with_tables(const View& view, ExperimentId experiment,
                           const std::vector<search::Subject>& needed, const Use& use);

  std::uint64_t bytes() const;
  // Runs read again since the start, and whole tables and columns built: for tests and figures.
  std::uint64_t refreshed() const { return refreshed_; }
  std::uint64_t built() const { return built_; }

 private:
  struct Entry {
    explicit Entry(ExperimentId experiment) : table(experiment) {}
    std::shared_mutex mutex;
    bool is_built = false;
    search::Table table;
    // Guarded by the cache's mutex.
    std::uint64_t bytes = 0;
    std::uint64_t last_used = 0;
  };
  using Subjects = std::vector<search::Subject>;

  std::shared_ptr<Entry> entry_of(ExperimentId experiment);
  // The runs whose rows are not, or not surely, as of the view; nothing: that is not known.
  std::optional<std::vector<RunNumber>> not_exact(const Entry& entry, const View& view,
                                                  const Subjects& needed) const;
  bool has_all(const Entry& entry, const Subjects& needed) const;
  bool is_newer(const Entry& entry, const View& view, const Subjects& needed) const;
  // With the entry's lock held alone: builds what is missing, refreshes what is older.
  Result<void> bring_up(Entry& entry, const View& view, const Subjects& needed);
  Result<void> use_both(const Entry& entry, const View& view, const Subjects& needed,
                        const std::vector<RunNumber>& hidden, const Use& use) const;
  Result<void> use_own(const View& view, ExperimentId experiment, const Subjects& needed,
                       const Use& use) const;
  void account(const std::shared_ptr<Entry>& entry, const Subjects& needed);

  const Changes& changes_;
  const std::uint64_t bytes_max_;
  mutable std::mutex mutex_;
  std::map<ExperimentId, std::shared_ptr<Entry>> entries_;
  std::uint64_t bytes_ = 0;
  std::uint64_t uses_ = 0;
  std::atomic<std::uint64_t> refreshed_{0};
  mutable std::atomic<std::uint64_t> built_{0};
};

}  // namespace stepwell::tracking
