// A writer's stream against a model that remembers every sequence for itself.

#include "engine/tracking/stream.hpp"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include <map>

#include "engine/base/clock.hpp"
#include "protocol/limits.hpp"

namespace stepwell::tracking {
namespace {

// What became of one sequence.
struct Fate {
  enum Kind { kApplied, kSkipped, kRejected, kClosed } kind = kApplied;
  VerdictCode verdict = VerdictCode::kApplied;
  bool operator==(const Fate&) const = default;
};

class Model {
 public:
  std::uint64_t next() const { return next_; }
  const Fate* fate(std::uint64_t sequence) const {
    const auto known = fates_.find(sequence);
    return known == fates_.end() ? nullptr : &known->second;
  }
  void decide(std::uint64_t sequence, Fate fate) {
    fates_[sequence] = fate;
    next_ = std::max(next_, sequence + 1);
    close_oldest();
  }
  void skip(std::uint64_t to) {
    for (; next_ <= to; ++next_) fates_[next_] = {Fate::kSkipped, VerdictCode::kApplied};
    close_oldest();
  }
  std::uint64_t closed() const { return closed_; }
  // [from, to] of every run of equal holes.
  std::string holes() const {
    std::string shown;
    for (const auto& [from, to] : ranges()) {
      const Fate& fate = fates_.at(from);
      shown += fmt::format("[{},{}]{}{} ", from, to, fate.kind == Fate::kRejected ? "r" : "s",
                           static_cast<int>(fate.verdict));
    }
    return shown;
  }

 private:
  std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges() const {
    std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;
    for (const auto& [sequence, fate] : fates_) {
      if (fate.kind == Fate::kApplied || fate.kind == Fate::kClosed) continue;
      const bool goes_on = !ranges.empty() && ranges.back().second + 1 == sequence &&
                           fates_.at(ranges.back().second) == fate;
      if (goes_on) {
        ranges.back().second = sequence;
      } else {
        ranges.emplace_back(sequence, sequence);
      }
    }
    return ranges;
  }
  void close_oldest() {
    auto all = ranges();
    if (all.size() <= protocol::kHolesMax) return;
    for (std::uint64_t i = all[0].first; i <= all[0].second; ++i) {
      fates_[i].kind = Fate::kClosed;
      ++closed_;
    }
    close_oldest();
  }
  std::map<std::uint64_t, Fate> fates_;
  std::uint64_t next_ = 1;
  std::uint64_t closed_ = 0;
};

std::string holes_of(const WriterRow& writer) {
  std::string shown;
  for (const Hole& hole : writer.holes) {
    shown += fmt::format("[{},{}]{}{} ", hole.from, hole.to, hole.rejected ? "r" : "s",
                         static_cast<int>(hole.verdict));
  }
  return shown;
}

void expect_same_place(const WriterRow& writer, const Model& model, std::uint64_t sequence) {
  const Placed placed = place_of(writer, sequence);
  const Fate* fate = model.fate(sequence);
  Place expected = Place::kDuplicate;
  if (sequence == model.next()) expected = Place::kNext;
  if (sequence > model.next()) expected = Place::kGap;
  if (fate && fate->kind == Fate::kSkipped) expected = Place::kFillsHole;
  if (fate && fate->kind == Fate::kRejected) expected = Place::kRejected;
  ASSERT_EQ(placed.place, expected) << "sequence " << sequence << ", next " << model.next();
  if (expected == Place::kRejected) {
    ASSERT_EQ(placed.hole->verdict, fate->verdict);
  }
}

TEST(StreamTest, AgreesWithAModelThatRemembersEverySequence) {
  constexpr int kStreams = 100, kOperations = 1000;
  for (std::uint64_t seed = 1; seed <= kStreams; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    SeededRandom random(seed);
    WriterRow writer;
    Model model;
    const std::uint64_t fill_one_in = 1 + random.below(8);  // Some streams are full of holes.
    for (int i = 0; i < kOperations; ++i) {
      std::uint64_t sequence = model.next();
      if (random.one_in(fill_one_in)) sequence -= std::min(sequence - 1, random.below(40));
      ASSERT_NO_FATAL_FAILURE(expect_same_place(writer, model, sequence));
      ASSERT_NO_FATAL_FAILURE(expect_same_place(writer, model, model.next() + 1 + random.below(3)));
      const Place place = place_of(writer, sequence).place;
      if (random.one_in(4)) {
        Hole hole;
        hole.from = 1 + random.below(model.next());
        hole.to = hole.from + random.below(8);
        const std::uint64_t to = hole.to;
        ASSERT_EQ(mark_skipped(writer, hole), to >= model.next());
        model.skip(to);
      } else if (place == Place::kNext || place == Place::kFillsHole) {
        if (random.one_in(3)) {
          const auto verdict = random.one_in(2) ? VerdictCode::kInvalid : VerdictCode::kConflict;
          mark_rejected(writer, sequence, verdict, "no", 1);
          // Filling and rejecting are two steps: the first may cut a hole in two and close one.
          if (place == Place::kFillsHole) model.decide(sequence, {Fate::kApplied, {}});
          model.decide(sequence, {Fate::kRejected, verdict});
        } else {
          mark_applied(writer, sequence, 1);
          model.decide(sequence, {Fate::kApplied, {}});
        }
      }
      ASSERT_EQ(writer.next, model.next());
      ASSERT_LE(writer.holes.size(), protocol::kHolesMax);
      ASSERT_EQ(writer.closed_holes, model.closed());
      if (i % 16 == 0) {
        ASSERT_EQ(holes_of(writer), model.holes()) << "operation " << i;
      }
    }
    const auto decoded = WriterRow::decode(writer.encode());
    ASSERT_TRUE(decoded.has_value());
    EXPECT_EQ(decoded.value().encode(), writer.encode());
    EXPECT_EQ(holes_of(decoded.value()), model.holes());
  }
}

TEST(StreamTest, ALongReasonIsCut) {
  WriterRow writer;
  mark_rejected(writer, 1, VerdictCode::kInvalid, std::string(10'000, 'x'), 0);
  EXPECT_EQ(writer.holes[0].reason.size(), protocol::kReasonBytesMax);
}

}  // namespace
}  // namespace stepwell::tracking
