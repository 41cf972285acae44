#pragma once

// The account: what the workers wrote to their own journals against what the server streams back.
// Bit for bit, each distinct point once, in the one order that everybody reads points in.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engine/base/points.hpp"
#include "examples/digits/journal.hpp"

namespace digits {

struct SeriesName {
  std::string key;
  std::string context;  // "rank=1"; empty for the empty context.
  auto operator<=>(const SeriesName&) const = default;
};

using Points = std::vector<stepwell::Point>;
// As logged: in any order, possibly more than once. As stored: in the store's order.
using AllPoints = std::map<SeriesName, Points>;

void add_points(const Journal& journal, AllPoints& to);

struct Account {
  std::uint64_t series = 0;
  std::uint64_t sent = 0;          // Distinct points in the journals.
  std::uint64_t stored = 0;        // Points in the store.
  std::uint64_t missing = 0;       // Sent, not stored.
  std::uint64_t foreign = 0;       // Stored, never sent.
  std::uint64_t repeated = 0;      // Stored more than once.
  std::uint64_t out_of_order = 0;  // Stored before a point that is less.
  std::string first_fault;         // Names a series and a step; empty if there is none.

  bool holds() const {
    return sent == stored && missing == 0 && foreign == 0 && repeated == 0 && out_of_order == 0;
  }
};

Account balance(const AllPoints& sent, const AllPoints& stored);

}  // namespace digits
