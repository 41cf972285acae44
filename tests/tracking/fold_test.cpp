// A writer's stream as the fold takes it: sequences, rejects, what the door refused.

#include "engine/tracking/fold.hpp"

#include "tests/tracking/tracking_fixture.hpp"

namespace stepwell::tracking {
namespace {

class FoldTest : public TrackingTest {};
INTERRUPTED(FoldTest);

TEST_P(FoldTest, AStreamBeginsWithOpenAndGoesOnWithoutAGap) {
  EXPECT_EQ(it.send(tags_frame({1, 1, 2}, {{"a", "1"}})), gap(1)) << "unknown run";
  EXPECT_EQ(it.send(tags_frame({1, 1, 1}, {{"a", "1"}})), gap(1)) << "sequence 1 is open";
  EXPECT_EQ(it.send(end_frame({1, 1, 1})), gap(1));
  EXPECT_EQ(it.send(skip_frame({1, 1}, 1, 5)), gap(1)) << "nothing to skip in an unknown stream";
  EXPECT_EQ(it.send(refused_frame({1, 1, 1}, VerdictCode::kDamaged, "open was cut")), gap(1));
  EXPECT_FALSE(it.has_run(1));

  EXPECT_EQ(it.send(open_frame({1, 1, 1})), applied(2));
  in_the_middle();
  EXPECT_EQ(it.send(tags_frame({1, 1, 3}, {{"a", "3"}})), gap(2));
  EXPECT_EQ(it.send(tags_frame({1, 1, 2}, {{"a", "2"}})), applied(3));
  EXPECT_EQ(it.send(tags_frame({1, 1, 3}, {{"a", "3"}})), applied(4));
  EXPECT_EQ(it.send(tags_frame({1, 2, 2}, {{"a", "9"}})), gap(1))
      << "unknown writer of a known run";
  EXPECT_EQ(it.tags(1), (Texts{{"a", "3"}}));
  EXPECT_EQ(it.next_of(1, 1), 4u);
  EXPECT_EQ(it.next_of(1, 2), 1u);
  EXPECT_EQ(it.next_of(7, 1), 1u);
}

TEST_P(FoldTest, WhatWasAppliedIsAcknowledgedAgainAndNotAppliedAgain) {
  it.send(open_frame({1, 1, 1}, {.tags = {{"t", "open"}}}));
  const std::string early = tags_frame({1, 1, 2}, {{"t", "early"}});
  EXPECT_EQ(it.send(early), applied(3));
  EXPECT_EQ(it.send(tags_frame({1, 1, 3}, {{"t", "late"}})), applied(4));
  EXPECT_EQ(it.send(batch_frame({1, 1, 4}, {BlockSpec{.values = {1, 2}}})), applied(5));
  EXPECT_EQ(it.last.first_step, 0);
  in_the_middle();
  const std::string digest = it.digest();
  EXPECT_EQ(it.send(early), duplicate(5));
  EXPECT_EQ(it.send(open_frame({1, 1, 1}, {.tags = {{"t", "open"}}})), duplicate(5));
  EXPECT_EQ(it.send(batch_frame({1, 1, 4}, {BlockSpec{.values = {1, 2}}})), duplicate(5));
  EXPECT_EQ(it.last.first_step, std::nullopt) << "a duplicate's ack carries no first step";
  EXPECT_EQ(it.tags(1), (Texts{{"t", "late"}}));
  EXPECT_EQ(it.points(1, "loss").size(), 2u);
  EXPECT_EQ(it.run(1).info->batches, 1u);
  EXPECT_EQ(it.run(1).info->duplicates, 3u);
  EXPECT_EQ(it.digest(), digest);
}

TEST_P(FoldTest, ARejectConsumesItsSequenceAndIsRememberedWithItsVerdict) {
  it.send(open_frame({1, 1, 1}));
  EXPECT_EQ(it.send(params_frame({1, 1, 2}, {{"lr", "1"}})), applied(3));
  const std::string conflict = params_frame({1, 1, 3}, {{"lr", "2"}});
  EXPECT_EQ(it.send(conflict), (Said{VerdictCode::kConflict, 4}));
  const std::string text = it.last.text;
  EXPECT_EQ(it.send(poison_frame({1, 1, 4})), (Said{VerdictCode::kInvalid, 5}));
  EXPECT_EQ(it.send(tags_frame({1, 1, 5}, {{"after", "yes"}})), applied(6)) << "the stream goes on";
  in_the_middle();
  EXPECT_EQ(it.send(conflict), (Said{VerdictCode::kConflict, 6}));
  EXPECT_EQ(it.last.text, text) << "a resend gets its verdict again";
  EXPECT_EQ(it.send(poison_frame({1, 1, 4})), (Said{VerdictCode::kInvalid, 6}));
  EXPECT_EQ(it.send(tags_frame({1, 1, 4}, {{"sound", "copy"}})), (Said{VerdictCode::kInvalid, 6}))
      << "what was rejected is never filled";
  const auto run = it.run(1);
  ASSERT_EQ(run.losses.size(), 2u) << "two verdicts, so they do not join";
  EXPECT_TRUE(run.losses[0]->rejected);
  EXPECT_EQ(run.losses[0]->verdict, static_cast<std::uint8_t>(VerdictCode::kConflict));
  EXPECT_EQ(run.losses[1]->from, 4u);
  EXPECT_EQ(run.losses[1]->points, 2u) << "what the poison frame would have brought";
}

TEST_P(FoldTest, ARejectedOpenConsumesNothingAndCreatesNothing) {
  const OpenSpec bad[] = {{.experiment = ""},
                          {.experiment = std::string(1025, 'e')},
                          {.run_name = "a\nb"},
                          {.user = "\xff"},
                          {.slot = std::string(1025, 's')},
                          {.parent = "not hex"},
                          {.tags = {{"", "v"}}},
                          {.tags = {{"k", std::string((512 << 10) + 1, 'v')}}}};
  for (const OpenSpec& spec : bad) {
    EXPECT_EQ(it.send(open_frame({1, 1, 1}, spec)), (Said{VerdictCode::kInvalid, 1}));
    EXPECT_FALSE(it.last.text.empty());
  }
  EXPECT_EQ(it.send(frame(Kind::kOpen, {1, 1, 1}, "no flatbuffer")),
            (Said{VerdictCode::kInvalid, 1}));
  EXPECT_FALSE(it.has_run(1));
  wire::ListExperimentsT all;
  EXPECT_TRUE(it.view().list_experiments(all).value().experiments.empty());
  in_the_middle();
  EXPECT_EQ(it.send(open_frame({1, 1, 1})), applied(2));
  EXPECT_EQ(it.send(open_frame({1, 1, 2})), (Said{VerdictCode::kInvalid, 3})) << "open comes once";
  EXPECT_EQ(it.send(open_frame({1, 2, 1}, {.experiment = ""})), (Said{VerdictCode::kInvalid, 1}))
      << "also of a further writer";
  EXPECT_EQ(it.run(1).writers.size(), 1u);
}

TEST_P(FoldTest, OpenNeedsARunAndAWriter) {
  std::string nobody = open_frame({1, 0, 1});
  EXPECT_EQ(it.send(nobody).code, VerdictCode::kNotFound);
  it.send(open_frame({1, 1, 1}));
  EXPECT_EQ(it.send(nobody).code, VerdictCode::kInvalid);
  EXPECT_EQ(it.run(1).writers.size(), 1u);
  in_the_middle();
  protocol::restamp(nobody, RunId{}, writer_id(1), 1);
  EXPECT_EQ(it.send(nobody), (Said{VerdictCode::kInvalid, 1}));
}

TEST_P(FoldTest, SequenceZeroIsInNoStream) {
  EXPECT_EQ(it.send(tags_frame({1, 1, 0}, {{"a", "1"}})).code, VerdictCode::kInvalid);
  it.send(open_frame({1, 1, 1}));
  in_the_middle();
  EXPECT_EQ(it.send(tags_frame({1, 1, 0}, {{"a", "1"}})).code, VerdictCode::kInvalid)
      << "not a duplicate: the writer would believe that it was stored";
  EXPECT_EQ(it.next_of(1, 1), 2u);
  EXPECT_TRUE(it.tags(1).empty());
}

TEST_P(FoldTest, WhatTheDoorRefusedConsumesTheSequenceInItsStead) {
  it.send(open_frame({1, 1, 1}));
  EXPECT_EQ(it.send(refused_frame({1, 1, 3}, VerdictCode::kDamaged, "early")), gap(2));
  EXPECT_EQ(it.send(refused_frame({1, 1, 2}, VerdictCode::kDamaged, "bad hash")),
            (Said{VerdictCode::kDamaged, 3}));
  EXPECT_EQ(it.last.text, "bad hash");
  in_the_middle();
  EXPECT_EQ(it.send(tags_frame({1, 1, 2}, {{"a", "1"}})), (Said{VerdictCode::kDamaged, 3}));
  EXPECT_EQ(it.last.text, "bad hash");
  EXPECT_EQ(it.send(refused_frame({1, 1, 3}, VerdictCode::kLimit, "too large")),
            (Said{VerdictCode::kLimit, 4}));
  EXPECT_EQ(it.send(tags_frame({1, 1, 4}, {{"a", "1"}})), applied(5));
  EXPECT_EQ(it.send(refused_frame({1, 1, 4}, VerdictCode::kDamaged, "late")), duplicate(5))
      << "what was applied stays applied";
  EXPECT_EQ(it.send(refused_frame({1, 1, 5}, VerdictCode::kApplied, "not a reject")),
            (Said{VerdictCode::kDamaged, 6}));
}

TEST_P(FoldTest, ARecordThatHoldsNoFrameIsDamagedAndChangesNothing) {
  it.send(open_frame({1, 1, 1}));
  std::string cut = tags_frame({1, 1, 2}, {{"a", "1"}});
  cut.resize(cut.size() - 8);
  EXPECT_EQ(it.send(cut).code, VerdictCode::kDamaged);
  std::string flipped = tags_frame({1, 1, 2}, {{"a", "1"}});
  flipped[40] ^= 1;
  EXPECT_EQ(it.send(flipped).code, VerdictCode::kDamaged);
  in_the_middle();
  EXPECT_EQ(it.next_of(1, 1), 2u);
  EXPECT_EQ(it.send(frame(Kind::kPing, {1, 1, 2}, "")).code, VerdictCode::kUnsupported);
  EXPECT_EQ(it.next_of(1, 1), 2u);
}

TEST_P(FoldTest, AFrameThatWouldUnpackToGigabytesIsRefused) {
  it.send(open_frame({1, 1, 1}));
  // Ten thousand tags that share one value of 100 kB.
  flatbuffers::FlatBufferBuilder out;
  const auto value = out.CreateString(std::string(100'000, 'v'));
  const auto tag = wire::CreateText(out, out.CreateString("k"), value);
  const std::vector<flatbuffers::Offset<wire::Text>> tags(10'000, tag);
  out.Finish(wire::CreateTags(out, out.CreateVector(tags)));
  const std::string payload(reinterpret_cast<const char*>(out.GetBufferPointer()), out.GetSize());
  in_the_middle();
  EXPECT_EQ(it.send(frame(Kind::kTags, {1, 1, 2}, payload)), (Said{VerdictCode::kInvalid, 3}));
  EXPECT_NE(it.last.text.find("lists"), std::string::npos) << it.last.text;
  EXPECT_TRUE(it.tags(1).empty());
}

TEST_P(FoldTest, AGroupOfFramesIsTakenOneAfterTheOther) {
  const auto said = it.send_all(
      {open_frame({1, 1, 1}), params_frame({1, 1, 2}, {{"p", "1"}}), open_frame({1, 2, 1}),
       params_frame({1, 2, 2}, {{"p", "2"}}), tags_frame({1, 1, 3}, {{"t", "a"}}),
       tags_frame({1, 2, 3}, {{"t", "b"}}), tags_frame({1, 1, 3}, {{"t", "a"}})});
  in_the_middle();
  EXPECT_EQ(said, (std::vector<Said>{applied(2),
                                     applied(3),
                                     applied(2),
                                     {VerdictCode::kConflict, 3},
                                     applied(4),
                                     applied(4),
                                     duplicate(4)}));
  EXPECT_EQ(it.params(1), (Texts{{"p", "1"}}));
  EXPECT_EQ(it.tags(1), (Texts{{"t", "b"}}));
}

}  // namespace
}  // namespace stepwell::tracking
