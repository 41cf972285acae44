#include "engine/tracking/search/cache.hpp"

#include <algorithm>

namespace stepwell::tracking {

using search::CellReader;
using search::Column;
using search::Subject;
using search::Table;

namespace {

// Of one column's texts, whatever the budget: beyond it they are read from the view.
constexpr std::uint64_t kColumnTextBytesMax = 256 << 20;

}  // namespace

std::shared_ptr<SearchCache::Entry> SearchCache::entry_of(ExperimentId experiment) {
  const std::lock_guard guard(mutex_);
  auto& entry = entries_[experiment];
  if (!entry) entry = std::make_shared<Entry>(experiment);
  entry->last_used = ++uses_;
  return entry;
}

std::uint64_t SearchCache::bytes() const {
  const std::lock_guard guard(mutex_);
  return bytes_;
}

bool SearchCache::has_all(const Entry& entry, const Subjects& needed) const {
  return entry.is_built && std::all_of(needed.begin(), needed.end(), [&](const Subject& subject) {
           return entry.table.column(subject) != nullptr;
         });
}

bool SearchCache::is_newer(const Entry& entry, const View& view, const Subjects& needed) const {
  const Lsn as_of = view.snapshot().as_of();
  return entry.table.as_of() > as_of ||
         std::any_of(needed.begin(), needed.end(), [&](const Subject& subject) {
           return entry.table.column(subject)->as_of > as_of;
         });
}

std::optional<std::vector<RunNumber>> SearchCache::not_exact(const Entry& entry, const View& view,
                                                             const Subjects& needed) const {
  Lsn least = std::min(entry.table.as_of(), view.snapshot().as_of());
  for (const Subject& subject : needed) {
    least = std::min(least, entry.table.column(subject)->as_of);
  }
  return changes_.since(entry.table.experiment(), least);
}

Result<void> SearchCache::bring_up(Entry& entry, const View& view, const Subjects& needed) {
  const Lsn as_of = view.snapshot().as_of();
  const std::uint64_t text_bytes_max = std::min(bytes_max_, kColumnTextBytesMax);
  Table& table = entry.table;
  if (entry.is_built && table.as_of() < as_of) {
    const auto changed = changes_.since(table.experiment(), table.as_of());
    if (!changed || table.is_sparse()) {
      entry.is_built = false;
    } else {
      TRY(table.refresh(view, *changed));
      refreshed_ += changed->size();
    }
  }
  if (!entry.is_built) {
    TRY(table.build(view));
    entry.is_built = true;
    ++built_;
  }
  Subjects missing, older;
  Lsn least = as_of;
  for (const Subject& subject : needed) {
    const Column* const column = table.column(subject);
    if (!column) missing.push_back(subject);
    if (!column || column->as_of >= as_of) continue;
    older.push_back(subject);
    least = std::min(least, column->as_of);
  }
  if (!older.empty()) {
    const auto changed = changes_.since(table.experiment(), least);
    if (changed) {
      TRY(table.refresh_columns(view, older, *changed, text_bytes_max));
    } else {
      missing.insert(missing.end(), older.begin(), older.end());
    }
  }
  built_ += missing.size();
  return missing.empty() ? Result<void>(ok()) : table.build_columns(view, missing, text_bytes_max);
}

Result<void> SearchCache::use_own(const View& view, ExperimentId experiment, const Subjects& needed,
                                  const Use& use) const {
  Table own(experiment);
  TRY(own.build(view));
  TRY(own.build_columns(view, needed, std::min(bytes_max_, kColumnTextBytesMax)));
  ++built_;
  return use(own, {});
}

Result<void> SearchCache::use_both(const Entry& entry, const View& view, const Subjects& needed,
                                   const std::vector<RunNumber>& hidden, const Use& use) const {
  TRY(use(entry.table, hidden));
  if (hidden.empty()) return ok();
  Table beside(entry.table.experiment());
  TRY(beside.build_of(view, hidden));
  TRY(beside.build_columns(view, needed, std::min(bytes_max_, kColumnTextBytesMax)));
  return use(beside, {});
}

Result<void> SearchCache::with_tables(const View& view, ExperimentId experiment,
                                      const Subjects& asked, const Use& use) {
  // A key that no row was ever written under has no column.
  Subjects needed;
  for (const Subject& subject : asked) {
    TRY(const auto reader, CellReader::open(view, subject));
    if (reader.is_known()) needed.push_back(subject);
  }
  const auto entry = entry_of(experiment);
  {
    const std::shared_lock guard(entry->mutex);
    if (has_all(*entry, needed)) {
      const auto hidden = not_exact(*entry, view, needed);
      if (hidden && (hidden->empty() || is_newer(*entry, view, needed))) {
        return use_both(*entry, view, needed, *hidden, use);
      }
    }
  }
  const std::unique_lock guard(entry->mutex);
  if (auto done = bring_up(*entry, view, needed); !done) {
    entry->is_built = false;  // Part of it is read, part of it is not.
    return done.error();
  }
  // Where nothing is newer than the view, all is as of the view now.
  std::optional<std::vector<RunNumber>> hidden(std::in_place);
  if (is_newer(*entry, view, needed)) hidden = not_exact(*entry, view, needed);
  const Result<void> used = hidden ? use_both(*entry, view, needed, *hidden, use)
                                   : use_own(view, experiment, needed, use);
  account(entry, needed);
  return used;
}

void SearchCache::account(const std::shared_ptr<Entry>& entry, const Subjects& needed) {
  if (entry->table.bytes() > bytes_max_) entry->table.drop_columns_but(needed);
  const std::uint64_t bytes = entry->table.bytes();
  const std::lock_guard guard(mutex_);
  const auto place = entries_.find(entry->table.experiment());
  if (place == entries_.end() || place->second != entry) return;  // Let go of meanwhile.
  bytes_ = bytes_ - entry->bytes + bytes;
  entry->bytes = bytes;
  while (bytes_ > bytes_max_) {
    // Those that were used longest ago go, and this one last.
    const auto oldest = std::min_element(
        entries_.begin(), entries_.end(),
        [](const auto& a, const auto& b) { return a.second->last_used < b.second->last_used; });
    bytes_ -= oldest->second->bytes;
    entries_.erase(oldest);
  }
}

}  // namespace stepwell::tracking
