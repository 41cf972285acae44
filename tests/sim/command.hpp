#pragma once

// A command as a test thinks of it: its meaning, from which both the frame for the server and the
// reference model's answer are made, independently of each other.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/ids.hpp"
#include "protocol/kinds.hpp"

namespace stepwell::sim {

using protocol::Kind;
using Texts = std::vector<std::pair<std::string, std::string>>;

struct Block {
  Texts series;                     // Key and canonical context.
  std::size_t points = 0;           // A series, or in all where key_index is used.
  std::vector<std::int64_t> steps;  // Empty: the server assigns them.
  std::vector<std::int64_t> times;  // Empty: the arrival time.
  std::vector<double> values;
  std::vector<std::uint32_t> key_index;
};

struct Command {
  Kind kind = Kind::kOpen;
  RunId run;
  WriterId writer;
  std::uint64_t sequence = 0;

  std::string experiment, run_name, slot, reason;
  std::int64_t time_ms = 0;                    // open: start; end: end.
  std::uint8_t status = 3;                     // end.
  Texts texts;                                 // open's tags, params, tags; delete_tag: one key.
  std::vector<Block> blocks;                   // batch.
  std::uint64_t from = 0, to = 0, points = 0;  // skip.
  bool deleted = false;                        // run_stage.
};

// The bytes that a client would send.
std::string frame_of(const Command& command);
// "batch 7 of writer 3f…": for messages.
std::string name_of(const Command& command);

}  // namespace stepwell::sim
