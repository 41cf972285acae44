#pragma once

// The proof for steps that the server assigned: they are 0, 1, 2 … without gap or double; each
// batch took as many in a row as it has points, once; each writer's batches lie in its own order;
// and the first steps that acks told are the ones that are stored.

#include <map>
#include <string>
#include <vector>

#include "engine/base/points.hpp"
#include "tools/load/journal.hpp"
#include "tools/load/profile.hpp"

namespace stepwell::tools {

struct StepsWriter {
  std::uint64_t stream = 0;
  std::uint64_t next = 1;                  // In the store.
  const StreamJournal* journal = nullptr;  // Null: it never opened.
};

// What is wrong, in words; at most one fault of a kind. `series`: points by key, in their order.
std::vector<std::string> prove_assigned_steps(
    Profile& profile, const std::vector<StepsWriter>& writers,
    const std::map<std::string, std::vector<Point>>& series);

}  // namespace stepwell::tools
