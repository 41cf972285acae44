#pragma once

// A seeded life of a few runs with several writers each, as a list of commands in the order in
// which a server gets them: opens, batches of every shape (late and repeated points,
// server-assigned steps, extreme values), params that agree and that conflict, tags set, changed
// and removed, ends, writers that take over a slot, skips and copies that fill them, gaps, runs
// that are purged and followed by others, and every kind sent again.

#include <vector>

#include "engine/base/clock.hpp"
#include "tests/sim/command.hpp"

namespace stepwell::sim {

struct ScriptOptions {
  std::size_t commands = 120;
  std::size_t runs = 3;
  std::size_t writers = 3;  // A run.
  std::size_t keys = 12;
  std::size_t points_max = 24;  // A series and block; a rare batch has fifty times as many.
  bool repeats = true;          // Sends some again, and some too early.
};

std::vector<Command> make_script(std::uint64_t seed, const ScriptOptions& options);

// The same without repeats and gaps, as one list a writer: what a client has, in its order. Nothing
// that another writer's command decides (a param's value, a tag) is in two of them, so that every
// interleaving ends in one state.
std::vector<std::vector<Command>> make_streams(std::uint64_t seed, const ScriptOptions& options);

// Ordinary values, and all that are special.
double some_value(SeededRandom& random);
Block some_block(SeededRandom& random, const ScriptOptions& options, const std::string& context);

}  // namespace stepwell::sim
