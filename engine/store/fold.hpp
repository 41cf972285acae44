#pragma once

// What the store and the domain say to each other. The store keeps numbered ordered tables of rows
// (bytes -> bytes) and series of points; the domain implements Fold and owns what they mean. The
// fold is deterministic: no clock, no randomness, no configuration, only the record and what is
// stored.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/points.hpp"
#include "engine/base/result.hpp"
#include "engine/wal/record.hpp"

namespace stepwell::store {

// Position in the list that Fold::tables() gives. Journals hold it: the list is only appended to.
struct TableNumber {
  std::uint8_t value = 0;
  auto operator<=>(const TableNumber&) const = default;
};

struct TableInfo {
  std::string name;
  // Keys begin with a run's number, big-endian: what lies under a retired run is freed.
  bool by_run = false;
  // The index' format that brought it: an older index has none.
  std::uint32_t since = 1;
};

// Longest key of a row.
inline constexpr std::size_t kRowKeyBytesMax = 500;

// Visits a row; false ends the scan.
using RowVisitor = std::function<bool(std::string_view key, std::string_view value)>;

// One consistent state of all tables.
class RowReader {
 public:
  virtual ~RowReader() = default;
  virtual Result<std::optional<std::string>> get(TableNumber table, std::string_view key) const = 0;
  // Rows whose key starts with `prefix` and is >= `from`, in the order of keys.
  virtual Result<void> scan(TableNumber table, std::string_view prefix, std::string_view from,
                            const RowVisitor& visit) const = 0;
};

// Points of one run as a record holds them: views over bytes that `memory` keeps alive.
struct PointBlock {
  Lsn lsn;
  RunNumber run;
  std::uint32_t points = 0;  // Matrix: of each series. Rows: in all.
  // Matrix: column i of `values` belongs to series[i]. Rows: point i to series[key_index[i]].
  std::shared_ptr<const std::vector<SeriesNumber>> series;
  std::span<const std::uint32_t> key_index;
  StepColumn steps;
  TimeColumn times;
  ValueColumn values;
  std::uint64_t bytes = 0;  // What it holds in memory, for the budget.
  std::shared_ptr<const void> memory;
};

class ApplyTransaction : public RowReader {
 public:
  virtual void put(TableNumber table, std::string_view key, std::string value) = 0;
  virtual void erase(TableNumber table, std::string_view key) = 0;
  // `memory` may be left empty: the record's own bytes are kept then.
  virtual void add_points(PointBlock block) = 0;
  // No reader will ask for this run's number again, and nothing is added to it from now on: its
  // points and what lies under it in tables by run are garbage, which the store frees in its time.
  virtual void retire(RunNumber run) = 0;
};

// What the fold said of a record. `code` is the domain's (0 = applied).
struct Verdict {
  std::uint8_t code = 0;
  std::uint64_t expected = 0;              // Next sequence of the writer's stream.
  std::optional<std::int64_t> first_step;  // First step that was assigned.
  std::string text;
};

class Fold {
 public:
  virtual ~Fold() = default;
  virtual std::vector<TableInfo> tables() const = 0;
  // An Error means that the state could not be read: the store is poisoned.
  virtual Result<Verdict> apply(ApplyTransaction& transaction, const wal::RecordView& record) = 0;
  // After the records of a group: writes the rows that apply() held back. Only then are they seen.
  virtual Result<void> end_group(ApplyTransaction& transaction) = 0;
};

}  // namespace stepwell::store
