// Open, params, tags, and ends of many writers.

#include "protocol/limits.hpp"
#include "tests/tracking/tracking_fixture.hpp"

namespace stepwell::tracking {
namespace {

using wire::RunStatus;

class OpenTest : public TrackingTest {};
INTERRUPTED(OpenTest);

TEST_P(OpenTest, TheFirstOpenCreatesTheRunAndItsExperiment) {
  EXPECT_EQ(it.send(open_frame({1, 1, 1}, {.experiment = "digits",
                                           .run_name = "r",
                                           .user = "ann",
                                           .start_ms = 500,
                                           .parent = run_id(9).hex(),
                                           .tags = {{"k", "v"}}})),
            applied(2));
  in_the_middle();
  const auto run = it.run(1);
  EXPECT_EQ(run.info->experiment, 1u) << "0 is Default's";
  EXPECT_EQ(run.info->experiment_name, "digits");
  EXPECT_EQ(run.info->name, "r");
  EXPECT_EQ(run.info->user, "ann");
  EXPECT_EQ(run.info->start_ms, 500);
  EXPECT_EQ(run.info->status, RunStatus::Running);
  EXPECT_EQ(it.tags(1),
            (Texts{{"k", "v"}, {"mlflow.parentRunId", run_id(9).hex()}, {"mlflow.runName", "r"}}));
}

TEST_P(OpenTest, ALaterWriterJoinsAndTheRunKeepsItsExperiment) {
  it.send(open_frame({1, 1, 1}, {.experiment = "one", .start_ms = 500}));
  in_the_middle();
  it.send(open_frame({1, 2, 1},
                     {.experiment = "two", .run_name = "late", .user = "bob", .start_ms = 300}));
  it.send(open_frame({1, 3, 1},
                     {.experiment = "one", .run_name = "later", .user = "eve", .start_ms = 900}));
  const auto run = it.run(1);
  EXPECT_EQ(run.info->experiment_name, "one");
  EXPECT_EQ(run.info->writers, 3u);
  EXPECT_EQ(run.info->start_ms, 300) << "the least";
  EXPECT_EQ(run.info->name, "late") << "the first that says one";
  EXPECT_EQ(run.info->user, "bob");
  EXPECT_EQ(it.view().list_experiments({}).value().experiments.size(), 1u)
      << "two was never created";
}

TEST_P(OpenTest, OneNameIsOneExperimentWhoeverComesFirst) {
  it.send(open_frame({1, 1, 1}, {.experiment = "same"}));
  in_the_middle();
  it.send(open_frame({2, 2, 1}, {.experiment = "same"}));
  it.send(open_frame({3, 3, 1}, {.experiment = "Default"}));
  EXPECT_EQ(it.run(1).info->experiment, it.run(2).info->experiment);
  EXPECT_EQ(it.run(3).info->experiment, 0u);
}

class ParamsTest : public TrackingTest {};
INTERRUPTED(ParamsTest);

TEST_P(ParamsTest, AParamIsSetOnceAndAConflictLeavesNothingBehind) {
  it.send(open_frame({1, 1, 1}));
  EXPECT_EQ(it.send(params_frame({1, 1, 2}, {{"a", "1"}, {"b", "2"}})), applied(3));
  in_the_middle();
  EXPECT_EQ(it.send(params_frame({1, 1, 3}, {{"a", "1"}, {"c", "3"}})), applied(4))
      << "the same again";
  EXPECT_EQ(it.send(params_frame({1, 1, 4}, {{"d", "4"}, {"a", "other"}})),
            (Said{VerdictCode::kConflict, 5}));
  EXPECT_EQ(it.send(params_frame({1, 1, 5}, {{"e", "1"}, {"e", "1"}})), applied(6))
      << "agrees with itself";
  EXPECT_EQ(it.send(params_frame({1, 1, 6}, {{"f", "1"}, {"f", "2"}})),
            (Said{VerdictCode::kConflict, 7}));
  EXPECT_EQ(it.send(params_frame({1, 1, 7}, {{"g", "1"}, {"", "2"}})),
            (Said{VerdictCode::kInvalid, 8}));
  EXPECT_EQ(it.send(params_frame({1, 1, 8}, {{"empty", ""}})), applied(9));
  EXPECT_EQ(it.send(params_frame({1, 1, 9}, {{"empty", "no"}})),
            (Said{VerdictCode::kConflict, 10}));
  EXPECT_EQ(it.params(1), (Texts{{"a", "1"}, {"b", "2"}, {"c", "3"}, {"e", "1"}, {"empty", ""}}));
}

TEST_P(ParamsTest, OfTwoWritersWithTwoValuesOneWinsAndBothHearTheTruth) {
  it.send_all({open_frame({1, 1, 1}), open_frame({1, 2, 1})});
  const auto said = it.send_all(
      {params_frame({1, 2, 2}, {{"lr", "two"}}), params_frame({1, 1, 2}, {{"lr", "one"}})});
  EXPECT_EQ(said, (std::vector<Said>{applied(3), {VerdictCode::kConflict, 3}}));
  EXPECT_NE(it.last.text.find("two"), std::string::npos) << it.last.text;
  in_the_middle();
  EXPECT_EQ(it.send(params_frame({1, 1, 2}, {{"lr", "one"}})), (Said{VerdictCode::kConflict, 3}));
  EXPECT_EQ(it.params(1), (Texts{{"lr", "two"}}));
}

TEST_P(ParamsTest, LimitsHoldAtTheirBorders) {
  it.send(open_frame({1, 1, 1}));
  const std::string key(1024, 'k'), value(512 << 10, 'v');
  EXPECT_EQ(it.send(params_frame({1, 1, 2}, {{key, value}})), applied(3));
  EXPECT_EQ(it.send(params_frame({1, 1, 3}, {{key + 'k', ""}})), (Said{VerdictCode::kInvalid, 4}));
  EXPECT_EQ(it.send(params_frame({1, 1, 4}, {{"k", value + 'v'}})),
            (Said{VerdictCode::kInvalid, 5}));
  EXPECT_EQ(it.send(tags_frame({1, 1, 5}, {{"line\n", "v"}})), (Said{VerdictCode::kInvalid, 6}));
  EXPECT_EQ(it.send(tags_frame({1, 1, 6}, {{"\xc3\x28", "v"}})), (Said{VerdictCode::kInvalid, 7}));
  EXPECT_EQ(it.send(tags_frame({1, 1, 7}, {{"lines", "a\nb"}, {"utf8", "\xc3\xa9"}})), applied(8));
  in_the_middle();
  Texts many;
  for (std::size_t i = 0; i <= protocol::kEntriesMax; ++i) many.emplace_back(std::to_string(i), "");
  EXPECT_EQ(it.send(tags_frame({1, 1, 8}, many)), (Said{VerdictCode::kInvalid, 9}));
  many.pop_back();
  EXPECT_EQ(it.send(tags_frame({1, 1, 9}, many)), applied(10));
  EXPECT_EQ(it.tags(1).size(), protocol::kEntriesMax + 2);
}

class TagsTest : public TrackingTest {};
INTERRUPTED(TagsTest);

TEST_P(TagsTest, TheLastValueOfATagHoldsAndATagMayNameTheRun) {
  it.send(open_frame({1, 1, 1}, {.run_name = "first", .tags = {{"t", "0"}}}));
  it.send(tags_frame({1, 1, 2}, {{"t", "1"}, {"u", "x"}, {"t", "2"}}));
  in_the_middle();
  it.send(tags_frame({1, 1, 3}, {{"u", "y"}, {"mlflow.runName", "second"}}));
  EXPECT_EQ(it.tags(1), (Texts{{"mlflow.runName", "second"}, {"t", "2"}, {"u", "y"}}));
  EXPECT_EQ(it.run(1).info->name, "second");
}

class EndTest : public TrackingTest {
 protected:
  wire::RunStatus status() { return it.run(1).info->status; }
  void open_three() {
    it.send_all({open_frame({1, 1, 1}), open_frame({1, 2, 1}), open_frame({1, 3, 1})});
  }
};
INTERRUPTED(EndTest);

TEST_P(EndTest, TheRunEndsWithItsLastOpenWriterAndTheWorstStatusWins) {
  open_three();
  EXPECT_EQ(it.send(end_frame({1, 2, 2}, RunStatus::Killed, 300)), applied(3));
  EXPECT_EQ(status(), RunStatus::Running);
  EXPECT_EQ(it.run(1).info->end_ms, 0) << "it has not ended";
  in_the_middle();
  it.send(end_frame({1, 1, 2}, RunStatus::Failed, 900));
  EXPECT_EQ(status(), RunStatus::Running);
  it.send(end_frame({1, 3, 2}, RunStatus::Finished, 600));
  EXPECT_EQ(status(), RunStatus::Failed);
  EXPECT_EQ(it.run(1).info->end_ms, 900) << "the greatest";
}

TEST_P(EndTest, KilledIsWorseThanFinishedAndARepeatedEndChangesNothing) {
  open_three();
  it.send(end_frame({1, 1, 2}, RunStatus::Finished));
  it.send(end_frame({1, 2, 2}, RunStatus::Killed));
  EXPECT_EQ(it.send(end_frame({1, 2, 2}, RunStatus::Killed)), duplicate(3));
  EXPECT_EQ(it.send(end_frame({1, 2, 3}, RunStatus::Failed)), applied(4)) << "a second end";
  EXPECT_EQ(status(), RunStatus::Running) << "writer 3 is still there";
  in_the_middle();
  it.send(end_frame({1, 3, 2}, RunStatus::Finished));
  EXPECT_EQ(status(), RunStatus::Killed);
  EXPECT_EQ(it.send(tags_frame({1, 1, 3}, {{"late", "tag"}})), applied(4)) << "late frames apply";
  EXPECT_EQ(status(), RunStatus::Killed);
}

TEST_P(EndTest, ANewWriterMakesAnEndedRunRunningAndWhatWasSaidStillCounts) {
  it.send(open_frame({1, 1, 1}));
  it.send(end_frame({1, 1, 2}, RunStatus::Failed, 800));
  EXPECT_EQ(status(), RunStatus::Failed);
  in_the_middle();
  it.send(open_frame({1, 2, 1}));
  EXPECT_EQ(status(), RunStatus::Running);
  EXPECT_EQ(it.run(1).info->end_ms, 0);
  it.send(end_frame({1, 2, 2}, RunStatus::Finished, 700));
  EXPECT_EQ(status(), RunStatus::Failed) << "as if both had been open at once";
  EXPECT_EQ(it.run(1).info->end_ms, 800);
}

TEST_P(EndTest, ALaterWriterOfASlotSupersedesTheEarlierOne) {
  it.send(open_frame({1, 1, 1}, {.slot = "rank-0"}));
  it.send(open_frame({1, 2, 1}, {.slot = "rank-1"}));
  in_the_middle();
  it.send(open_frame({1, 3, 1}, {.slot = "rank-0"}));
  const auto run = it.run(1);
  for (const auto& writer : run.writers) {
    const bool first = protocol::from_wire<WriterId>(*writer->writer) == writer_id(1);
    EXPECT_EQ(writer->open, !first);
  }
  EXPECT_EQ(it.send(tags_frame({1, 1, 2}, {{"late", "frame"}})), applied(3)) << "still applies";
  EXPECT_EQ(it.tags(1), (Texts{{"late", "frame"}}));
  EXPECT_EQ(it.send(end_frame({1, 1, 3}, RunStatus::Failed)), applied(4));
  it.send(end_frame({1, 2, 2}));
  EXPECT_EQ(status(), RunStatus::Running);
  it.send(end_frame({1, 3, 2}));
  EXPECT_EQ(status(), RunStatus::Finished) << "the superseded writer's end says nothing";
}

TEST_P(EndTest, AResumeInItsSlotForgetsTheFailureOfTheEarlierAttempt) {
  it.send(open_frame({1, 1, 1}, {.slot = "rank-0"}));
  it.send(end_frame({1, 1, 2}, RunStatus::Failed));
  EXPECT_EQ(status(), RunStatus::Failed);
  in_the_middle();
  it.send(open_frame({1, 2, 1}, {.slot = "rank-0"}));
  EXPECT_EQ(status(), RunStatus::Running);
  it.send(end_frame({1, 2, 2}, RunStatus::Finished));
  EXPECT_EQ(status(), RunStatus::Finished);
}

TEST_P(EndTest, AStatusFromOutsideClosesAllWriters) {
  open_three();
  it.send(end_frame({1, 1, 2}, RunStatus::Failed));
  wire::UpdateRunT update;
  update.status = static_cast<std::uint8_t>(RunStatus::Killed);
  update.has_end = true;
  update.end_ms = 12345;
  EXPECT_EQ(it.send(command_frame(Kind::kUpdateRun, update, 1), wal::Door::kRest), applied(0));
  EXPECT_EQ(status(), RunStatus::Killed);
  in_the_middle();
  for (const auto& writer : it.run(1).writers) EXPECT_FALSE(writer->open);
  EXPECT_EQ(it.send(end_frame({1, 2, 2}, RunStatus::Finished, 99999)), applied(3));
  EXPECT_EQ(it.send(end_frame({1, 3, 2}, RunStatus::Finished, 99999)), applied(3));
  EXPECT_EQ(status(), RunStatus::Killed) << "later ends change nothing";
  EXPECT_EQ(it.run(1).info->end_ms, 12345);
  it.send(open_frame({1, 4, 1}));
  EXPECT_EQ(status(), RunStatus::Running);
  it.send(end_frame({1, 4, 2}));
  EXPECT_EQ(status(), RunStatus::Finished) << "the failure was before the status from outside";
}

TEST_P(EndTest, AnEndNamesAnEndStatus) {
  it.send(open_frame({1, 1, 1}));
  in_the_middle();
  EXPECT_EQ(it.send(end_frame({1, 1, 2}, RunStatus::Running)), (Said{VerdictCode::kInvalid, 3}));
  EXPECT_EQ(it.send(end_frame({1, 1, 3}, static_cast<RunStatus>(77))),
            (Said{VerdictCode::kInvalid, 4}));
  EXPECT_EQ(status(), RunStatus::Running);
}

}  // namespace
}  // namespace stepwell::tracking
