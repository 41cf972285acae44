#include "engine/tracking/stream.hpp"

#include <algorithm>

#include "engine/base/assert.hpp"
#include "protocol/limits.hpp"

namespace stepwell::tracking {
namespace {

std::vector<Hole>::iterator find_hole(WriterRow& writer, std::uint64_t sequence) {
  const auto at =
      std::ranges::find_if(writer.holes, [&](const Hole& hole) { return sequence <= hole.to; });
  return at != writer.holes.end() && at->from <= sequence ? at : writer.holes.end();
}

bool joins(const Hole& left, const Hole& right) {
  return left.to + 1 == right.from && left.rejected == right.rejected &&
         left.verdict == right.verdict;
}

void join_into(Hole& left, Hole& right) {
  left.to = right.to;
  left.points += right.points;
  for (LostSeriesRow& lost : right.series) {
    const auto known = std::ranges::find(left.series, lost.key, &LostSeriesRow::key);
    if (known != left.series.end()) {
      known->first_step = std::min(known->first_step, lost.first_step);
      known->last_step = std::max(known->last_step, lost.last_step);
      known->points += lost.points;
    } else if (left.series.size() < protocol::kLostSeriesMax) {
      left.series.push_back(std::move(lost));
    }
  }
}

void add_hole(WriterRow& writer, Hole hole) {
  auto at =
      std::ranges::find_if(writer.holes, [&](const Hole& other) { return hole.to < other.from; });
  at = writer.holes.insert(at, std::move(hole));
  if (const auto next = std::next(at); next != writer.holes.end() && joins(*at, *next)) {
    join_into(*at, *next);
    writer.holes.erase(next);
  }
  if (at != writer.holes.begin() && joins(*std::prev(at), *at)) {
    join_into(*std::prev(at), *at);
    writer.holes.erase(at);
  }
  if (writer.holes.size() <= protocol::kHolesMax) return;
  // The oldest is closed: it stays in the account, and later copies of it are duplicates.
  const Hole& oldest = writer.holes.front();
  writer.closed_holes += oldest.to - oldest.from + 1;
  writer.closed_points += oldest.points;
  writer.holes.erase(writer.holes.begin());
}

// Takes one sequence out of a skipped hole.
void take_out(WriterRow& writer, std::uint64_t sequence, std::uint64_t points) {
  const auto at = find_hole(writer, sequence);
  STEPWELL_ASSERT(at != writer.holes.end() && !at->rejected);
  at->points -= std::min(at->points, points);
  if (at->from == at->to) {
    writer.holes.erase(at);
  } else if (sequence == at->from) {
    ++at->from;
  } else if (sequence == at->to) {
    --at->to;
  } else {
    // The account of a hole that is cut in two stays with its first part.
    Hole rest = *at;
    rest.from = sequence + 1;
    rest.points = 0;
    rest.series.clear();
    at->to = sequence - 1;
    add_hole(writer, std::move(rest));
  }
}

}  // namespace

Placed place_of(const WriterRow& writer, std::uint64_t sequence) {
  if (sequence == writer.next) return {Place::kNext};
  if (sequence > writer.next) return {Place::kGap};
  const auto at = find_hole(const_cast<WriterRow&>(writer), sequence);
  if (at == writer.holes.end()) return {Place::kDuplicate};
  return {at->rejected ? Place::kRejected : Place::kFillsHole, &*at};
}

void mark_applied(WriterRow& writer, std::uint64_t sequence, std::uint64_t points) {
  if (sequence == writer.next) {
    ++writer.next;
  } else {
    take_out(writer, sequence, points);
  }
}

void mark_rejected(WriterRow& writer, std::uint64_t sequence, VerdictCode verdict,
                   std::string reason, std::uint64_t points) {
  mark_applied(writer, sequence, points);
  reason.resize(std::min(reason.size(), protocol::kReasonBytesMax));
  add_hole(writer, {sequence, sequence, true, verdict, std::move(reason), points, {}});
}

bool mark_skipped(WriterRow& writer, Hole hole) {
  STEPWELL_ASSERT(hole.from <= writer.next);
  if (hole.to < writer.next) return false;
  hole.from = writer.next;
  hole.rejected = false;
  hole.verdict = VerdictCode::kApplied;
  writer.next = hole.to + 1;
  add_hole(writer, std::move(hole));
  return true;
}

}  // namespace stepwell::tracking
