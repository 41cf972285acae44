#include "engine/tracking/view.hpp"

#include <algorithm>
#include <tuple>

#include "engine/base/bytes.hpp"
#include "engine/tracking/row_keys.hpp"
#include "protocol/context.hpp"

namespace stepwell::tracking {
namespace {

constexpr std::uint32_t kPageDefault = 1000;
constexpr std::uint32_t kPageMax = 10'000;

std::size_t page_size(std::uint32_t limit) {
  return limit == 0 ? kPageDefault : std::min(limit, kPageMax);
}

bool shown(wire::ViewStage stage, bool deleted) {
  return stage == wire::ViewStage::All || deleted == (stage == wire::ViewStage::Deleted);
}

template <typename Texts>
std::vector<std::unique_ptr<wire::TextT>> to_texts(const Texts& pairs) {
  std::vector<std::unique_ptr<wire::TextT>> out;
  for (const auto& [key, value] : pairs) {
    out.push_back(std::make_unique<wire::TextT>());
    out.back()->key = key;
    out.back()->value = value;
  }
  return out;
}

std::unique_ptr<wire::LossT> to_loss(const WriterId& writer, const Hole& hole) {
  auto loss = std::make_unique<wire::LossT>();
  loss->writer = std::make_unique<wire::Id>(protocol::to_wire(writer));
  loss->from = hole.from;
  loss->to = hole.to;
  loss->rejected = hole.rejected;
  loss->verdict = static_cast<std::uint8_t>(hole.verdict);
  loss->reason = hole.reason;
  loss->points = hole.points;
  for (const LostSeriesRow& row : hole.series) {
    auto series = std::make_unique<wire::LostSeriesT>();
    series->key = row.key;
    series->first_step = row.first_step;
    series->last_step = row.last_step;
    series->points = row.points;
    loss->series.push_back(std::move(series));
  }
  return loss;
}

std::unique_ptr<wire::WriterInfoT> to_info(const WriterId& id, const WriterRow& row,
                                           const RunRow& run) {
  auto info = std::make_unique<wire::WriterInfoT>();
  info->writer = std::make_unique<wire::Id>(protocol::to_wire(id));
  info->next = row.next;
  info->batches = row.batches;
  info->duplicates = row.duplicates;
  info->closed_holes = row.closed_holes;
  info->slot = row.slot;
  info->open = row.is_open_in(run);
  return info;
}

// Scans and turns a failed visit into the scan's own error.
template <typename Visit>
Result<void> scan(const store::RowReader& rows, TableNumber table, std::string_view prefix,
                  std::string_view from, const Visit& visit) {
  Result<bool> last = true;
  TRY(rows.scan(table, prefix, from, [&](std::string_view key, std::string_view value) {
    last = visit(key, value);
    return last && last.value();
  }));
  if (!last) return last.error();
  return ok();
}

}  // namespace

Result<std::string> View::key_name(KeyId key) const {
  TRY(auto name, rows().get(table::kKeyNames, Encoder().big(key.value).take()));
  if (!name) return fail(ErrorKind::kCorrupt, "index: key {} has no name", key.value);
  return std::move(*name);
}

Result<std::optional<ExperimentRow>> View::experiment(ExperimentId id) const {
  TRY(const auto row, rows().get(table::kExperiments, key_of(id.value)));
  if (!row) return std::optional<ExperimentRow>();
  TRY(auto decoded, ExperimentRow::decode(*row));
  return std::optional(std::move(decoded));
}

Result<std::vector<std::pair<std::string, std::string>>> View::texts(TableNumber table,
                                                                     std::uint64_t owner) const {
  std::vector<std::pair<std::string, std::string>> pairs;
  TRY(scan(rows(), table, key_of(owner), {},
           [&](std::string_view key, std::string_view value) -> Result<bool> {
             Decoder in(key.substr(8));
             TRY(auto name, key_name(KeyId{in.big<std::uint32_t>()}));
             pairs.emplace_back(std::move(name), value);
             return true;
           }));
  std::sort(pairs.begin(), pairs.end());
  return pairs;
}

Result<wire::ExperimentsT> View::list_experiments(const wire::ListExperimentsT& question) const {
  wire::ExperimentsT answer;
  const std::size_t limit = page_size(question.limit);
  TRY(scan(rows(), table::kExperiments, {}, key_of(question.after),
           [&](std::string_view key, std::string_view value) -> Result<bool> {
             Decoder in(key);
             const auto id = in.big<std::uint64_t>();
             TRY(const auto row, ExperimentRow::decode(value));
             if (!shown(question.stage, row.stage.deleted)) return true;
             if (answer.experiments.size() == limit) {
               answer.next = id;
               return false;
             }
             auto info = std::make_unique<wire::ExperimentInfoT>();
             info->id = id;
             info->name = row.name;
             info->deleted = row.stage.deleted;
             info->artifact_location = row.artifact_location;
             info->created_ms = row.created_ms;
             info->updated_ms = row.updated_ms;
             info->deleted_ms = row.stage.deleted_ms();
             TRY(rows().scan(table::kExperimentRuns, key_of(id), {}, [&](auto, auto) {
               ++info->runs;
               return true;
             }));
             TRY(const auto tags, texts(table::kExperimentTags, id));
             info->tags = to_texts(tags);
             answer.experiments.push_back(std::move(info));
             return true;
           }));
  return answer;
}

Result<wire::RunInfoT> View::run_info(RunNumber number, const RunRow& row) const {
  TRY(const auto owner, experiment(row.experiment));
  if (!owner) return fail(ErrorKind::kCorrupt, "index: run {} has no experiment", row.id.hex());
  wire::RunInfoT info;
  info.run = std::make_unique<wire::Id>(protocol::to_wire(row.id));
  info.number = number.value;
  info.experiment = row.experiment.value;
  info.experiment_name = owner->name;
  info.name = row.name;
  info.user = row.user;
  info.status = static_cast<wire::RunStatus>(row.status);
  info.deleted = is_deleted(row, *owner);
  info.deleted_ms = stage_of(row, *owner).deleted_ms();
  info.start_ms = row.start_ms;
  info.end_ms = is_end(row.status) ? row.end_ms : 0;
  info.batches = row.batches;
  info.duplicates = row.duplicates;
  info.writers = row.writers;
  info.series = row.series;
  return info;
}

Result<wire::RunsT> View::list_runs(const wire::ListRunsT& question) const {
  wire::RunsT answer;
  const std::size_t limit = page_size(question.limit);
  const auto add = [&](RunNumber number, std::string_view value) -> Result<bool> {
    TRY(const auto row, RunRow::decode(value));
    TRY(auto info, run_info(number, row));
    if (!shown(question.stage, info.deleted)) return true;
    if (answer.runs.size() == limit) {
      answer.next = number.value;
      return false;
    }
    answer.runs.push_back(std::make_unique<wire::RunInfoT>(std::move(info)));
    return true;
  };
  if (question.experiment == std::numeric_limits<std::uint64_t>::max()) {
    TRY(scan(rows(), table::kRuns, {}, key_of(question.after),
             [&](std::string_view key, std::string_view value) -> Result<bool> {
               return add(RunNumber{Decoder(key).big<std::uint64_t>()}, value);
             }));
    return answer;
  }
  TRY(scan(rows(), table::kExperimentRuns, key_of(question.experiment),
           key_of(question.experiment, question.after),
           [&](std::string_view key, std::string_view) -> Result<bool> {
             const RunNumber number{Decoder(key.substr(8)).big<std::uint64_t>()};
             TRY(const auto row, rows().get(table::kRuns, key_of(number.value)));
             if (!row)
               return fail(ErrorKind::kCorrupt, "index: run number {} has no row", number.value);
             return add(number, *row);
           }));
  return answer;
}

Result<std::optional<RunNumber>> View::find_run(const RunId& id) const {
  TRY(const auto number, rows().get(table::kRunIds, key_of(id)));
  if (!number) return std::optional<RunNumber>();
  return std::optional(RunNumber{Decoder(*number).big<std::uint64_t>()});
}

Result<std::vector<SeriesName>> View::series_of(RunNumber run) const {
  std::vector<SeriesName> series;
  TRY(scan(rows(), table::kSeries, key_of(run.value), {},
           [&](std::string_view key, std::string_view value) -> Result<bool> {
             Decoder in(key.substr(8));
             const KeyId key_id{in.big<std::uint32_t>()};
             const ContextId context{in.big<std::uint32_t>()};
             SeriesName name;
             TRY(name.key, key_name(key_id));
             if (context.value != 0) {
               TRY(auto row, rows().get(table::kContextNames, Encoder().big(context.value).take()));
               if (!row)
                 return fail(ErrorKind::kCorrupt, "index: context {} has no name", context.value);
               name.context = std::move(*row);
             }
             name.number.value = Decoder(value).get<std::uint64_t>();
             series.push_back(std::move(name));
             return true;
           }));
  std::sort(series.begin(), series.end(), [](const SeriesName& a, const SeriesName& b) {
    return std::tie(a.key, a.context) < std::tie(b.key, b.context);
  });
  return series;
}

Result<std::vector<std::pair<WriterId, WriterRow>>> View::writers_of(RunNumber run) const {
  std::vector<std::pair<WriterId, WriterRow>> writers;
  TRY(scan(rows(), table::kWriters, key_of(run.value), {},
           [&](std::string_view key, std::string_view value) -> Result<bool> {
             WriterId id;
             if (key.size() != 24) return fail(ErrorKind::kCorrupt, "index: writer's key is cut");
             std::memcpy(id.bytes.data(), key.data() + 8, 16);
             TRY(auto row, WriterRow::decode(value));
             writers.emplace_back(id, std::move(row));
             return true;
           }));
  return writers;
}

Result<std::optional<wire::RunDataT>> View::run(const RunId& id) const {
  TRY(const auto number, find_run(id));
  if (!number) return std::optional<wire::RunDataT>();
  TRY(const auto row, rows().get(table::kRuns, key_of(number->value)));
  if (!row) return fail(ErrorKind::kCorrupt, "index: run {} has an id but no row", id.hex());
  TRY(const auto decoded, RunRow::decode(*row));
  wire::RunDataT data;
  TRY(auto info, run_info(*number, decoded));
  data.info = std::make_unique<wire::RunInfoT>(std::move(info));
  TRY(const auto params, texts(table::kParams, number->value));
  data.params = to_texts(params);
  TRY(const auto tags, texts(table::kTags, number->value));
  data.tags = to_texts(tags);
  TRY(const auto series, series_of(*number));
  for (const SeriesName& name : series) {
    TRY(const auto summary, snapshot_.summary(*number, name.number));
    auto metric = std::make_unique<wire::LatestMetricT>();
    metric->key = name.key;
    metric->context = protocol::show_context(name.context);
    metric->step = summary.latest.step;
    metric->timestamp_ms = summary.latest.timestamp_ms;
    metric->value_bits = summary.latest.bits();
    metric->count = summary.count;
    data.metrics.push_back(std::move(metric));
  }
  TRY(const auto writers, writers_of(*number));
  for (const auto& [writer, writer_row] : writers) {
    for (const Hole& hole : writer_row.holes) data.losses.push_back(to_loss(writer, hole));
    data.writers.push_back(to_info(writer, writer_row, decoded));
  }
  return std::optional(std::move(data));
}

Result<wire::PositionsT> View::positions(const wire::PositionsT& question) const {
  wire::PositionsT answer;
  for (const wire::Position& asked : question.positions) {
    std::uint64_t next = 1;
    TRY(const auto run, find_run(protocol::from_wire<RunId>(asked.run())));
    if (run) {
      const auto key = key_of(*run, protocol::from_wire<WriterId>(asked.writer()));
      TRY(const auto row, rows().get(table::kWriters, key));
      if (row) {
        TRY(const auto writer, WriterRow::decode(*row));
        next = writer.next;
        for (const Hole& hole : writer.holes) {
          if (hole.rejected) continue;
          answer.skipped.emplace_back(asked.run(), asked.writer(), hole.from, hole.to);
        }
      }
    }
    answer.positions.emplace_back(asked.run(), asked.writer(), next);
  }
  return answer;
}

}  // namespace stepwell::tracking
