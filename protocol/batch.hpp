#pragma once

// A metric batch read in place: views over the payload, valid while it is. parse() checks
// everything about the shape (lengths, forms, overflow), so that the columns can be indexed
// blindly. The rules for keys and contexts are check_keys()'s: a door asks it once, and a cache of
// known key lists need not ask again.

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "engine/base/bytes.hpp"
#include "engine/base/points.hpp"
#include "engine/base/result.hpp"

namespace stepwell::protocol {

// The series of a block, in order, as they lie in the frame.
struct KeyList {
  std::uint32_t count = 0;
  std::string_view keys;
  std::string_view contexts;
  std::span<const std::uint16_t> key_contexts;

  // XXH3-64 over all three parts.
  std::uint64_t hash() const;
  bool operator==(const KeyList& other) const;
  // Calls back with every (key, canonical context) in order.
  void for_each(const std::function<void(std::string_view, std::string_view)>& visit) const;
};

enum class StepSource { kWriter, kServer };
enum class TimeSource { kWriter, kArrival };

struct BlockView {
  std::uint32_t points = 0;  // A matrix: points of each series. Rows: all points.
  KeyList keys;
  std::span<const std::uint32_t> key_index;  // Rows only; every index is below keys.count.
  StepSource step_source = StepSource::kWriter;
  TimeSource time_source = TimeSource::kWriter;
  StepColumn steps;
  TimeColumn times;
  ValueColumn values;

  bool is_rows() const { return !key_index.empty(); }
  std::uint64_t values_count() const {
    return is_rows() ? points : std::uint64_t{points} * keys.count;
  }
};

struct BatchView {
  std::vector<BlockView> blocks;

  // kInvalid names the block and the rule. `payload` is 8-aligned.
  static Result<BatchView> parse(Bytes payload);
  std::uint64_t points() const;
};

// kInvalid names the key or context that breaks a rule.
Result<void> check_keys(const KeyList& keys);

}  // namespace stepwell::protocol
