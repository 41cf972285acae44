#include "engine/tracking/search/table.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "engine/base/bytes.hpp"
#include "engine/tracking/row_keys.hpp"

namespace stepwell::tracking::search {
namespace {

Result<std::optional<RunRow>> read_row(const View& view, RunNumber run) {
  TRY(const auto row, view.rows().get(table::kRuns, key_of(run.value)));
  if (!row) return std::optional<RunRow>();
  TRY(auto decoded, RunRow::decode(*row));
  return std::optional(std::move(decoded));
}

double stored_as(double value) {
  constexpr double kGreatest = std::numeric_limits<double>::max();
  return std::isinf(value) ? std::copysign(kGreatest, value) : value;
}

double number_of(const store::SeriesSummary& summary, Aggregate aggregate) {
  switch (aggregate) {
    case Aggregate::kLatest:
      return summary.latest.value;
    case Aggregate::kMin:
      return summary.value_min;
    case Aggregate::kMax:
      return summary.value_max;
    case Aggregate::kFirst:
      return summary.first.value;
    case Aggregate::kCount:
      return static_cast<double>(summary.count);
  }
  return 0;
}

}  // namespace

Result<CellReader> CellReader::open(const View& view, const Subject& subject) {
  CellReader reader(view, subject);
  if (subject.key.empty() && !has_numbers(subject)) {
    reader.known_ = subject.field == Field::kUser || subject.field == Field::kRunName;
    return reader;
  }
  TRY(const auto list, view.rows().get(table::kKeys, key_of_name(subject.key)));
  const auto key = list ? find_name(*list, subject.key) : std::nullopt;
  reader.known_ = key.has_value();
  if (key) reader.key_.value = static_cast<std::uint32_t>(*key);
  return reader;
}

Result<std::optional<double>> CellReader::number(RunNumber run) const {
  // MLflow's view of a metric is the series without a context.
  TRY(const auto row, view_.rows().get(table::kSeries, key_of(run, key_, ContextId{0})));
  if (!row) return std::optional<double>();
  const SeriesNumber series{Decoder(*row).get<std::uint64_t>()};
  TRY(const auto summary, view_.snapshot().summary(run, series));
  if (summary.count == 0) return std::optional<double>();
  return std::optional(stored_as(number_of(summary, subject_.aggregate)));
}

Result<std::optional<std::string>> CellReader::text(RunNumber run) const {
  if (subject_.field == Field::kParam || subject_.field == Field::kTag) {
    const auto table = subject_.field == Field::kParam ? table::kParams : table::kTags;
    return view_.rows().get(table, key_of(run, key_));
  }
  TRY(auto row, read_row(view_, run));
  if (!row) return std::optional<std::string>();
  return std::optional(std::move(subject_.field == Field::kUser ? row->user : row->name));
}

Result<RunCells> Table::read_run(const View& view, RunNumber number) const {
  RunCells cells;
  cells.number = number;
  TRY(const auto row, read_row(view, number));
  if (!row || row->experiment != experiment_) return cells;
  cells.id = row->id;
  cells.start_ms = row->start_ms;
  cells.end_ms = is_end(row->status) ? row->end_ms : 0;
  cells.stage_since = row->stage.since;
  cells.status = row->status;
  cells.deleted = row->stage.deleted;
  cells.present = true;
  return cells;
}

Result<void> Table::build(const View& view) {
  std::vector<RunNumber> runs;
  TRY(view.rows().scan(table::kExperimentRuns, key_of(experiment_.value), {},
                       [&](std::string_view key, std::string_view) {
                         runs.push_back({Decoder(key.substr(8)).big<std::uint64_t>()});
                         return true;
                       }));
  return build_of(view, runs);
}

Result<void> Table::build_of(const View& view, const std::vector<RunNumber>& runs) {
  columns_.clear();
  runs_.clear();
  runs_.reserve(runs.size());
  empty_ = 0;
  for (const RunNumber run : runs) {
    TRY(auto cells, read_run(view, run));
    if (cells.present) runs_.push_back(cells);
  }
  as_of_ = view.snapshot().as_of();
  return ok();
}

Result<void> Table::refresh(const View& view, const std::vector<RunNumber>& changed) {
  for (const RunNumber run : changed) {
    TRY(const auto cells, read_run(view, run));
    if (const auto row = row_of(run)) {
      if (runs_[*row].present && !cells.present) ++empty_;
      runs_[*row] = cells;
    } else if (cells.present) {
      runs_.push_back(cells);  // Numbers rise, and it was created after all that are here.
    }
  }
  as_of_ = view.snapshot().as_of();
  return ok();
}

Result<void> Table::build_columns(const View& view, const std::vector<Subject>& subjects,
                                  std::uint64_t text_bytes_max) {
  for (const Subject& subject : subjects) {
    Column& column = columns_.insert_or_assign(subject, Column()).first->second;
    if (has_numbers(subject)) {
      column.numbers.resize(runs_.size());
    } else {
      column.texts.resize(runs_.size());
    }
  }
  std::vector<std::size_t> rows(runs_.size());
  std::iota(rows.begin(), rows.end(), 0);
  return read_cells(view, subjects, rows, text_bytes_max);
}

Result<void> Table::refresh_columns(const View& view, const std::vector<Subject>& subjects,
                                    const std::vector<RunNumber>& changed,
                                    std::uint64_t text_bytes_max) {
  std::vector<std::size_t> rows;
  for (const RunNumber run : changed) {
    if (const auto row = row_of(run)) rows.push_back(*row);
  }
  return read_cells(view, subjects, rows, text_bytes_max);
}

Result<void> Table::read_cells(const View& view, const std::vector<Subject>& subjects,
                               const std::vector<std::size_t>& rows, std::uint64_t text_bytes_max) {
  struct Target {
    CellReader reader;
    Column& column;
    bool is_number;
  };
  std::vector<Target> targets;
  for (const Subject& subject : subjects) {
    TRY(auto reader, CellReader::open(view, subject));
    targets.push_back({std::move(reader), columns_.at(subject), has_numbers(subject)});
  }
  // Run by run, since a view keeps what it read of the last one.
  for (const std::size_t row : rows) {
    for (const Target& target : targets) {
      Column& column = target.column;
      if (column.is_direct) continue;
      const bool has_value = runs_[row].present && target.reader.is_known();
      if (target.is_number) {
        std::optional<double> value;
        if (has_value) {
          TRY(value, target.reader.number(runs_[row].number));
        }
        column.numbers.set(row, value);
        continue;
      }
      std::optional<std::string> value;
      if (has_value) {
        TRY(value, target.reader.text(runs_[row].number));
      }
      column.texts.set(row, value);
      if (column.texts.bytes() <= text_bytes_max) continue;
      column.is_direct = true;
      column.texts = {};
    }
  }
  for (const Target& target : targets) target.column.as_of = view.snapshot().as_of();
  return ok();
}

void Table::drop_columns_but(const std::vector<Subject>& needed) {
  std::erase_if(columns_, [&](const auto& entry) {
    return std::find(needed.begin(), needed.end(), entry.first) == needed.end();
  });
}

const Column* Table::column(const Subject& subject) const {
  const auto found = columns_.find(subject);
  return found == columns_.end() ? nullptr : &found->second;
}

std::optional<std::size_t> Table::row_of(RunNumber run) const {
  const auto found = std::lower_bound(
      runs_.begin(), runs_.end(), run,
      [](const RunCells& cells, RunNumber number) { return cells.number < number; });
  if (found == runs_.end() || found->number != run) return std::nullopt;
  return static_cast<std::size_t>(found - runs_.begin());
}

std::uint64_t Table::bytes() const {
  std::uint64_t bytes = 256 + runs_.size() * sizeof(RunCells);
  for (const auto& [subject, column] : columns_) bytes += column.bytes() + subject.key.size();
  return bytes;
}

}  // namespace stepwell::tracking::search
