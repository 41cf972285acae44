#pragma once

// Builds the payload of a metric batch. Columns are written in the narrowest form that gives back
// the same bits: steps as base + stride, timestamps as base + u32, values as float32.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.hpp"

namespace stepwell::protocol {

// A key and its value, of a param or a tag.
struct TextView {
  std::string_view key;
  std::string_view value;
};

// A list of series, encoded once and used by many blocks.
class KeyListBuilder {
 public:
  // `context` in canonical form (context.hpp). kInvalid: a rule for keys or contexts is broken.
  Result<std::uint32_t> add(std::string_view key, std::string_view context = {});
  std::uint32_t count() const { return count_; }

 private:
  friend class BatchBuilder;
  std::string keys_;
  std::string contexts_;
  std::vector<std::string> known_contexts_;
  std::vector<std::uint16_t> key_contexts_;
  std::uint32_t count_ = 0;
};

struct Columns {
  std::span<const std::int64_t> steps;       // Empty: the server assigns them.
  std::span<const std::int64_t> times;       // Empty: the arrival time.
  std::span<const double> values;            // Matrix: series after series. Rows: one a point.
  std::span<const std::uint32_t> key_index;  // Rows only.
};

class BatchBuilder {
 public:
  BatchBuilder();
  ~BatchBuilder();

  // Only the widest forms: for tests of readers, and to measure what narrowing costs.
  void use_wide_columns() { narrow_ = false; }

  // `points` points a series (matrix), or in all (rows). Column lengths must fit; asserted.
  void add_block(const KeyListBuilder& keys, std::size_t points, const Columns& columns);
  std::size_t blocks() const;
  // The payload, unpadded. Leaves the builder empty.
  std::string finish();
  // The payload of a log_batch (log_batch.hpp) with these blocks, none of which is needed.
  std::string finish_log_batch(const std::vector<TextView>& params,
                               const std::vector<TextView>& tags, bool single);

 private:
  struct State;
  std::unique_ptr<State> state_;
  bool narrow_ = true;
};

}  // namespace stepwell::protocol
