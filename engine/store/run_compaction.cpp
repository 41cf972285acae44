#include "engine/store/run_compaction.hpp"

#include <algorithm>

namespace stepwell::store {

RunCompaction::RunCompaction(const Layout& layout, const Sizes& sizes, Meta& meta, Journal& journal,
                             Sealer& sealer, RunNumber run, RunBlocks blocks,
                             std::vector<TailBlob> blobs)
    : layout_(layout),
      sizes_(sizes),
      meta_(meta),
      journal_(journal),
      sealer_(sealer),
      run_(run),
      blocks_(std::move(blocks)),
      kept_(std::move(blobs)) {
  const TailMerge merge =
      plan_merge(kept_, blocks_.points(), blocks_.series().size(), sizes_.chunk_points);
  const std::size_t left = kept_.size() - merge.blobs;
  for (std::size_t i = left; i < kept_.size(); ++i) inputs_.push_back({kept_[i].number, {}, {}, 0});
  kept_.resize(left);
  blob_.number = meta_.next_blob++;
  blob_.level = merge.level;
}

std::optional<SeriesNumber> RunCompaction::Input::next() const {
  if (!part) return std::nullopt;
  return part->series()[at].number;
}

Result<void> RunCompaction::open_part(index::WriteTransaction& transaction, Input& input,
                                      SeriesNumber from) {
  input.part.reset();
  input.at = 0;
  TRY(auto cursor, transaction.cursor(layout_.tails));
  TRY(const auto row, cursor.seek(tail_key(input.blob, from)));
  if (!row || !row->key.starts_with(tail_prefix(input.blob))) return ok();
  freed_.emplace_back(row->key);
  // A copy: what is written meanwhile would end the view.
  input.bytes = row->value;
  TRY(input.part, TailPart::open(input.bytes));
  return ok();
}

Result<void> RunCompaction::advance(index::WriteTransaction& transaction, Input& input) {
  const SeriesNumber done = *input.next();
  if (++input.at < input.part->series().size()) return ok();
  return open_part(transaction, input, {done.value + 1});
}

std::optional<SeriesNumber> RunCompaction::next_series() const {
  std::optional<SeriesNumber> least;
  if (fresh_at_ < blocks_.series().size()) least = blocks_.series()[fresh_at_];
  for (const Input& input : inputs_) {
    if (const auto next = input.next(); next && (!least || *next < *least)) least = next;
  }
  return least;
}

Result<bool> RunCompaction::step(index::WriteTransaction& transaction, std::uint64_t bytes_max) {
  if (!opened_) {
    for (Input& input : inputs_) {
      TRY(open_part(transaction, input, {0}));
    }
    opened_ = true;
  }
  while (transaction.bytes_put() < bytes_max) {
    const auto series = next_series();
    if (!series) {
      TRY(finish(transaction));
      return false;
    }
    TRY(merge_series(transaction, *series));
  }
  return true;
}

Result<void> RunCompaction::merge_series(index::WriteTransaction& transaction,
                                         SeriesNumber series) {
  points_.clear();
  for (Input& input : inputs_) {
    if (input.next() != series) continue;
    const std::size_t middle = points_.size();
    TRY(input.part->read(input.at, points_));
    merge_unique(points_, 0, middle);
    TRY(advance(transaction, input));
  }
  if (fresh_at_ < blocks_.series().size() && blocks_.series()[fresh_at_] == series) {
    const std::size_t middle = points_.size();
    blocks_.append(series, points_);
    sort_unique(points_, middle);
    merge_unique(points_, 0, middle);
    ++fresh_at_;
  }
  TRY(sealer_.seal(transaction, {run_, series}, points_));
  if (points_.empty()) return ok();
  blob_.points += points_.size();
  ++blob_.series;
  part_.add(series, points_);
  return part_.bytes() >= sizes_.tail_part_bytes ? write_part(transaction) : ok();
}

Result<void> RunCompaction::write_part(index::WriteTransaction& transaction) {
  const std::string key = tail_key(blob_.number, part_.first_series());
  const std::string bytes = part_.finish();
  blob_.bytes += bytes.size();
  ++blob_.parts;
  return transaction.put(layout_.tails, key, bytes);
}

// The list changes after the directories did: in between a reader finds points twice, never not.
Result<void> RunCompaction::finish(index::WriteTransaction& transaction) {
  if (!part_.empty()) {
    TRY(write_part(transaction));
  }
  if (blob_.points > 0) kept_.push_back(blob_);
  if (kept_.empty()) {
    journal_.erase(layout_.tail_lists, run_key(run_));
  } else {
    journal_.put(layout_.tail_lists, run_key(run_), encode_tail_list(kept_));
  }
  for (const std::string& key : freed_) journal_.erase(layout_.tails, key);
  return journal_.end_unit(transaction);
}

}  // namespace stepwell::store
