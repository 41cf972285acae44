#include "engine/tracking/fold.hpp"

#include <limits>

#include "engine/tracking/apply.hpp"
#include "engine/tracking/stream.hpp"
#include "protocol/batch.hpp"
#include "protocol/limits.hpp"
#include "protocol/messages.hpp"
#include "protocol/text.hpp"

namespace stepwell::tracking {
namespace {

using protocol::Kind;

store::Verdict verdict(VerdictCode code, std::uint64_t expected, std::string text = {}) {
  return {static_cast<std::uint8_t>(code), expected, std::nullopt, std::move(text)};
}

// The verdict on what names a run that was purged, whatever it is.
Result<std::optional<store::Verdict>> gone(const Step& step) {
  TRY(const bool purged, State::was_purged(step.rows, step.frame.header.run));
  if (!purged) return std::optional<store::Verdict>();
  const std::string id = step.frame.header.run.hex();
  return std::optional(verdict(VerdictCode::kGone, 0,
                               is_rest(step) ? fmt::format("Run with id={} not found", id)
                                             : fmt::format("run {} was purged", id)));
}

Result<Outcome> apply_kind(Step& step) {
  switch (step.frame.header.kind) {
    case Kind::kOpen:
      return apply_open(step);
    case Kind::kBatch:
      return apply_batch(step);
    case Kind::kParams:
      return apply_params(step);
    case Kind::kTags:
      return apply_tags(step);
    case Kind::kEnd:
      return apply_end(step);
    default:
      return Outcome(refuse(VerdictCode::kUnsupported, "this kind is not known"));
  }
}

// Points that a refused frame would have brought, for the loss account.
std::uint64_t points_in(const protocol::FrameView& frame) {
  if (frame.header.kind != Kind::kBatch) return 0;
  const auto batch = protocol::BatchView::parse(frame.payload());
  return batch ? batch.value().points() : 0;
}

void count_duplicate(Step& step) {
  ++step.run->row.duplicates;
  ++step.writer->row.duplicates;
  step.run->changed = step.writer->changed = true;
}

Result<store::Verdict> apply_skip(Step& step) {
  auto decoded = protocol::decode<wire::SkipT>(step.frame.payload());
  WriterRow& writer = step.writer->row;
  if (!decoded) return verdict(VerdictCode::kInvalid, writer.next, decoded.error().text);
  wire::SkipT& skip = decoded.value();
  constexpr auto kSequenceMax =
      static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (skip.from == 0 || skip.from > skip.to || skip.to > kSequenceMax ||
      skip.series.size() > protocol::kLostSeriesMax ||
      skip.reason.size() > protocol::kReasonBytesMax || !protocol::is_utf8(skip.reason)) {
    return verdict(VerdictCode::kInvalid, writer.next,
                   fmt::format("skip of [{}, {}] is not well-formed", skip.from, skip.to));
  }
  for (const auto& lost : skip.series) {
    if (auto checked = protocol::check_key("lost series", lost->key); !checked) {
      return verdict(VerdictCode::kInvalid, writer.next, checked.error().text);
    }
  }
  if (skip.from > writer.next) {
    return verdict(VerdictCode::kGap, writer.next,
                   fmt::format("skip from {}, expected at most {}", skip.from, writer.next));
  }
  Hole hole{skip.from, skip.to, false, VerdictCode::kApplied, skip.reason, skip.points, {}};
  for (const auto& lost : skip.series) {
    hole.series.push_back({lost->key, lost->first_step, lost->last_step, lost->points});
  }
  if (!mark_skipped(writer, std::move(hole))) {
    count_duplicate(step);
    return verdict(VerdictCode::kDuplicate, writer.next);
  }
  step.writer->changed = true;
  return verdict(VerdictCode::kApplied, writer.next);
}

// The door's word that it refused this frame for good.
Outcome refused_by_door(const Step& step) {
  auto refused = protocol::decode<wire::RefusedT>(step.frame.payload());
  if (!refused) return refuse_invalid(refused.error());
  const auto code = static_cast<VerdictCode>(refused.value().verdict);
  return refuse(protocol::is_reject(code) ? code : VerdictCode::kDamaged, refused.value().reason);
}

Result<store::Verdict> apply_at_place(Step& step, std::uint64_t sequence) {
  WriterRow& writer = step.writer->row;
  const Placed placed = place_of(writer, sequence);
  switch (placed.place) {
    case Place::kGap:
      return verdict(VerdictCode::kGap, writer.next,
                     fmt::format("sequence {} came, {} is expected", sequence, writer.next));
    case Place::kDuplicate:
      count_duplicate(step);
      return verdict(VerdictCode::kDuplicate, writer.next);
    case Place::kRejected:
      count_duplicate(step);
      return verdict(placed.hole->verdict, writer.next, placed.hole->reason);
    case Place::kNext:
    case Place::kFillsHole:
      break;
  }
  Outcome outcome;
  if (step.frame.header.kind == Kind::kRefused) {
    outcome = refused_by_door(step);
  } else {
    TRY(outcome, apply_kind(step));
  }
  step.writer->changed = true;
  if (auto* refusal = std::get_if<Refusal>(&outcome)) {
    mark_rejected(writer, sequence, refusal->code, refusal->text, points_in(step.frame));
    return verdict(refusal->code, writer.next, std::move(refusal->text));
  }
  const auto& applied = std::get<Applied>(outcome);
  mark_applied(writer, sequence, applied.points);
  auto done = verdict(VerdictCode::kApplied, writer.next);
  done.first_step = applied.first_step;
  return done;
}

Result<store::Verdict> apply_stream(Step& step) {
  const protocol::FrameHeader& header = step.frame.header;
  if (header.sequence == 0 && header.kind != Kind::kSkip) {
    return verdict(VerdictCode::kInvalid, 0, "sequence 0 is in no writer's stream");
  }
  TRY(step.run, step.state.find_run(step.rows, header.run));
  if (step.run) {
    TRY(step.writer, step.state.find_writer(step.rows, *step.run, header.writer));
  }
  if (step.writer) {
    if (header.kind == Kind::kSkip) return apply_skip(step);
    return apply_at_place(step, header.sequence);
  }
  if (!step.run) {
    TRY(auto no_more, gone(step));
    if (no_more) return std::move(*no_more);
  }
  // An unknown run or writer expects 1, and 1 is open.
  if (header.sequence != 1 || header.kind == Kind::kSkip) {
    return verdict(VerdictCode::kGap, 1,
                   fmt::format("sequence {} of an unknown writer, 1 is expected", header.sequence));
  }
  if (header.kind != Kind::kOpen) {
    return verdict(VerdictCode::kGap, 1,
                   fmt::format("sequence 1 is {}, expected open", to_string(header.kind)));
  }
  TRY(auto outcome, apply_open(step));
  if (auto* refusal = std::get_if<Refusal>(&outcome)) {
    return verdict(refusal->code, 1, std::move(refusal->text));
  }
  mark_applied(step.writer->row, 1, 0);
  return verdict(VerdictCode::kApplied, step.writer->row.next);
}

// The REST door hides a deleted run from all that would change it but a restore; frames of writers
// are stored, since a restore expects them.
Result<bool> is_hidden_from(const Step& step) {
  if (step.record.envelope.door != wal::Door::kRest || !step.run) return false;
  const Kind kind = step.frame.header.kind;
  const bool changes_run =
      kind == Kind::kUpdateRun || kind == Kind::kDeleteTag || kind == Kind::kLogBatch;
  if (protocol::is_command_kind(kind) && !changes_run) return false;
  TRY(const auto experiment, step.state.find_experiment(step.rows, step.run->row.experiment));
  return experiment && is_deleted(step.run->row, *experiment);
}

bool needs_run(Kind kind) {
  return !protocol::is_command_kind(kind) || kind == Kind::kUpdateRun || kind == Kind::kRunStage ||
         kind == Kind::kDeleteTag || kind == Kind::kPurgeRun || kind == Kind::kLogBatch;
}

Result<store::Verdict> apply_writerless(Step& step) {
  const protocol::FrameHeader& header = step.frame.header;
  TRY(step.run, step.state.find_run(step.rows, header.run));
  if (!step.run && (needs_run(header.kind) || header.kind == Kind::kCreateRun)) {
    TRY(auto no_more, gone(step));
    if (no_more) return std::move(*no_more);
    if (needs_run(header.kind)) {
      const std::string id = header.run.hex();
      return verdict(VerdictCode::kNotFound, 0,
                     is_rest(step) ? fmt::format("Run with id={} not found", id)
                                   : fmt::format("run {} does not exist", id));
    }
  }
  Outcome outcome;
  TRY(const bool hidden, is_hidden_from(step));
  if (hidden) {
    outcome = refuse(VerdictCode::kInvalid,
                     fmt::format("The run {} must be in the 'active' state. Current state is "
                                 "deleted.",
                                 step.run->row.id.hex()));
  } else if (protocol::is_command_kind(header.kind)) {
    TRY(outcome, apply_command(step));
  } else {
    TRY(outcome, apply_kind(step));
  }
  if (auto* refusal = std::get_if<Refusal>(&outcome)) {
    return verdict(refusal->code, 0, std::move(refusal->text));
  }
  auto done = verdict(VerdictCode::kApplied, 0);
  done.first_step = std::get<Applied>(outcome).first_step;
  return done;
}

}  // namespace

std::vector<store::TableInfo> Fold::tables() const {
  return tracking::tables();
}

Result<store::Verdict> Fold::apply(store::ApplyTransaction& transaction,
                                   const wal::RecordView& record) {
  last_ = record.lsn;
  const auto header = protocol::read_header(record.payload);
  if (!header || header.value().frame_bytes() > record.payload.size()) {
    return verdict(VerdictCode::kDamaged, 0, "the record does not hold a frame");
  }
  const protocol::FrameView frame{header.value(),
                                  record.payload.first(header.value().frame_bytes())};
  Step step{state_, transaction, record, frame};
  const bool has_writer = !frame.header.writer.is_zero();
  return has_writer && protocol::is_stream_kind(frame.header.kind) ? apply_stream(step)
                                                                   : apply_writerless(step);
}

Result<void> Fold::end_group(store::ApplyTransaction& transaction) {
  TRY(state_.write_back(transaction));
  changes_.note(state_.take_changed(), last_);
  return ok();
}

}  // namespace stepwell::tracking
