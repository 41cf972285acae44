#include "tests/sim/reference_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>

namespace stepwell::sim {

using protocol::VerdictCode;

ModelPoint model_point(std::int64_t step, std::int64_t time_ms, double value) {
  const double rank = std::isnan(value) || value == 0 ? 0.0 : value;
  return {step, time_ms, rank, std::bit_cast<std::uint64_t>(value)};
}

ModelVerdict ReferenceModel::apply(const Command& command, std::int64_t arrival_ms) {
  if (purged_.contains(command.run)) return {VerdictCode::kGone, 0, {}};
  if (command.writer.is_zero()) return without_writer(command);
  const auto run = runs_.find(command.run);
  if (run != runs_.end()) {
    const auto writer = run->second.writers.find(command.writer);
    if (writer != run->second.writers.end()) {
      if (command.kind == Kind::kSkip) return skip(run->second, writer->second, command);
      return decide(run->second, writer->second, command, arrival_ms);
    }
  }
  if (command.kind != Kind::kOpen || command.sequence != 1) return {VerdictCode::kGap, 1, {}};
  return open(command);
}

ModelVerdict ReferenceModel::without_writer(const Command& command) {
  const auto run = runs_.find(command.run);
  if (run == runs_.end()) return {VerdictCode::kNotFound, 0, {}};
  if (command.kind == Kind::kPurgeRun) {
    if (!run->second.deleted) return {VerdictCode::kInvalid, 0, {}};
    purged_.insert(command.run);
    runs_.erase(run);
    return {VerdictCode::kApplied, 0, {}};
  }
  if (command.kind == Kind::kRunStage) run->second.deleted = command.deleted;
  if (command.kind == Kind::kDeleteTag &&
      run->second.tags.erase(command.texts.front().first) == 0) {
    return {VerdictCode::kNotFound, 0, {}};
  }
  return {VerdictCode::kApplied, 0, {}};
}

ModelVerdict ReferenceModel::open(const Command& command) {
  const bool joins = runs_.contains(command.run);
  Run& run = runs_[command.run];
  if (!joins) {
    run.experiment = command.experiment;
    run.start_ms = command.time_ms;
  }
  run.status = 1;
  if (run.name.empty() && !command.run_name.empty()) {
    tags(run, {{"mlflow.runName", command.run_name}});
  }
  run.start_ms = std::min(run.start_ms, command.time_ms);
  if (!command.slot.empty()) {
    const auto holder = run.slots.find(command.slot);
    if (holder != run.slots.end()) run.writers[holder->second].ended = 1;
    run.slots[command.slot] = command.writer;
  }
  Writer writer;
  writer.next = 2;
  writer.slot = command.slot;
  run.writers[command.writer] = writer;
  tags(run, command.texts);
  return {VerdictCode::kApplied, 2, {}};
}

ModelVerdict ReferenceModel::skip(Run& run, Writer& writer, const Command& command) {
  if (command.from > writer.next) return {VerdictCode::kGap, writer.next, {}};
  if (command.to < writer.next) {
    ++run.duplicates;
    ++writer.duplicates;
    return {VerdictCode::kDuplicate, writer.next, {}};
  }
  for (; writer.next <= command.to; ++writer.next) writer.holes[writer.next] = std::nullopt;
  return {VerdictCode::kApplied, writer.next, {}};
}

ModelVerdict ReferenceModel::decide(Run& run, Writer& writer, const Command& command,
                                    std::int64_t arrival_ms) {
  if (command.sequence > writer.next) return {VerdictCode::kGap, writer.next, {}};
  const auto hole = writer.holes.find(command.sequence);
  const bool decided = command.sequence < writer.next;
  if (decided && (hole == writer.holes.end() || hole->second)) {
    ++run.duplicates;
    ++writer.duplicates;
    const auto code = hole == writer.holes.end() ? VerdictCode::kDuplicate : *hole->second;
    return {code, writer.next, {}};
  }
  if (decided) writer.holes.erase(hole);
  if (!decided) ++writer.next;
  ModelVerdict verdict{VerdictCode::kApplied, writer.next, {}};
  if (command.kind == Kind::kParams && !params(run, command)) {
    verdict.code = VerdictCode::kConflict;
    writer.holes[command.sequence] = verdict.code;
  } else if (command.kind == Kind::kBatch) {
    verdict.first_step = batch(run, command, arrival_ms);
    ++writer.batches;
  } else if (command.kind == Kind::kTags) {
    tags(run, command.texts);
  } else if (command.kind == Kind::kEnd) {
    end(run, writer, command);
  }
  return verdict;
}

std::optional<std::int64_t> ReferenceModel::batch(Run& run, const Command& command,
                                                  std::int64_t arrival_ms) {
  std::optional<std::int64_t> first;
  for (const Block& block : command.blocks) {
    std::vector<std::int64_t> steps = block.steps;
    if (steps.empty()) {
      const std::int64_t next = run.greatest_step ? *run.greatest_step + 1 : 0;
      if (!first) first = next;
      for (std::size_t i = 0; i < block.points; ++i) {
        steps.push_back(next + static_cast<std::int64_t>(i));
      }
    }
    const bool rows = !block.key_index.empty();
    for (std::size_t at = 0; at < block.values.size(); ++at) {
      const std::size_t row = at % block.points;
      const std::size_t series = rows ? block.key_index[row] : at / block.points;
      const std::int64_t time = block.times.empty() ? arrival_ms : block.times[row];
      run.series[block.series[series]].insert(model_point(steps[row], time, block.values[at]));
    }
    const std::int64_t greatest = *std::max_element(steps.begin(), steps.end());
    run.greatest_step = std::max(run.greatest_step.value_or(greatest), greatest);
  }
  ++run.batches;
  return first;
}

bool ReferenceModel::params(Run& run, const Command& command) {
  std::map<std::string, std::string> after = run.params;
  for (const auto& [key, value] : command.texts) {
    if (after.emplace(key, value).first->second != value) return false;
  }
  run.params = std::move(after);
  return true;
}

void ReferenceModel::tags(Run& run, const Texts& texts) {
  for (const auto& [key, value] : texts) {
    run.tags[key] = value;
    if (key == "mlflow.runName") run.name = value;
  }
}

void ReferenceModel::end(Run& run, Writer& writer, const Command& command) {
  if (writer.ended != 0) return;
  writer.ended = command.status;
  run.end_ms = std::max(run.end_ms, command.time_ms);
  bool open = false, failed = false, killed = false;
  for (const auto& [id, other] : run.writers) {
    open = open || other.ended == 0;
    failed = failed || other.ended == 4;
    killed = killed || other.ended == 5;
  }
  if (!open) run.status = failed ? 4 : killed ? 5 : 3;
}

std::uint64_t ReferenceModel::expected(const RunId& run, const WriterId& writer) const {
  const auto known = runs_.find(run);
  if (known == runs_.end()) return 1;
  const auto stream = known->second.writers.find(writer);
  return stream == known->second.writers.end() ? 1 : stream->second.next;
}

std::string ReferenceModel::text() const {
  std::string text;
  for (const auto& [id, run] : runs_) text += text_of(id, run);
  return text;
}

std::string ReferenceModel::text_of(const RunId& id, const Run& run) {
  std::string text = fmt::format(
      "run {} experiment {} name '{}' status {} deleted {} start {} end {} batches {} "
      "duplicates {} writers {}\n",
      id.hex(), run.experiment, run.name, run.status, run.deleted, run.start_ms,
      run.status >= 3 ? run.end_ms : 0, run.batches, run.duplicates, run.writers.size());
  for (const auto& [key, value] : run.params) text += fmt::format("  param {} = {}\n", key, value);
  for (const auto& [key, value] : run.tags) text += fmt::format("  tag {} = {}\n", key, value);
  for (const auto& [writer_id, writer] : run.writers) {
    text += fmt::format("  writer {} next {} batches {} duplicates {} slot '{}' open {}\n",
                        writer_id.hex(), writer.next, writer.batches, writer.duplicates,
                        writer.slot, writer.ended == 0);
    for (const auto& [sequence, verdict] : writer.holes) {
      text += fmt::format("    hole {} {}\n", sequence,
                          verdict ? protocol::to_string(*verdict) : "skipped");
    }
  }
  for (const auto& [name, points] : run.series) {
    text += fmt::format("  series {} {} count {}\n", name.first, name.second, points.size());
    for (const auto& [step, time, rank, bits] : points) {
      text += fmt::format("    {} {} {:016x}\n", step, time, bits);
    }
  }
  return text;
}

}  // namespace stepwell::sim
