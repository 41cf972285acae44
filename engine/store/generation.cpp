#include "engine/store/generation.hpp"

#include <algorithm>
#include <mutex>

namespace stepwell::store {
namespace {

// What a row or a block costs beyond its bytes: nodes, vectors, shared counts.
constexpr std::uint64_t kRowOverheadBytes = 128;
constexpr std::uint64_t kBlockOverheadBytes = 192;

}  // namespace

std::string Generation::row_key(TableNumber table, std::string_view key) {
  std::string row;
  row.reserve(key.size() + 1);
  row.push_back(static_cast<char>(table.value));
  row.append(key);
  return row;
}

const Generation::Version* Generation::visible(const Versions& versions, Lsn as_of) {
  for (auto version = versions.rbegin(); version != versions.rend(); ++version) {
    if (version->lsn <= as_of) return &*version;
  }
  return nullptr;
}

void Generation::set(Lsn lsn, Lsn published, TableNumber table, std::string_view key,
                     Change change) {
  const auto size_of = [](const Change& c) { return c ? c->size() : 0; };
  const std::unique_lock guard(mutex_);
  auto [at, added] = rows_.try_emplace(row_key(table, key));
  Versions& versions = at->second;
  if (added) bytes_ += key.size() + kRowOverheadBytes;
  bytes_ += size_of(change);
  if (!versions.empty() && versions.back().lsn > published) {
    bytes_ -= size_of(versions.back().change);
    versions.back() = {lsn, std::move(change)};
    return;
  }
  // The last one is what a snapshot taken now sees. One before it is needed only by an earlier
  // snapshot, and there is none if the version is younger than the youngest snapshot.
  while (versions.size() >= 2 && versions[versions.size() - 2].lsn > pinned_) {
    const auto hidden = versions.end() - 2;
    bytes_ -= size_of(hidden->change);
    versions.erase(hidden);
  }
  versions.push_back({lsn, std::move(change)});
}

void Generation::add(BlockPtr block) {
  const std::unique_lock guard(mutex_);
  bytes_ += block->bytes + kBlockOverheadBytes;
  blocks_[block->run].push_back(std::move(block));
}

void Generation::retire(RunNumber run) {
  const std::unique_lock guard(mutex_);
  if (retired_.insert(run).second) bytes_ += kRowOverheadBytes;
}

void Generation::pin(Lsn lsn) {
  const std::unique_lock guard(mutex_);
  pinned_ = std::max(pinned_, lsn);
}

std::optional<Generation::Change> Generation::get(TableNumber table, std::string_view key,
                                                  Lsn as_of) const {
  const std::shared_lock guard(mutex_);
  const auto at = rows_.find(row_key(table, key));
  if (at == rows_.end()) return std::nullopt;
  const Version* version = visible(at->second, as_of);
  if (!version) return std::nullopt;
  return version->change;
}

std::vector<Generation::FoundRow> Generation::rows(TableNumber table, std::string_view prefix,
                                                   std::string_view from, bool exclusive, Lsn as_of,
                                                   std::size_t limit) const {
  std::vector<FoundRow> found;
  const std::string row_prefix = row_key(table, prefix);
  const std::string first = row_key(table, std::max(prefix, from));
  const std::shared_lock guard(mutex_);
  auto at = exclusive ? rows_.upper_bound(first) : rows_.lower_bound(first);
  for (; at != rows_.end() && at->first.starts_with(row_prefix) && found.size() < limit; ++at) {
    if (const Version* version = visible(at->second, as_of)) {
      found.push_back({at->first.substr(1), version->change});
    }
  }
  return found;
}

std::vector<BlockPtr> Generation::blocks(RunNumber run, Lsn as_of) const {
  const std::shared_lock guard(mutex_);
  const auto at = blocks_.find(run);
  if (at == blocks_.end()) return {};
  const auto end = std::partition_point(at->second.begin(), at->second.end(),
                                        [&](const BlockPtr& block) { return block->lsn <= as_of; });
  return {at->second.begin(), end};
}

std::vector<RunNumber> Generation::runs() const {
  const std::shared_lock guard(mutex_);
  std::vector<RunNumber> runs;
  runs.reserve(blocks_.size());
  for (const auto& [run, blocks] : blocks_) {
    if (!retired_.contains(run)) runs.push_back(run);
  }
  std::sort(runs.begin(), runs.end());
  return runs;
}

std::vector<RunNumber> Generation::retired() const {
  const std::shared_lock guard(mutex_);
  return {retired_.begin(), retired_.end()};
}

std::uint64_t Generation::bytes() const {
  const std::shared_lock guard(mutex_);
  return bytes_;
}

bool Generation::empty() const {
  const std::shared_lock guard(mutex_);
  return rows_.empty() && blocks_.empty() && retired_.empty();
}

}  // namespace stepwell::store
