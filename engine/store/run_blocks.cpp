#include "engine/store/run_blocks.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace stepwell::store {
namespace {

void append_steps(const StepColumn& from, std::size_t count, std::vector<std::int64_t>& into) {
  if (from.column) {
    into.insert(into.end(), from.column, from.column + count);
    return;
  }
  const std::size_t start = into.size();
  into.resize(start + count);
  for (std::size_t i = 0; i < count; ++i) into[start + i] = from[i];
}

void append_times(const TimeColumn& from, std::size_t count, std::vector<std::int64_t>& into) {
  if (from.column) {
    into.insert(into.end(), from.column, from.column + count);
    return;
  }
  const std::size_t start = into.size();
  into.resize(start + count, from.base);
  if (!from.deltas) return;
  for (std::size_t i = 0; i < count; ++i) {
    into[start + i] = from.base + static_cast<std::int64_t>(from.deltas[i]);
  }
}

void append_values(const ValueColumn& from, std::size_t count, std::vector<double>& into) {
  if (from.f64) {
    into.insert(into.end(), from.f64, from.f64 + count);
  } else {
    into.insert(into.end(), from.f32, from.f32 + count);
  }
}

}  // namespace

RunBlocks::RunBlocks(std::vector<BlockPtr> blocks) : blocks_(std::move(blocks)) {
  std::unordered_map<const void*, std::uint32_t> known;
  for (const BlockPtr& block : blocks_) {
    const auto& names = *block->series;
    const auto [at, is_new] =
        known.try_emplace(block->series.get(), static_cast<std::uint32_t>(groups_.size()));
    if (is_new) {
      groups_.emplace_back();
      for (std::uint32_t column = 0; column < names.size(); ++column) {
        sources_.push_back({names[column], at->second, column});
      }
    }
    Group& group = groups_[at->second];
    if (block->key_index.empty()) {
      points_ += block->points * names.size();
      group.matrices.push_back(block.get());
      group.matrix_points += block->points;
      continue;
    }
    points_ += block->points;
    Rows rows{block.get(), std::vector<std::uint32_t>(names.size() + 1),
              std::vector<std::uint32_t>(block->points)};
    for (const std::uint32_t key : block->key_index) ++rows.begins[key + 1];
    for (std::size_t i = 1; i < rows.begins.size(); ++i) rows.begins[i] += rows.begins[i - 1];
    std::vector<std::uint32_t> next(rows.begins.begin(), rows.begins.end() - 1);
    for (std::uint32_t i = 0; i < block->points; ++i) rows.order[next[block->key_index[i]]++] = i;
    group.rows.push_back(std::move(rows));
  }
  std::sort(sources_.begin(), sources_.end());
  for (const Source& source : sources_) {
    if (series_.empty() || series_.back() != source.series) series_.push_back(source.series);
  }
}

void RunBlocks::append(SeriesNumber series, Columns& into) const {
  auto source = std::lower_bound(sources_.begin(), sources_.end(), Source{series, 0, 0});
  for (; source != sources_.end() && source->series == series; ++source) {
    const Group& group = groups_[source->group];
    into.reserve(into.size() + group.matrix_points);
    for (const PointBlock* block : group.matrices) {
      append_steps(block->steps, block->points, into.steps);
      append_times(block->times, block->points, into.times);
      append_values(block->values.from(std::size_t{source->column} * block->points), block->points,
                    into.values);
    }
    for (const Rows& rows : group.rows) {
      for (std::uint32_t at = rows.begins[source->column]; at < rows.begins[source->column + 1];
           ++at) {
        const std::uint32_t i = rows.order[at];
        into.push_back({rows.block->steps[i], rows.block->times[i], rows.block->values[i]});
      }
    }
  }
}

}  // namespace stepwell::store
