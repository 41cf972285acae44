// Deletion for good: what may be purged, what is said of it afterwards, and that nothing of it is
// left in what anybody can see.

#include "tests/tracking/tracking_fixture.hpp"

namespace stepwell::tracking {
namespace {

std::string run_stage_frame(std::uint64_t run, bool deleted, std::int64_t time_ms = 0) {
  wire::RunStageT command;
  command.deleted = deleted;
  command.time_ms = time_ms;
  return command_frame(Kind::kRunStage, command, run);
}
std::string stage_frame(std::uint64_t experiment, bool deleted, std::int64_t time_ms = 0) {
  wire::ExperimentStageT command;
  command.id = experiment;
  command.deleted = deleted;
  command.time_ms = time_ms;
  return command_frame(Kind::kExperimentStage, command);
}
std::string purge_frame(std::uint64_t run, std::int64_t deleted_until_ms = 0) {
  wire::PurgeRunT command;
  command.deleted_until_ms = deleted_until_ms;
  return command_frame(Kind::kPurgeRun, command, run);
}
std::string purge_experiment_frame(std::uint64_t id, std::int64_t deleted_until_ms = 0) {
  wire::PurgeExperimentT command;
  command.id = id;
  command.deleted_until_ms = deleted_until_ms;
  return command_frame(Kind::kPurgeExperiment, command);
}
std::string create_run_frame(std::uint64_t run, std::uint64_t experiment) {
  wire::CreateRunT command;
  command.experiment = experiment;
  return command_frame(Kind::kCreateRun, command, run);
}

constexpr Said kOk{VerdictCode::kApplied, 0};
constexpr Said kInvalid{VerdictCode::kInvalid, 0};
constexpr Said kNotFound{VerdictCode::kNotFound, 0};
constexpr Said kGone{VerdictCode::kGone, 0};

class PurgeTest : public TrackingTest {
 protected:
  // A run with everything that one can have.
  void write(TrackingOnWorld& to, std::uint64_t run, const std::string& experiment = "exp") {
    to.send(open_frame({run, 1, 1}, {.experiment = experiment, .slot = "s", .tags = {{"t", "v"}}}));
    to.send(params_frame({run, 1, 2}, {{"p", "1"}}));
    to.send(batch_frame({run, 1, 3}, "m", {{1, 1, 1.0}, {2, 2, 2.0}}));
    to.send(skip_frame({run, 1, 0}, 4, 5));
  }
  void purge(std::uint64_t run) {
    EXPECT_EQ(it.send(run_stage_frame(run, true)), kOk);
    EXPECT_EQ(it.send(purge_frame(run)), kOk);
  }
};
INTERRUPTED(PurgeTest);

TEST_P(PurgeTest, OnlyWhatIsDeletedIsPurgedAndThenItIsGone) {
  write(it, 1);
  write(it, 2);
  EXPECT_EQ(it.send(purge_frame(9)), kNotFound);
  EXPECT_EQ(it.send(purge_frame(1)), kInvalid);
  EXPECT_NE(it.last.text.find("not deleted"), std::string::npos) << it.last.text;
  it.send(run_stage_frame(1, true));
  it.send(run_stage_frame(1, false));
  EXPECT_EQ(it.send(purge_frame(1)), kInvalid) << "restored";
  in_the_middle();
  purge(1);
  EXPECT_FALSE(it.has_run(1));
  EXPECT_TRUE(it.has_run(2));
  in_the_middle();
  EXPECT_EQ(it.send(purge_frame(1)), kGone);
  EXPECT_NE(it.last.text.find("purged"), std::string::npos) << it.last.text;
  EXPECT_EQ(it.next_of(1, 1), 1u);
  EXPECT_EQ(it.points(2, "m").size(), 2u);
}

// Who purges by age looked at it earlier.
TEST_P(PurgeTest, WhatWasDeletedLaterThanTheGivenTimeStays) {
  write(it, 1);
  write(it, 2);
  it.send(run_stage_frame(1, true, 5000));
  it.send(run_stage_frame(1, false, 6000));
  it.send(run_stage_frame(1, true, 7000));
  EXPECT_EQ(it.send(purge_frame(1, 6999)), kInvalid);
  EXPECT_NE(it.last.text.find("was deleted at 7000 ms"), std::string::npos) << it.last.text;
  in_the_middle();
  EXPECT_TRUE(it.has_run(1));
  EXPECT_EQ(it.send(purge_frame(1, 7000)), kOk);
  // By its experiment.
  it.send(stage_frame(1, true, 9000));
  EXPECT_EQ(it.send(purge_frame(2, 8999)), kInvalid);
  EXPECT_EQ(it.send(purge_frame(2, 9000)), kOk);
  EXPECT_EQ(it.send(purge_experiment_frame(1, 8999)), kInvalid);
  EXPECT_EQ(it.send(purge_experiment_frame(1, 9000)), kOk);
}

TEST_P(PurgeTest, WhateverComesLateForAPurgedRunIsGoneAndCreatesNothing) {
  write(it, 1);
  purge(1);
  const std::string before = it.everything();
  const std::uint64_t more = it.view().list_experiments({}).value().experiments.size();
  in_the_middle();
  EXPECT_EQ(it.send(batch_frame({1, 1, 6}, "m", {{3, 3, 3.0}})), kGone);
  EXPECT_EQ(it.send(open_frame({1, 1, 1})), kGone);
  EXPECT_EQ(it.send(open_frame({1, 2, 1}, {.experiment = "another"})), kGone);
  EXPECT_EQ(it.send(skip_frame({1, 1, 0}, 6, 7)), kGone);
  EXPECT_EQ(it.send(end_frame({1, 1, 6})), kGone);
  EXPECT_EQ(it.send(refused_frame({1, 1, 6}, VerdictCode::kDamaged, "damaged")), kGone);
  EXPECT_EQ(it.send(create_run_frame(1, 1)), kGone);
  EXPECT_EQ(it.send(run_stage_frame(1, false)), kGone);
  EXPECT_EQ(it.send(tags_frame({1, 0, 0}, {{"t", "v"}}), wal::Door::kRest), kGone);
  EXPECT_EQ(it.view().list_experiments({}).value().experiments.size(), more);
  EXPECT_EQ(it.everything(), before);
}

TEST_P(PurgeTest, InOneGroupWithWhatItRemoves) {
  write(it, 1);
  write(it, 2);
  const auto said =
      it.send_all({batch_frame({1, 1, 6}, "m", {{3, 3, 3.0}}), run_stage_frame(1, true),
                   purge_frame(1), batch_frame({1, 1, 7}, "m", {{4, 4, 4.0}}),
                   batch_frame({2, 1, 6}, "m", {{3, 3, 3.0}}), open_frame({1, 3, 1})});
  EXPECT_EQ(said, (std::vector<Said>{applied(7), kOk, kOk, kGone, applied(7), kGone}));
  in_the_middle();
  EXPECT_FALSE(it.has_run(1));
  EXPECT_EQ(it.points(2, "m").size(), 3u);
}

TEST_P(PurgeTest, ARunIsDeletedByItsExperimentToo) {
  write(it, 1);
  write(it, 2);
  it.send(stage_frame(1, true));
  it.send(run_stage_frame(2, false));
  in_the_middle();
  EXPECT_EQ(it.send(purge_frame(1)), kOk);
  EXPECT_EQ(it.send(purge_frame(2)), kInvalid) << "restored after its experiment was deleted";
}

TEST_P(PurgeTest, AnExperimentGoesWhenItIsDeletedAndEmpty) {
  it.send(command_frame(Kind::kSettings, wire::SettingsT{}), wal::Door::kServer);
  write(it, 1, "e");
  wire::ExperimentTagT tag;
  tag.id = 1;
  tag.tag = std::move(to_wire_texts({{"k", "v"}})[0]);
  it.send(command_frame(Kind::kExperimentTag, tag));
  EXPECT_EQ(it.send(purge_experiment_frame(7)), kNotFound);
  EXPECT_EQ(it.send(purge_experiment_frame(1)), kInvalid) << "not deleted";
  it.send(stage_frame(1, true));
  EXPECT_EQ(it.send(purge_experiment_frame(1)), kInvalid) << "it has a run";
  EXPECT_EQ(it.send(purge_frame(1)), kOk);
  in_the_middle();
  EXPECT_EQ(it.send(purge_experiment_frame(1)), kOk);
  EXPECT_EQ(it.send(purge_experiment_frame(1)), kNotFound);
  it.send(stage_frame(0, true));
  EXPECT_EQ(it.send(purge_experiment_frame(0)), kInvalid) << "the store's own";
  it.send(stage_frame(0, false));
  in_the_middle();
  EXPECT_EQ(it.send(open_frame({2, 1, 1}, {.experiment = "e"})), applied(2));
  EXPECT_EQ(it.run(2).info->experiment, 2u) << "numbers are never used again";
  const auto all = it.view().list_experiments({}).value();
  ASSERT_EQ(all.experiments.size(), 2u);
  std::size_t tags = 0;
  const auto count = [&](auto, auto) { return ++tags > 0; };
  ASSERT_TRUE(it.view().rows().scan(table::kExperimentTags, {}, {}, count));
  EXPECT_EQ(tags, 0u);
}

TEST_P(PurgeTest, NumbersOfRunsAreNotUsedAgain) {
  write(it, 1);
  purge(1);
  in_the_middle();
  write(it, 2);
  EXPECT_EQ(it.run(2).info->number, 2u);
}

// Nothing of it is left in what two stores are compared by.
TEST_P(PurgeTest, TheDigestIsThatOfAStoreThatNeverHadTheRun) {
  TrackingOnWorld other;
  write(other, 1);
  write(it, 2);
  write(it, 1);
  EXPECT_NE(it.digest(), other.digest());
  purge(2);
  EXPECT_EQ(it.digest(), other.digest());
  in_the_middle();
  EXPECT_EQ(it.digest(), other.digest());
}

TEST_P(PurgeTest, TheLaterChangeSaysSinceWhenARunIsDeleted) {
  write(it, 1);
  const auto since = [&] { return it.run(1).info->deleted_ms; };
  EXPECT_EQ(since(), 0);
  it.send(run_stage_frame(1, true, 500));
  EXPECT_EQ(since(), 500);
  in_the_middle();
  it.send(stage_frame(1, true));
  EXPECT_EQ(since(), it.clock.now) << "no time in the command: when it arrived";
  wire::ListExperimentsT all;
  all.stage = wire::ViewStage::All;
  EXPECT_EQ(it.view().list_experiments(all).value().experiments[0]->deleted_ms, it.clock.now);
  it.send(stage_frame(1, false));
  EXPECT_EQ(since(), 0);
  EXPECT_EQ(it.view().list_experiments(all).value().experiments[0]->deleted_ms, 0);
}

TEST_P(PurgeTest, ASnapshotOfBeforeSeesItWholeWhileItIsSwept) {
  write(it, 1);
  it.checkpoint();
  const View before = it.view();
  const auto text = [&] { return protocol::encode(*before.run(run_id(1)).value()); };
  const std::string whole = text();
  const std::uint64_t swept = it.store().status().swept_runs;
  purge(1);
  it.checkpoint();
  EXPECT_EQ(it.store().status().swept_runs, swept + 1);
  EXPECT_EQ(text(), whole);
  wire::HistoryT question;
  question.run = std::make_unique<wire::Id>(protocol::to_wire(run_id(1)));
  auto history = History::plan(before, question);
  EXPECT_EQ(history.value().next_page(before).value()->points.size(), 2u);
}

TEST_P(PurgeTest, AHistoryEndsWithAnErrorWhenItsRunIsPurged) {
  it.send(open_frame({1, 1, 1}));
  std::vector<Point> many;
  for (std::int64_t i = 0; i < 100'000; ++i) many.push_back({i, i, 1.0});
  it.send(batch_frame({1, 1, 2}, "m", many));
  wire::HistoryT question;
  question.run = std::make_unique<wire::Id>(protocol::to_wire(run_id(1)));
  auto history = History::plan(it.view(), question);
  ASSERT_TRUE(history.has_value());
  EXPECT_TRUE(history.value().next(it.view()).value().has_value());
  purge(1);
  const auto next = history.value().next(it.view());
  ASSERT_FALSE(next.has_value());
  EXPECT_EQ(next.error().kind, ErrorKind::kNotFound);
  EXPECT_NE(next.error().text.find("was purged"), std::string::npos) << next.error().text;
  EXPECT_EQ(History::plan(it.view(), question).error().kind, ErrorKind::kNotFound);
}

}  // namespace
}  // namespace stepwell::tracking
