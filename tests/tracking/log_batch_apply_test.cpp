// What one of MLflow's calls logs: metrics, params and tags in one record, all or nothing.

#include "protocol/batch_builder.hpp"
#include "tests/tracking/tracking_fixture.hpp"

namespace stepwell::tracking {
namespace {

struct Logged {
  std::vector<std::pair<std::string, Point>> metrics = {};
  Texts params = {};
  Texts tags = {};
  bool single = false;
};

std::string log_batch(std::uint64_t run, const Logged& what) {
  protocol::KeyListBuilder keys;
  std::vector<std::uint32_t> index;
  std::vector<std::int64_t> steps, times;
  std::vector<double> values;
  for (const auto& [key, point] : what.metrics) {
    index.push_back(keys.add(key).value());
    steps.push_back(point.step);
    times.push_back(point.timestamp_ms);
    values.push_back(point.value);
  }
  protocol::BatchBuilder batch;
  if (!values.empty()) batch.add_block(keys, values.size(), {steps, times, values, index});
  const auto views = [](const Texts& texts) {
    std::vector<protocol::TextView> list;
    for (const auto& [key, value] : texts) list.push_back({key, value});
    return list;
  };
  protocol::FrameHeader header;
  header.kind = Kind::kLogBatch;
  header.run = run_id(run);
  return protocol::make_frame(
      header, batch.finish_log_batch(views(what.params), views(what.tags), what.single));
}

class LogBatchTest : public TrackingTest {
 protected:
  Said log(const Logged& what, std::uint64_t run = 1) {
    return it.send(log_batch(run, what), wal::Door::kRest);
  }
  void start_run() {
    it.send(open_frame({1, 1, 1}));
    before_ = it.digest();
  }
  // Of what was there when the run began, or was last looked at.
  bool changed() { return std::exchange(before_, it.digest()) != before_; }

  static constexpr Said kOk{VerdictCode::kApplied, 0};
  static constexpr Said kInvalid{VerdictCode::kInvalid, 0};
  static constexpr Said kConflict{VerdictCode::kConflict, 0};

 private:
  std::string before_;
};
INTERRUPTED(LogBatchTest);

TEST_P(LogBatchTest, EverythingOfACallIsThere) {
  start_run();
  EXPECT_EQ(log({{{"m", {1, 10, 0.5}}, {"n", {2, 20, 0.25}}}, {{"p", "1"}}, {{"t", "a"}}}), kOk);
  in_the_middle();
  EXPECT_EQ(log({{}, {}, {{"t", "b"}, {"t", "c"}}}), kOk) << "the last one of a tag stays";
  EXPECT_EQ(log({}), kOk) << "nothing is not an error";
  EXPECT_EQ(it.points(1, "m"), (std::vector<Point>{{1, 10, 0.5}}));
  EXPECT_EQ(it.points(1, "n"), (std::vector<Point>{{2, 20, 0.25}}));
  EXPECT_EQ(it.params(1), (Texts{{"p", "1"}}));
  EXPECT_EQ(it.tags(1), (Texts{{"t", "c"}}));
}

TEST_P(LogBatchTest, AParamThatHasAnotherValueRefusesAllOfIt) {
  start_run();
  log({{}, {{"p", "1"}, {"q", "2"}}, {}});
  changed();
  EXPECT_EQ(log({{{"m", {1, 1, 1.0}}}, {{"new", "x"}, {"p", "3"}, {"q", "4"}}, {{"t", "a"}}}),
            kConflict);
  EXPECT_EQ(
      it.last.text,
      fmt::format("Changing param values is not allowed. Params were already logged='[{{'key': "
                  "'p', 'old_value': '1', 'new_value': '3'}}, {{'key': 'q', 'old_value': '2', "
                  "'new_value': '4'}}]' for run ID='{}'.",
                  run_id(1).hex()));
  in_the_middle();
  EXPECT_EQ(log({{}, {{"p", "5"}}, {}, true}), kConflict);
  EXPECT_EQ(
      it.last.text,
      fmt::format("Changing param values is not allowed. Param with key='p' was already logged "
                  "with value='1' for run ID='{}'. Attempted logging new value '5'.",
                  run_id(1).hex()));
  EXPECT_FALSE(changed());
  EXPECT_EQ(log({{}, {{"p", "1"}, {"q", "2"}}, {}}), kOk) << "the same again is fine";
  EXPECT_FALSE(changed());
}

TEST_P(LogBatchTest, AKeyThatComesTwiceRefusesAllOfIt) {
  start_run();
  EXPECT_EQ(log({{{"m", {1, 1, 1.0}}}, {{"d", "1"}, {"e", "1"}, {"d", "1"}}, {}}), kInvalid);
  EXPECT_EQ(
      it.last.text,
      "Duplicate parameter keys have been submitted: ['d']. Please ensure the request contains "
      "only one param value per param key.");
  in_the_middle();
  EXPECT_FALSE(changed());
}

TEST_P(LogBatchTest, WhateverIsWrongNothingOfItIsApplied) {
  start_run();
  const std::string control = "bad\nkey";
  EXPECT_EQ(log({{{"m", {1, 1, 1.0}}}, {{control, "1"}}, {{"t", "1"}}}), kInvalid);
  EXPECT_EQ(log({{{"m", {1, 1, 1.0}}}, {{"p", "1"}}, {{control, "1"}}}), kInvalid);
  EXPECT_EQ(log({{{"m", {1, 1, 1.0}}}, {{"p", "\xff"}}, {{"t", "1"}}}), kInvalid);
  in_the_middle();
  EXPECT_FALSE(changed());
}

TEST_P(LogBatchTest, TheNameOfARunIsItsTagAndIsNeverTakenAway) {
  start_run();
  EXPECT_EQ(log({{}, {}, {{"mlflow.runName", "first"}}}), kOk);
  EXPECT_EQ(log({{}, {}, {{"mlflow.runName", ""}}}), kOk);
  in_the_middle();
  EXPECT_EQ(it.run(1).info->name, "first");
  EXPECT_EQ(it.tags(1), (Texts{{"mlflow.runName", "first"}}));
}

TEST_P(LogBatchTest, RunsThatAreNotThereOrDeletedAreToldInMlflowsWords) {
  start_run();
  EXPECT_EQ(log({{{"m", {1, 1, 1.0}}}, {}, {}}, 9), (Said{VerdictCode::kNotFound, 0}));
  EXPECT_EQ(it.last.text, fmt::format("Run with id={} not found", run_id(9).hex()));
  wire::RunStageT stage;
  stage.deleted = true;
  it.send(command_frame(Kind::kRunStage, stage, 1), wal::Door::kRest);
  in_the_middle();
  changed();
  EXPECT_EQ(log({{{"m", {1, 1, 1.0}}}, {}, {}}), kInvalid);
  EXPECT_EQ(it.last.text,
            fmt::format("The run {} must be in the 'active' state. Current state is deleted.",
                        run_id(1).hex()));
  EXPECT_FALSE(changed());
}

TEST_P(LogBatchTest, LongValuesAreCutInMessagesAtCharacters) {
  start_run();
  std::string umlauts;
  for (int i = 0; i < 200; ++i) umlauts += "ü";
  log({{}, {{"p", umlauts}}, {}});
  in_the_middle();
  EXPECT_EQ(log({{}, {{"p", "x" + umlauts}}, {}, true}), kConflict);
  EXPECT_LT(it.last.text.size(), 1000u);
  EXPECT_NE(it.last.text.find("ü..."), std::string::npos);
}

}  // namespace
}  // namespace stepwell::tracking
