#pragma once

// The runs of one experiment as rows, and columns of what was asked of them before. Derived from
// views, never durable. A table and each of its columns say as of which LSN they are exact;
// bringing one up to date means reading again the runs that changed since. Rows are in the order of
// run numbers and keep their places; the row of a purged run stays empty. Guarded by its owner
// (cache.hpp).

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/tracking/changes.hpp"
#include "engine/tracking/search/cells.hpp"
#include "engine/tracking/search/filter.hpp"
#include "engine/tracking/view.hpp"

namespace stepwell::tracking::search {

struct RunCells {
  RunNumber number;
  RunId id;
  std::int64_t start_ms = 0;
  std::int64_t end_ms = 0;  // 0: none.
  Lsn stage_since;
  RunStatus status = RunStatus::kRunning;
  bool deleted = false;  // By itself; its experiment's later word counts more.
  bool present = false;
};

// Whether a subject has a column, or is told by RunCells and the experiment.
constexpr bool has_column(Field field) {
  return field == Field::kMetric || field == Field::kParam || field == Field::kTag ||
         field == Field::kUser || field == Field::kRunName;
}
constexpr bool has_numbers(const Subject& subject) {
  return subject.field == Field::kMetric;
}

// Reads single cells from a view.
class CellReader {
 public:
  static Result<CellReader> open(const View& view, const Subject& subject);
  // Whether any run can have a value.
  bool is_known() const { return known_; }
  // Infinities as MLflow stores them: the greatest doubles.
  Result<std::optional<double>> number(RunNumber run) const;
  Result<std::optional<std::string>> text(RunNumber run) const;

 private:
  CellReader(const View& view, Subject subject) : view_(view), subject_(std::move(subject)) {}
  const View& view_;
  Subject subject_;
  KeyId key_;
  bool known_ = true;
};

struct Column {
  Lsn as_of;
  // Its texts take more than was allowed: they are read from the view each time.
  bool is_direct = false;
  NumberCells numbers;
  TextCells texts;
  std::uint64_t bytes() const { return 256 + numbers.bytes() + texts.bytes(); }
};

class Table {
 public:
  explicit Table(ExperimentId experiment) : experiment_(experiment) {}

  // All of the experiment's runs, as of the view; columns are dropped.
  Result<void> build(const View& view);
  // Those of `runs` that the view has.
  Result<void> build_of(const View& view, const std::vector<RunNumber>& runs);
  // Reads `changed` again; exact as of the view if they are all that changed since as_of().
  Result<void> refresh(const View& view, const std::vector<RunNumber>& changed);
  // The same for columns; those of `refresh_columns` are there. Each one's texts may take
  // `text_bytes_max`. After an Error the table is of no use.
  Result<void> build_columns(const View& view, const std::vector<Subject>& subjects,
                             std::uint64_t text_bytes_max);
  Result<void> refresh_columns(const View& view, const std::vector<Subject>& subjects,
                               const std::vector<RunNumber>& changed, std::uint64_t text_bytes_max);
  void drop_columns_but(const std::vector<Subject>& needed);

  ExperimentId experiment() const { return experiment_; }
  Lsn as_of() const { return as_of_; }
  const std::vector<RunCells>& runs() const { return runs_; }
  // Null: there is none. Owned by the table.
  const Column* column(const Subject& subject) const;
  std::optional<std::size_t> row_of(RunNumber run) const;
  // More rows are empty than not: a new build is cheaper to search.
  bool is_sparse() const { return empty_ > runs_.size() / 2 + 1024; }
  std::uint64_t bytes() const;

 private:
  Result<RunCells> read_run(const View& view, RunNumber number) const;
  Result<void> read_cells(const View& view, const std::vector<Subject>& subjects,
                          const std::vector<std::size_t>& rows, std::uint64_t text_bytes_max);

  ExperimentId experiment_;
  Lsn as_of_;
  std::vector<RunCells> runs_;
  std::size_t empty_ = 0;
  std::map<Subject, Column> columns_;
};

}  // namespace stepwell::tracking::search
