// Commands without a writer, as REST's door and the server send them; deletion.

#include "tests/tracking/tracking_fixture.hpp"

namespace stepwell::tracking {
namespace {

class CommandTest : public TrackingTest {
 protected:
  Said rest(std::string frame) { return it.send(std::move(frame), wal::Door::kRest); }
  Said create(const std::string& name, std::uint64_t id = 0, const Texts& tags = {}) {
    wire::CreateExperimentT command;
    command.name = name;
    command.id = id;
    command.time_ms = 77;
    command.tags = to_wire_texts(tags);
    return rest(command_frame(Kind::kCreateExperiment, command));
  }
  Said rename(std::uint64_t id, const std::string& name) {
    wire::UpdateExperimentT command;
    command.id = id;
    command.name = name;
    return rest(command_frame(Kind::kUpdateExperiment, command));
  }
  Said stage(std::uint64_t experiment, bool deleted) {
    wire::ExperimentStageT command;
    command.id = experiment;
    command.deleted = deleted;
    return rest(command_frame(Kind::kExperimentStage, command));
  }
  Said run_stage(std::uint64_t run, bool deleted) {
    wire::RunStageT command;
    command.deleted = deleted;
    return rest(command_frame(Kind::kRunStage, command, run));
  }
  Said tag_experiment(std::uint64_t id, const std::string& key, const std::string& value) {
    wire::ExperimentTagT command;
    command.id = id;
    command.tag = std::move(to_wire_texts({{key, value}})[0]);
    return rest(command_frame(Kind::kExperimentTag, command));
  }
  Said create_run(std::uint64_t run, std::uint64_t experiment, const std::string& name = {}) {
    wire::CreateRunT command;
    command.experiment = experiment;
    command.name = name;
    command.start_ms = 5;
    return rest(command_frame(Kind::kCreateRun, command, run));
  }
  Said settings(const std::string& root) {
    wire::SettingsT command;
    command.artifact_root = root;
    return it.send(command_frame(Kind::kSettings, command), wal::Door::kServer);
  }
  Said update_run(std::uint64_t run, const std::string& name) {
    wire::UpdateRunT command;
    command.name = name;
    return rest(command_frame(Kind::kUpdateRun, command, run));
  }
  Said delete_tag(std::uint64_t run, const std::string& key) {
    wire::DeleteTagT command;
    command.key = key;
    return rest(command_frame(Kind::kDeleteTag, command, run));
  }
  std::vector<std::string> experiments(wire::ViewStage which) {
    wire::ListExperimentsT question;
    question.stage = which;
    std::vector<std::string> names;
    const auto answer = it.view().list_experiments(question).value();
    for (const auto& info : answer.experiments) {
      names.push_back(fmt::format("{} {}", info->id, info->name));
    }
    return names;
  }
  static constexpr Said kOk{VerdictCode::kApplied, 0};
  static constexpr Said kInvalid{VerdictCode::kInvalid, 0};
  static constexpr Said kExists{VerdictCode::kExists, 0};
  static constexpr Said kNotFound{VerdictCode::kNotFound, 0};
};
INTERRUPTED(CommandTest);

using Names = std::vector<std::string>;

TEST_P(CommandTest, OfTwoCreatorsOfAnExperimentOneWinsAndTheOtherHearsIt) {
  EXPECT_EQ(create("e", 0, {{"k", "v"}}), kOk);
  EXPECT_EQ(it.last.first_step, 1) << "the id that was assigned";
  in_the_middle();
  EXPECT_EQ(create("e"), kExists);
  EXPECT_NE(it.last.text.find("as 1"), std::string::npos) << it.last.text;
  EXPECT_EQ(create(""), kInvalid);
  EXPECT_EQ(create("t", 0, {{"bad\nkey", "v"}}), kInvalid);
  EXPECT_EQ(create("t", 0, {{"key", std::string((512 << 10) + 1, 'v')}}), kInvalid);
  EXPECT_EQ(experiments(wire::ViewStage::All), (Names{"1 e"}));
  EXPECT_EQ(it.view().list_experiments({}).value().experiments[0]->created_ms, 77);
}

TEST_P(CommandTest, IdsGoOnFromTheGreatestAndAnImportMayNameAFreeOne) {
  EXPECT_EQ(create("ten", 10), kOk);
  EXPECT_EQ(create("eleven"), kOk);
  EXPECT_EQ(create("five", 5), kOk);
  in_the_middle();
  EXPECT_EQ(create("twelve"), kOk);
  EXPECT_EQ(create("taken", 5), kExists);
  EXPECT_EQ(create("beyond", ~std::uint64_t{0}), kInvalid) << "the next one would wrap around";
  EXPECT_EQ(experiments(wire::ViewStage::Active),
            (Names{"5 five", "10 ten", "11 eleven", "12 twelve"}));
}

TEST_P(CommandTest, TheFirstSettingsMakeDefaultAndKeepItsNumberForIt) {
  EXPECT_EQ(settings("s3://a"), kOk);
  EXPECT_EQ(settings("s3://b"), kOk);
  create("e");
  it.send(open_frame({1, 1, 1}, {.experiment = "Default"}));
  EXPECT_EQ(it.run(1).info->experiment, 0u);
  in_the_middle();
  EXPECT_EQ(rename(0, "Renamed"), kOk);
  EXPECT_EQ(settings("s3://c"), kOk);
  it.send(open_frame({2, 1, 1}, {.experiment = "Default"}));
  EXPECT_EQ(it.run(2).info->experiment, 2u) << "0 is taken by what was renamed";
  EXPECT_EQ(it.run(1).info->experiment_name, "Renamed");
  EXPECT_EQ(experiments(wire::ViewStage::All), (Names{"0 Renamed", "1 e", "2 Default"}));
  const auto all = it.view().list_experiments({}).value();
  EXPECT_EQ(all.experiments[1]->artifact_location, "s3://b/1")
      << "the root in force at the creation";
  EXPECT_EQ(all.experiments[0]->artifact_location, "s3://a/0");
}

TEST_P(CommandTest, ARenameFreesTheOldNameAndRespectsOthers) {
  create("a");
  create("b");
  EXPECT_EQ(rename(1, "b"), kExists);
  EXPECT_EQ(rename(1, "a"), kOk) << "idempotent";
  EXPECT_EQ(rename(1, ""), kInvalid);
  EXPECT_EQ(rename(9, "x"), kNotFound);
  EXPECT_EQ(rename(1, "c"), kOk);
  in_the_middle();
  EXPECT_EQ(create("c"), kExists);
  EXPECT_EQ(create("a"), kOk);
  EXPECT_EQ(experiments(wire::ViewStage::All), (Names{"1 c", "2 b", "3 a"}));
  EXPECT_EQ(tag_experiment(2, "k", "1"), kOk);
  EXPECT_EQ(tag_experiment(2, "k", "2"), kOk);
  EXPECT_EQ(tag_experiment(9, "k", "2"), kNotFound);
  EXPECT_EQ(tag_experiment(2, "", "2"), kInvalid);
  EXPECT_EQ(it.view().list_experiments({}).value().experiments[1]->tags[0]->value, "2");
}

TEST_P(CommandTest, RunsAreCreatedUpdatedAndTaggedByTheRestDoor) {
  create("e");
  EXPECT_EQ(create_run(1, 1, "first"), kOk);
  EXPECT_EQ(create_run(1, 1), kExists);
  EXPECT_EQ(create_run(2, 9), kNotFound);
  EXPECT_EQ(create_run(2, 1, "bad\x01name"), kInvalid);
  EXPECT_EQ(create_run(0, 1), kInvalid);
  EXPECT_EQ(rest(params_frame({1, 0, 0}, {{"p", "1"}})), kOk);
  EXPECT_EQ(rest(params_frame({1, 0, 0}, {{"p", "1"}})), kOk) << "idempotent, not deduplicated";
  EXPECT_EQ(rest(params_frame({1, 0, 0}, {{"p", "2"}})), (Said{VerdictCode::kConflict, 0}));
  EXPECT_EQ(rest(params_frame({7, 0, 0}, {{"p", "2"}})), kNotFound);
  in_the_middle();
  EXPECT_EQ(rest(tags_frame({1, 0, 0}, {{"t", "1"}, {"u", "2"}})), kOk);
  EXPECT_EQ(rest(batch_frame({1, 0, 0}, "m", {{1, 2, 3.0}})), kOk);
  EXPECT_EQ(delete_tag(1, "t"), kOk);
  EXPECT_EQ(delete_tag(1, "t"), kNotFound) << "a client of MLflow expects to hear it";
  EXPECT_EQ(it.last.text, fmt::format("No tag with name: t in run with id {}", run_id(1).hex()));
  EXPECT_EQ(delete_tag(7, "t"), kNotFound);
  EXPECT_EQ(update_run(1, "second"), kOk);
  EXPECT_EQ(update_run(7, "second"), kNotFound);
  EXPECT_EQ(update_run(1, std::string(1025, 'n')), kInvalid);
  EXPECT_EQ(rest(end_frame({1, 0, 0})), kInvalid) << "an end needs a writer";
  EXPECT_EQ(it.tags(1), (Texts{{"mlflow.runName", "second"}, {"u", "2"}}));
  EXPECT_EQ(it.run(1).info->name, "second");
  EXPECT_EQ(it.run(1).info->status, wire::RunStatus::Running);
}

TEST_P(CommandTest, TheLaterDeleteOrRestoreOfRunOrExperimentDecides) {
  it.send(open_frame({1, 1, 1}));
  it.send(open_frame({2, 1, 1}));
  const auto deleted = [&] { return std::pair(it.run(1).info->deleted, it.run(2).info->deleted); };
  EXPECT_EQ(run_stage(1, true), kOk);
  EXPECT_EQ(run_stage(1, true), kOk);
  EXPECT_EQ(deleted(), std::pair(true, false));
  EXPECT_EQ(stage(1, true), kOk);
  EXPECT_EQ(deleted(), std::pair(true, true));
  in_the_middle();
  EXPECT_EQ(run_stage(2, false), kOk);
  EXPECT_EQ(deleted(), std::pair(true, false)) << "restored after the experiment's deletion";
  EXPECT_EQ(stage(1, false), kOk);
  EXPECT_EQ(deleted(), std::pair(false, false)) << "a restored experiment brings all its runs";
  EXPECT_EQ(run_stage(9, true), kNotFound);
  EXPECT_EQ(stage(9, true), kNotFound);
  EXPECT_EQ(run_stage(1, true), kOk);
  EXPECT_EQ(stage(1, false), kOk) << "repeated: it was active all the time";
  EXPECT_EQ(deleted(), std::pair(true, false)) << "so it restores no run";
}

TEST_P(CommandTest, ATagOfAnExperimentIsDeletedOnce) {
  create("e", 0, {{"k", "v"}, {"stays", "w"}});
  const auto remove = [&](std::uint64_t id, const std::string& key) {
    wire::DeleteExperimentTagT command;
    command.id = id;
    command.key = key;
    return rest(command_frame(Kind::kDeleteExperimentTag, command));
  };
  EXPECT_EQ(remove(1, "k"), kOk);
  in_the_middle();
  EXPECT_EQ(remove(1, "k"), kNotFound);
  EXPECT_EQ(it.last.text, "No tag with name: k in experiment with id 1");
  EXPECT_EQ(remove(1, "never there"), kNotFound);
  EXPECT_EQ(remove(9, "k"), kNotFound);
  EXPECT_EQ(it.last.text, "No Experiment with id=9 exists");
  EXPECT_EQ(remove(1, ""), kInvalid);
  const auto experiments = it.view().list_experiments({}).value();
  ASSERT_EQ(experiments.experiments.at(0)->tags.size(), 1u);
  EXPECT_EQ(experiments.experiments.at(0)->tags[0]->key, "stays");
  stage(1, true);
  EXPECT_EQ(remove(1, "stays"), kInvalid) << "nothing of a deleted experiment changes";
}

TEST_P(CommandTest, FramesForADeletedRunAreStoredAndRestCallsAreRefused) {
  it.send(open_frame({1, 1, 1}));
  run_stage(1, true);
  EXPECT_EQ(it.send(batch_frame({1, 1, 2}, "m", {{1, 1, 1.0}})), applied(3));
  EXPECT_EQ(it.send(tags_frame({1, 1, 3}, {{"t", "v"}})), applied(4));
  in_the_middle();
  EXPECT_EQ(rest(batch_frame({1, 0, 0}, "m", {{2, 2, 3.0}})), kInvalid);
  EXPECT_NE(it.last.text.find("deleted"), std::string::npos);
  EXPECT_EQ(rest(params_frame({1, 0, 0}, {{"p", "1"}})), kInvalid);
  EXPECT_EQ(rest(tags_frame({1, 0, 0}, {{"p", "1"}})), kInvalid);
  EXPECT_EQ(update_run(1, "name"), kInvalid);
  EXPECT_EQ(delete_tag(1, "t"), kInvalid);
  EXPECT_EQ(run_stage(1, false), kOk);
  EXPECT_EQ(it.tags(1), (Texts{{"t", "v"}}));
  EXPECT_EQ(it.points(1, "m").size(), 1u);
  EXPECT_EQ(update_run(1, "name"), kOk);
}

TEST_P(CommandTest, OpenIntoADeletedExperimentIsAcceptedAndHidden) {
  create("e");
  stage(1, true);
  EXPECT_EQ(it.send(open_frame({1, 1, 1}, {.experiment = "e"})), applied(2));
  EXPECT_TRUE(it.run(1).info->deleted);
  in_the_middle();
  EXPECT_EQ(create_run(2, 1), kInvalid);
  EXPECT_EQ(rename(1, "x"), kInvalid);
  EXPECT_EQ(tag_experiment(1, "k", "v"), kInvalid);
  EXPECT_EQ(create("e"), kExists) << "a deleted one keeps its name";
  EXPECT_EQ(experiments(wire::ViewStage::Active), Names{});
  EXPECT_EQ(experiments(wire::ViewStage::Deleted), (Names{"1 e"}));
  stage(1, false);
  EXPECT_FALSE(it.run(1).info->deleted);
  EXPECT_EQ(it.send(tags_frame({1, 1, 2}, {{"t", "v"}})), applied(3));
}

TEST_P(CommandTest, UnknownCommandsAndDamagedOnesChangeNothing) {
  create("e");
  it.send(open_frame({1, 1, 1}));
  const Kind kinds[] = {Kind::kCreateExperiment, Kind::kUpdateExperiment,   Kind::kExperimentStage,
                        Kind::kExperimentTag,    Kind::kCreateRun,          Kind::kUpdateRun,
                        Kind::kRunStage,         Kind::kDeleteTag,          Kind::kSettings,
                        Kind::kLogBatch,         Kind::kDeleteExperimentTag};
  in_the_middle();
  for (const Kind kind : kinds) {
    EXPECT_EQ(rest(frame(kind, {1, 0, 0}, "not a message")), kInvalid) << protocol::to_string(kind);
  }
  EXPECT_EQ(rest(frame(static_cast<Kind>(39), {1, 0, 0}, "")).code, VerdictCode::kUnsupported);
  EXPECT_EQ(rest(frame(static_cast<Kind>(200), {1, 0, 0}, "")).code, VerdictCode::kUnsupported);
}

}  // namespace
}  // namespace stepwell::tracking
