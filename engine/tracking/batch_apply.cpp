// Metric batches. The hot path: nothing here touches points one by one, except a step column that
// is not regular, whose greatest step the run must know.

#include <algorithm>
#include <limits>

#include "engine/tracking/apply.hpp"
#include "protocol/batch.hpp"

namespace stepwell::tracking {
namespace {

using protocol::BlockView;
using protocol::StepSource;
using protocol::TimeSource;

std::int64_t greatest_step(const BlockView& block) {
  if (!block.steps.column) return std::max(block.steps[0], block.steps[block.points - 1]);
  return *std::max_element(block.steps.column, block.steps.column + block.points);
}

// Gives the blocks that leave their steps out the run's next ones. Nothing: they would overflow.
struct Assigned {
  std::optional<std::int64_t> first;
  bool has_steps;
  std::int64_t greatest;
};
std::optional<Assigned> assign_steps(const RunRow& run, std::vector<BlockView>& blocks) {
  constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
  Assigned assigned{std::nullopt, run.has_steps, run.greatest_step};
  for (BlockView& block : blocks) {
    if (block.step_source == StepSource::kServer) {
      if (assigned.has_steps && assigned.greatest == kMax) return std::nullopt;
      const std::int64_t next = assigned.has_steps ? assigned.greatest + 1 : 0;
      if (next > kMax - (std::int64_t{block.points} - 1)) return std::nullopt;
      block.steps = {nullptr, next, 1};
      if (!assigned.first) assigned.first = next;
    }
    const std::int64_t greatest = greatest_step(block);
    assigned.greatest = assigned.has_steps ? std::max(assigned.greatest, greatest) : greatest;
    assigned.has_steps = true;
  }
  return assigned;
}

}  // namespace

Result<std::variant<PlannedBatch, Refusal>> plan_batch(Step& step, protocol::BatchView batch) {
  using Planned = std::variant<PlannedBatch, Refusal>;
  TRY(auto broken, step.state.check_keys(step.rows, *step.run, batch));
  if (broken) return Planned(std::move(*broken));
  const RunRow& run = step.run->row;
  const auto assigned = assign_steps(run, batch.blocks);
  if (!assigned) {
    return Planned(
        refuse(VerdictCode::kInvalid,
               fmt::format("the run's next step after {} overflows", run.greatest_step)));
  }
  return Planned(PlannedBatch{std::move(batch), assigned->first, assigned->greatest});
}

Result<Applied> apply_planned(Step& step, const PlannedBatch& planned) {
  RunState& run = *step.run;
  std::uint64_t bytes = step.frame.bytes.size();
  for (const BlockView& block : planned.batch.blocks) {
    store::PointBlock points;
    points.run = run.number;
    points.points = block.points;
    TRY(points.series, step.state.resolve(step.rows, run, block.keys));
    points.key_index = block.key_index;
    points.steps = block.steps;
    points.times = block.times;
    if (block.time_source == TimeSource::kArrival) {
      points.times = {nullptr, nullptr, step.record.envelope.arrival_ms};
    }
    points.values = block.values;
    points.bytes = std::exchange(bytes, 0);  // The frame is kept once, whatever its blocks.
    step.rows.add_points(std::move(points));
  }
  run.row.has_steps = true;
  run.row.greatest_step = planned.greatest_step;
  ++run.row.batches;
  run.changed = true;
  if (step.writer) ++step.writer->row.batches;
  return Applied{planned.first_step, planned.batch.points()};
}

Result<Outcome> apply_batch(Step& step) {
  auto parsed = protocol::BatchView::parse(step.frame.payload());
  if (!parsed) return Outcome(refuse_invalid(parsed.error()));
  TRY(auto planned, plan_batch(step, std::move(parsed.value())));
  if (auto* refusal = std::get_if<Refusal>(&planned)) return Outcome(std::move(*refusal));
  TRY(const Applied applied, apply_planned(step, std::get<PlannedBatch>(planned)));
  return Outcome(applied);
}

}  // namespace stepwell::tracking
