#include "protocol/client/batch_maker.hpp"

#include <algorithm>
#include <unordered_map>

#include "engine/base/assert.hpp"
#include "protocol/batch_builder.hpp"
#include "protocol/limits.hpp"
#include "protocol/messages.hpp"

namespace stepwell::client {
namespace {

// A block costs its own tables: below this many values a lone call is better told as rows.
constexpr std::size_t kLoneValues = 4;
constexpr std::size_t kListsMax = protocol::kBlocksMax - 1;  // One is left for the rows.
constexpr std::size_t kListCost = 96;
constexpr std::size_t kPointCost = 16;

std::uint64_t hash_of(std::span<const std::uint32_t> series) {
  std::uint64_t hash = series.size();
  for (const std::uint32_t each : series) hash = (hash ^ each) * 0x9E3779B97F4A7C15ULL;
  return hash ^ (hash >> 29);
}

}  // namespace

// Calls that logged the same series in the same order: one block.
struct BatchMaker::List {
  std::span<const std::uint32_t> series;
  bool server_step = false;
  std::vector<Group> groups;
};

struct BatchMaker::Frame {
  std::vector<List> lists;
  std::unordered_map<std::uint64_t, std::size_t> by_hash;  // Of lists with steps of their own.
  std::size_t cost = 0;
};

std::vector<MadePayload> BatchMaker::make(const Recorded& recorded) {
  series_.insert(series_.end(), recorded.new_series.begin(), recorded.new_series.end());
  contexts_.insert(contexts_.end(), recorded.new_contexts.begin(), recorded.new_contexts.end());
  std::vector<MadePayload> out;
  std::size_t done = 0;
  for (const RecordedCommand& command : recorded.commands) {
    make_batches(recorded, done, command.after_groups, out);
    done = command.after_groups;
    out.push_back({command.kind, command.payload, 0});
  }
  make_batches(recorded, done, recorded.groups.size(), out);
  if (recorded.dropped_points > 0 || recorded.dropped_commands > 0) {
    out.push_back({protocol::Kind::kSkip, skip_of(recorded), 0});
  }
  return out;
}

void BatchMaker::make_batches(const Recorded& recorded, std::size_t first, std::size_t last,
                              std::vector<MadePayload>& out) {
  Frame frame;
  const auto flush = [&] {
    if (!frame.lists.empty()) out.push_back(finish(frame, recorded));
    frame = {};
  };
  for (std::size_t i = first; i < last; ++i) {
    Group rest = recorded.groups[i];
    // A call with very many values is cut into pieces that fit.
    while (rest.count > 0) {
      Group piece = rest;
      std::size_t bytes = 0;
      for (piece.count = 0; piece.count < rest.count; ++piece.count) {
        bytes += kPointCost + series_[recorded.series[piece.first + piece.count]].key.size();
        const bool fits = bytes < 4 * frame_bytes_ && piece.count < protocol::kKeysMax / 2;
        if (!fits && !rest.server_step && piece.count > 0) break;
      }
      add_group(frame, recorded, piece);
      rest.first += piece.count;
      rest.count -= piece.count;
      if (frame.cost >= frame_bytes_ || frame.lists.size() >= kListsMax) flush();
    }
  }
  flush();
}

void BatchMaker::add_group(Frame& frame, const Recorded& recorded, const Group& group) {
  const std::span series(recorded.series.data() + group.first, group.count);
  frame.cost += kPointCost + group.count * sizeof(double);
  List* list = nullptr;
  if (group.server_step) {
    // Their order within the frame is the order of their steps.
    if (!frame.lists.empty() && frame.lists.back().server_step) list = &frame.lists.back();
  } else if (const auto known = frame.by_hash.find(hash_of(series)); known != frame.by_hash.end()) {
    list = &frame.lists[known->second];
  }
  if (!list || !std::ranges::equal(list->series, series)) {
    if (!group.server_step) frame.by_hash[hash_of(series)] = frame.lists.size();
    frame.cost += kListCost;
    for (const std::uint32_t each : series) frame.cost += 2 + series_[each].key.size();
    frame.lists.push_back({series, group.server_step, {}});
    list = &frame.lists.back();
  }
  list->groups.push_back(group);
}

namespace {

// The columns of one block, filled and handed to the builder.
struct Block {
  protocol::KeyListBuilder keys;
  std::vector<std::int64_t> steps, times;
  std::vector<double> values;
  std::vector<std::uint32_t> key_index;
};

void add_key(Block& block, const SeriesName& name, const std::vector<std::string>& contexts) {
  const auto added = block.keys.add(name.key, contexts[name.context]);
  STEPWELL_ASSERT(added);  // Checked when the series was first logged.
}

}  // namespace

MadePayload BatchMaker::finish(Frame& frame, const Recorded& recorded) {
  protocol::BatchBuilder builder;
  MadePayload made{protocol::Kind::kBatch, {}, 0};
  const auto is_lone = [](const List& list) {
    return !list.server_step && list.groups.size() == 1 && list.series.size() < kLoneValues;
  };
  const bool use_rows = std::ranges::count_if(frame.lists, is_lone) > 1;
  Block rows;
  std::unordered_map<std::uint32_t, std::uint32_t> row_keys;
  for (const List& list : frame.lists) {
    if (use_rows && is_lone(list)) {
      const Group& group = list.groups.front();
      for (std::uint32_t i = 0; i < group.count; ++i) {
        const auto [key, is_new] = row_keys.try_emplace(list.series[i], rows.keys.count());
        if (is_new) add_key(rows, series_[list.series[i]], contexts_);
        rows.key_index.push_back(key->second);
        rows.steps.push_back(group.step);
        rows.times.push_back(group.time_ms);
        rows.values.push_back(recorded.values[group.first + i]);
      }
      continue;
    }
    Block block;
    for (const std::uint32_t each : list.series) add_key(block, series_[each], contexts_);
    for (const Group& group : list.groups) {
      if (!list.server_step) block.steps.push_back(group.step);
      block.times.push_back(group.time_ms);
    }
    block.values.reserve(list.series.size() * list.groups.size());
    for (std::size_t i = 0; i < list.series.size(); ++i) {
      for (const Group& group : list.groups)
        block.values.push_back(recorded.values[group.first + i]);
    }
    made.points += block.values.size();
    builder.add_block(block.keys, list.groups.size(), {block.steps, block.times, block.values, {}});
  }
  if (!rows.values.empty()) {
    made.points += rows.values.size();
    builder.add_block(rows.keys, rows.values.size(),
                      {rows.steps, rows.times, rows.values, rows.key_index});
  }
  made.payload = builder.finish();
  return made;
}

std::string BatchMaker::skip_of(const Recorded& recorded) const {
  wire::SkipT skip;
  skip.points = recorded.dropped_points;
  skip.reason = fmt::format("queue full: {} points of {} series", recorded.dropped_points,
                            recorded.dropped.size());
  if (recorded.dropped_commands > 0) {
    skip.reason += fmt::format(", {} params, tags or end", recorded.dropped_commands);
  }
  // The series with the most lost points; ties by number, so that the choice is always the same.
  std::vector<std::pair<std::uint32_t, DroppedSeries>> most(recorded.dropped.begin(),
                                                            recorded.dropped.end());
  std::ranges::sort(most, [](const auto& a, const auto& b) {
    return std::pair(b.second.points, a.first) < std::pair(a.second.points, b.first);
  });
  if (most.size() > protocol::kLostSeriesMax) most.resize(protocol::kLostSeriesMax);
  for (const auto& [series, dropped] : most) {
    auto lost = std::make_unique<wire::LostSeriesT>();
    lost->key = series_[series].key;
    lost->first_step = dropped.first_step;
    lost->last_step = dropped.last_step;
    lost->points = dropped.points;
    skip.series.push_back(std::move(lost));
  }
  return protocol::encode(skip);
}

}  // namespace stepwell::client
