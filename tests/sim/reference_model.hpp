#pragma once

// What DESIGN's section 3 says of runs, writers and points, written down a second time, plainly and
// in memory, without a line of the engine's: no log, no index, no caches, sequences one by one.
// What the server answers and what it holds is compared with it.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "tests/sim/command.hpp"

namespace stepwell::sim {

// A point's place in the total order: step, time, the value's rank, its bits.
using ModelPoint = std::tuple<std::int64_t, std::int64_t, double, std::uint64_t>;
ModelPoint model_point(std::int64_t step, std::int64_t time_ms, double value);

struct ModelVerdict {
  protocol::VerdictCode code = protocol::VerdictCode::kApplied;
  std::uint64_t expected = 0;
  std::optional<std::int64_t> first_step;
};

class ReferenceModel {
 public:
  ModelVerdict apply(const Command& command, std::int64_t arrival_ms);

  // Everything that a reader can see, one fact a line; the same form as state_text() gives.
  std::string text() const;
  // Next sequence that a writer must send.
  std::uint64_t expected(const RunId& run, const WriterId& writer) const;

 private:
  // An end says 3 to 5; 0 is open, 1 is superseded by a later writer of its slot.
  struct Writer {
    std::uint64_t next = 1;
    std::map<std::uint64_t, std::optional<protocol::VerdictCode>> holes;  // Nothing: skipped.
    std::uint64_t batches = 0, duplicates = 0;
    std::string slot;
    std::uint8_t ended = 0;
  };
  struct Run {
    std::string experiment, name;
    std::map<std::string, std::string> params, tags;
    std::map<std::pair<std::string, std::string>, std::set<ModelPoint>> series;
    std::map<WriterId, Writer> writers;
    std::map<std::string, WriterId> slots;
    std::uint8_t status = 1;
    bool deleted = false;
    std::int64_t start_ms = 0, end_ms = 0;
    std::optional<std::int64_t> greatest_step;
    std::uint64_t batches = 0, duplicates = 0;
  };

  ModelVerdict open(const Command& command);
  ModelVerdict without_writer(const Command& command);
  ModelVerdict skip(Run& run, Writer& writer, const Command& command);
  ModelVerdict decide(Run& run, Writer& writer, const Command& command, std::int64_t arrival_ms);
  static std::optional<std::int64_t> batch(Run& run, const Command& command,
                                           std::int64_t arrival_ms);
  static bool params(Run& run, const Command& command);
  static void tags(Run& run, const Texts& texts);
  static void end(Run& run, Writer& writer, const Command& command);
  static std::string text_of(const RunId& id, const Run& run);

  std::map<RunId, Run> runs_;
  std::set<RunId> purged_;
};

}  // namespace stepwell::sim
