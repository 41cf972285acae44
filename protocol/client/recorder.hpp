#pragma once

// Where log() leaves its values: a bounded buffer in memory between the trainer's threads and the
// client's background thread. Appending takes one short lock that is never held across I/O; when
// the buffer is full the points are counted as dropped, by series and steps, and nothing waits.

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/base/clock.hpp"
#include "protocol/kinds.hpp"

namespace stepwell::client {

using Value = std::pair<std::string_view, double>;

// Values of one log() call, or of several at the same step. Columns lie in Recorded.
struct Group {
  std::int64_t step = 0;
  std::int64_t time_ms = 0;
  std::uint32_t first = 0;
  std::uint32_t count = 0;
  bool server_step = false;
  bool time_given = false;
};

// A frame other than a batch, between the groups before and after it.
struct RecordedCommand {
  std::size_t after_groups = 0;
  protocol::Kind kind{};
  std::string payload;
};

struct DroppedSeries {
  std::uint64_t points = 0;
  std::int64_t first_step = 0;
  std::int64_t last_step = 0;
};

struct SeriesName {
  std::string key;
  std::uint32_t context = 0;
};

// What the background thread takes at a time.
struct Recorded {
  std::vector<Group> groups;
  std::vector<std::uint32_t> series;
  std::vector<double> values;
  std::vector<RecordedCommand> commands;
  std::vector<SeriesName> new_series;  // Those that appeared since the last take, in order.
  std::vector<std::string> new_contexts;
  std::unordered_map<std::uint32_t, DroppedSeries> dropped;
  std::uint64_t dropped_points = 0;
  std::uint64_t dropped_commands = 0;
  std::uint64_t bytes = 0;

  bool empty() const {
    return groups.empty() && commands.empty() && dropped_points == 0 && dropped_commands == 0;
  }
};

struct RecorderCounts {
  std::uint64_t accepted = 0;  // Points with a valid key: spooled + dropped + queued.
  std::uint64_t spooled = 0;
  std::uint64_t dropped = 0;
  std::uint64_t queued = 0;
  std::uint64_t invalid = 0;  // Points whose key breaks a rule: never accepted.
  std::uint64_t dropped_commands = 0;
  std::uint64_t queued_bytes = 0;
};

class Recorder {
 public:
  struct Options {
    std::size_t queue_bytes = 64 << 20;
    std::size_t wake_bytes = 1 << 20;
  };
  // `wake` is called, outside the lock, when more than wake_bytes are waiting; once until the next
  // take.
  Recorder(Options options, const Clock& clock, std::function<void()> wake);

  // A canonical context as a number for log(). 0 is the first one added.
  std::uint32_t add_context(std::string canonical);

  // Any thread. No step: the server assigns it. No time: now, shared by the calls of one step.
  void log(std::uint32_t context, std::optional<std::int64_t> step,
           std::optional<std::int64_t> time_ms, std::span<const Value> values) noexcept;
  void command(protocol::Kind kind, std::string payload) noexcept;

  // Everything recorded so far. `recycled` gives its memory back.
  Recorded take(Recorded recycled);
  // What was taken lies in the spool now.
  void spooled(std::uint64_t points, std::uint64_t bytes);

  RecorderCounts counts() const;

  // For fork: nobody is inside while these are held.
  void lock() { mutex_.lock(); }
  void unlock() { mutex_.unlock(); }

 private:
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  using KeyMap = std::unordered_map<std::string, std::uint32_t, TextHash, std::equal_to<>>;

  static constexpr std::uint32_t kNoSeries = 0xFFFFFFFF;
  std::uint32_t series_of(std::uint32_t context, std::string_view key, std::size_t at);
  Group& group_for(std::optional<std::int64_t> step, std::optional<std::int64_t> time_ms);
  bool append_locked(std::uint32_t context, std::optional<std::int64_t> step,
                     std::optional<std::int64_t> time_ms, std::span<const Value> values,
                     std::size_t& done);
  void append_value(Group& group, std::uint32_t series, double value);
  void drop(std::uint32_t series, std::int64_t step);

  const Options options_;
  const Clock& clock_;
  const std::function<void()> wake_;

  // Where memory runs out, what is below is as it was before the value that found none.
  mutable std::mutex mutex_;
  Recorded buffer_;
  std::vector<KeyMap> keys_;        // Per context.
  std::vector<std::string> names_;  // Of all series.
  std::vector<std::uint32_t> name_contexts_;
  std::size_t contexts_told_ = 0;
  std::vector<std::string> contexts_;
  std::size_t series_told_ = 0;
  std::vector<std::uint32_t> last_call_;  // The same keys come again, in the same order.
  RecorderCounts counts_;
  bool woken_ = false;
};

}  // namespace stepwell::client
