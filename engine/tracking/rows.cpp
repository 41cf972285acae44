#include "engine/tracking/rows.hpp"

#include "engine/base/bytes.hpp"

namespace stepwell::tracking {
namespace {

Error bad_row(std::string_view what, std::string_view row) {
  return fail(ErrorKind::kCorrupt, "index: {} row of {} bytes cannot be read", what, row.size());
}

void put_stage(Encoder& out, const Stage& stage) {
  out.put(static_cast<std::uint8_t>(stage.deleted)).put(stage.since.value).put(stage.since_ms);
}

Stage get_stage(Decoder& in) {
  Stage stage;
  stage.deleted = in.get<std::uint8_t>() != 0;
  stage.since.value = in.get<std::uint64_t>();
  stage.since_ms = in.get<std::int64_t>();
  return stage;
}

void put_hole(Encoder& out, const Hole& hole) {
  out.put(hole.from).put(hole.to).put(static_cast<std::uint8_t>(hole.rejected)).put(hole.verdict);
  out.text(hole.reason).put(hole.points).put(static_cast<std::uint32_t>(hole.series.size()));
  for (const LostSeriesRow& lost : hole.series) {
    out.text(lost.key).put(lost.first_step).put(lost.last_step).put(lost.points);
  }
}

Hole get_hole(Decoder& in) {
  Hole hole;
  hole.from = in.get<std::uint64_t>();
  hole.to = in.get<std::uint64_t>();
  hole.rejected = in.get<std::uint8_t>() != 0;
  hole.verdict = in.get<VerdictCode>();
  hole.reason = in.text();
  hole.points = in.get<std::uint64_t>();
  for (auto n = in.get<std::uint32_t>(); n > 0 && in.ok(); --n) {
    LostSeriesRow lost;
    lost.key = in.text();
    lost.first_step = in.get<std::int64_t>();
    lost.last_step = in.get<std::int64_t>();
    lost.points = in.get<std::uint64_t>();
    hole.series.push_back(std::move(lost));
  }
  return hole;
}

}  // namespace

std::string_view to_string(RunStatus status) {
  switch (status) {
    case RunStatus::kRunning:
      return "RUNNING";
    case RunStatus::kScheduled:
      return "SCHEDULED";
    case RunStatus::kFinished:
      return "FINISHED";
    case RunStatus::kFailed:
      return "FAILED";
    case RunStatus::kKilled:
      return "KILLED";
  }
  return "UNKNOWN";
}

std::string Counters::encode() const {
  return Encoder().put(experiment).put(run).put(series).put(key).put(context).take();
}

Result<Counters> Counters::decode(std::string_view row) {
  Decoder in(row);
  Counters counters;
  counters.experiment = in.get<std::uint64_t>();
  counters.run = in.get<std::uint64_t>();
  counters.series = in.get<std::uint64_t>();
  counters.key = in.get<std::uint32_t>();
  counters.context = in.get<std::uint32_t>();
  if (!in.done()) return bad_row("counters", row);
  return counters;
}

std::string ExperimentRow::encode() const {
  Encoder out;
  out.text(name).text(artifact_location).put(created_ms).put(updated_ms);
  put_stage(out, stage);
  return out.take();
}

Result<ExperimentRow> ExperimentRow::decode(std::string_view row) {
  Decoder in(row);
  ExperimentRow experiment;
  experiment.name = in.text();
  experiment.artifact_location = in.text();
  experiment.created_ms = in.get<std::int64_t>();
  experiment.updated_ms = in.get<std::int64_t>();
  experiment.stage = get_stage(in);
  if (!in.done()) return bad_row("experiment", row);
  return experiment;
}

std::string RunRow::encode() const {
  Encoder out;
  out.put(id.bytes).put(experiment.value).text(name).text(user).put(status);
  put_stage(out, stage);
  out.put(start_ms).put(end_ms).put(static_cast<std::uint8_t>(has_steps)).put(greatest_step);
  out.put(batches).put(duplicates).put(series).put(writers).put(episode).put(open_writers);
  out.put(ended_finished).put(ended_failed).put(ended_killed);
  return out.take();
}

Result<RunRow> RunRow::decode(std::string_view row) {
  Decoder in(row);
  RunRow run;
  run.id.bytes = in.get<std::array<std::uint8_t, 16>>();
  run.experiment.value = in.get<std::uint64_t>();
  run.name = in.text();
  run.user = in.text();
  run.status = in.get<RunStatus>();
  run.stage = get_stage(in);
  run.start_ms = in.get<std::int64_t>();
  run.end_ms = in.get<std::int64_t>();
  run.has_steps = in.get<std::uint8_t>() != 0;
  run.greatest_step = in.get<std::int64_t>();
  run.batches = in.get<std::uint64_t>();
  run.duplicates = in.get<std::uint64_t>();
  run.series = in.get<std::uint64_t>();
  run.writers = in.get<std::uint64_t>();
  run.episode = in.get<std::uint64_t>();
  run.open_writers = in.get<std::uint64_t>();
  run.ended_finished = in.get<std::uint64_t>();
  run.ended_failed = in.get<std::uint64_t>();
  run.ended_killed = in.get<std::uint64_t>();
  if (!in.done()) return bad_row("run", row);
  return run;
}

const Stage& stage_of(const RunRow& run, const ExperimentRow& experiment) {
  return run.stage.since >= experiment.stage.since ? run.stage : experiment.stage;
}

std::string WriterRow::encode() const {
  Encoder out;
  out.put(next).put(static_cast<std::uint32_t>(holes.size()));
  for (const Hole& hole : holes) put_hole(out, hole);
  out.put(closed_holes).put(closed_points).put(batches).put(duplicates).text(slot).put(episode);
  out.put(static_cast<std::uint8_t>(open)).put(status);
  return out.take();
}

Result<WriterRow> WriterRow::decode(std::string_view row) {
  Decoder in(row);
  WriterRow writer;
  writer.next = in.get<std::uint64_t>();
  for (auto n = in.get<std::uint32_t>(); n > 0 && in.ok(); --n)
    writer.holes.push_back(get_hole(in));
  writer.closed_holes = in.get<std::uint64_t>();
  writer.closed_points = in.get<std::uint64_t>();
  writer.batches = in.get<std::uint64_t>();
  writer.duplicates = in.get<std::uint64_t>();
  writer.slot = in.text();
  writer.episode = in.get<std::uint64_t>();
  writer.open = in.get<std::uint8_t>() != 0;
  writer.status = in.get<RunStatus>();
  if (!in.done()) return bad_row("writer", row);
  return writer;
}

}  // namespace stepwell::tracking
