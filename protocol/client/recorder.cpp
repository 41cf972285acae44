#include "protocol/client/recorder.hpp"

#include <algorithm>

#include "protocol/limits.hpp"
#include "protocol/text.hpp"

namespace stepwell::client {
namespace {

constexpr std::size_t kValueCost = sizeof(std::uint32_t) + sizeof(double);
// Calls of one step that are further apart keep their own times.
constexpr std::int64_t kSameStepMs = 1000;
// More would have to be split, and the parts would get different steps.
constexpr std::size_t kServerStepValuesMax = 4096;

// Room for one more in every one of them, so that adding to all cannot fail halfway.
template <typename... Vectors>
void make_room(Vectors&... vectors) {
  const auto grow = [](auto& vector) {
    if (vector.size() == vector.capacity()) vector.reserve(2 * vector.size() + 16);
  };
  (grow(vectors), ...);
}

}  // namespace

Recorder::Recorder(Options options, const Clock& clock, std::function<void()> wake)
    : options_(options), clock_(clock), wake_(std::move(wake)) {}

std::uint32_t Recorder::add_context(std::string canonical) {
  const std::lock_guard guard(mutex_);
  const auto known = std::ranges::find(contexts_, canonical);
  if (known == contexts_.end()) {
    make_room(contexts_, keys_);
    contexts_.push_back(std::move(canonical));
    keys_.emplace_back();
    return static_cast<std::uint32_t>(contexts_.size() - 1);
  }
  return static_cast<std::uint32_t>(known - contexts_.begin());
}

// `at`: the key's place in its call, where the same key most likely stood last time.
std::uint32_t Recorder::series_of(std::uint32_t context, std::string_view key, std::size_t at) {
  if (at < last_call_.size()) {
    const std::uint32_t guess = last_call_[at];
    if (name_contexts_[guess] == context && names_[guess] == key) return guess;
  }
  std::uint32_t series = kNoSeries;
  const auto known = keys_[context].find(key);
  if (known != keys_[context].end()) {
    series = known->second;
  } else {
    if (!protocol::check_key("metric key", key) || names_.size() >= protocol::kSeriesMax) {
      return kNoSeries;
    }
    series = static_cast<std::uint32_t>(names_.size());
    std::string name(key);
    make_room(names_, name_contexts_);
    keys_[context].emplace(name, series);
    names_.push_back(std::move(name));
    name_contexts_.push_back(context);
  }
  if (at < 1024) {
    if (last_call_.size() <= at) last_call_.resize(at + 1, series);
    last_call_[at] = series;
  }
  return series;
}

Group& Recorder::group_for(std::optional<std::int64_t> step, std::optional<std::int64_t> time_ms) {
  const std::int64_t time = time_ms ? *time_ms : clock_.now_ms();
  if (step && !time_ms && !buffer_.groups.empty()) {
    Group& last = buffer_.groups.back();
    const bool after_command =
        !buffer_.commands.empty() && buffer_.commands.back().after_groups == buffer_.groups.size();
    if (last.step == *step && !last.server_step && !last.time_given && !after_command &&
        time >= last.time_ms && time - last.time_ms < kSameStepMs) {
      return last;
    }
  }
  buffer_.groups.push_back({step.value_or(0), time,
                            static_cast<std::uint32_t>(buffer_.series.size()), 0, !step.has_value(),
                            time_ms.has_value()});
  counts_.queued_bytes += sizeof(Group);
  buffer_.bytes += sizeof(Group);
  return buffer_.groups.back();
}

void Recorder::drop(std::uint32_t series, std::int64_t step) {
  auto& entry = buffer_.dropped.try_emplace(series, DroppedSeries{0, step, step}).first->second;
  ++counts_.accepted;
  ++counts_.dropped;
  ++buffer_.dropped_points;
  ++entry.points;
  entry.first_step = std::min(entry.first_step, step);
  entry.last_step = std::max(entry.last_step, step);
}

void Recorder::append_value(Group& group, std::uint32_t series, double value) {
  make_room(buffer_.series, buffer_.values);
  buffer_.series.push_back(series);
  buffer_.values.push_back(value);
  ++group.count;
  ++counts_.accepted;
  ++counts_.queued;
  counts_.queued_bytes += kValueCost;
  buffer_.bytes += kValueCost;
}

// True if the background thread should be woken. `done`: how many of the values are in the counts.
bool Recorder::append_locked(std::uint32_t context, std::optional<std::int64_t> step,
                             std::optional<std::int64_t> time_ms, std::span<const Value> values,
                             std::size_t& done) {
  if (context >= keys_.size() || (!step && values.size() > kServerStepValuesMax)) {
    counts_.invalid += values.size();
    done = values.size();
    return false;
  }
  const std::size_t cost = sizeof(Group) + values.size() * kValueCost;
  const bool full = counts_.queued_bytes + cost > options_.queue_bytes;
  Group* group = nullptr;
  for (; done < values.size(); ++done) {
    const std::uint32_t series = series_of(context, values[done].first, done);
    if (series == kNoSeries) {
      ++counts_.invalid;
    } else if (full) {
      drop(series, step.value_or(0));
    } else {
      if (!group) group = &group_for(step, time_ms);
      append_value(*group, series, values[done].second);
    }
  }
  return (buffer_.bytes > options_.wake_bytes || full) && !std::exchange(woken_, true);
}

void Recorder::log(std::uint32_t context, std::optional<std::int64_t> step,
                   std::optional<std::int64_t> time_ms, std::span<const Value> values) noexcept {
  std::size_t done = 0;
  try {
    bool wake = false;
    {
      const std::lock_guard guard(mutex_);
      wake = append_locked(context, step, time_ms, values, done);
    }
    if (wake) wake_();
  } catch (...) {
    // Out of memory: training goes on without the other values.
    const std::lock_guard guard(mutex_);
    counts_.invalid += values.size() - done;
  }
}

void Recorder::command(protocol::Kind kind, std::string payload) noexcept {
  try {
    const std::lock_guard guard(mutex_);
    // Twice the points' limit: a full queue of points must not cost the run its params and end.
    if (counts_.queued_bytes + payload.size() > 2 * options_.queue_bytes) {
      ++counts_.dropped_commands;
      ++buffer_.dropped_commands;
      return;
    }
    const std::size_t bytes = payload.size();
    buffer_.commands.push_back({buffer_.groups.size(), kind, std::move(payload)});
    counts_.queued_bytes += bytes;
    buffer_.bytes += bytes;
  } catch (...) {
    const std::lock_guard guard(mutex_);
    ++counts_.dropped_commands;
    ++buffer_.dropped_commands;
  }
}

Recorded Recorder::take(Recorded recycled) {
  recycled.groups.clear();
  recycled.series.clear();
  recycled.values.clear();
  recycled.commands.clear();
  recycled.new_series.clear();
  recycled.new_contexts.clear();
  recycled.dropped.clear();
  recycled.dropped_points = recycled.dropped_commands = recycled.bytes = 0;
  const std::lock_guard guard(mutex_);
  std::swap(recycled, buffer_);
  woken_ = false;
  for (; series_told_ < names_.size(); ++series_told_) {
    recycled.new_series.push_back({names_[series_told_], name_contexts_[series_told_]});
  }
  for (; contexts_told_ < contexts_.size(); ++contexts_told_) {
    recycled.new_contexts.push_back(contexts_[contexts_told_]);
  }
  return recycled;
}

void Recorder::spooled(std::uint64_t points, std::uint64_t bytes) {
  const std::lock_guard guard(mutex_);
  counts_.spooled += points;
  counts_.queued -= points;
  counts_.queued_bytes -= bytes;
}

RecorderCounts Recorder::counts() const {
  const std::lock_guard guard(mutex_);
  return counts_;
}

}  // namespace stepwell::client
