// Runs over HTTP: what each endpoint answers, in success and in error.

#include <span>

#include "tests/http/http_fixture.hpp"

namespace stepwell::http {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

struct Row {
  std::string_view path;
  std::string_view body;
  int status;
  std::string_view code;
  std::string_view text;
};

class RunApiTest : public HttpTest {
 protected:
  RunApiTest() { start(); }
  // `RUN` in a body stands for the run's id.
  std::string with_run(std::string text, const std::string& run) {
    for (std::size_t at = 0; (at = text.find("RUN", at)) != std::string::npos;) {
      text.replace(at, 3, run);
    }
    return text;
  }
  std::string body_of(const std::string& run) { return get("runs/get?run_id=" + run).body; }
  // For a run whose param p is 1.
  void expect_refused(std::span<const Row> rows) {
    const std::string run = create_run();
    post("runs/log-parameter", with_run(R"({"run_id":"RUN","key":"p","value":"1"})", run));
    const std::string before = body_of(run);
    for (const Row& row : rows) {
      const Answer answer = post(row.path, with_run(std::string(row.body), run));
      EXPECT_EQ(answer.status, row.status) << row.path << " " << row.body << answer.body;
      EXPECT_THAT(answer.body, HasSubstr(fmt::format("\"error_code\":\"{}\"", row.code)))
          << row.body;
      EXPECT_THAT(answer.body, HasSubstr(std::string(row.text))) << row.path << " " << row.body;
    }
    EXPECT_EQ(body_of(run), before);
  }
};

TEST_F(RunApiTest, ARunIsCreatedWithItsNameAndItsPlace) {
  const Answer answer = post("runs/create", R"({"experiment_id":"0","user_id":"me","start_time":5,
      "tags":[{"key":"k","value":"v"}],"run_name":"first"})");
  ASSERT_EQ(answer.status, 200) << answer.body;
  const std::string run = field(answer, "run_id");
  EXPECT_EQ(run.size(), 32u);
  EXPECT_EQ(field(answer, "run_uuid"), run);
  EXPECT_EQ(field(answer, "artifact_uri"), "mlflow-artifacts:/0/" + run + "/artifacts");
  for (const std::string_view part :
       {R"("run_name":"first")", R"("status":"RUNNING")", R"("start_time":5)", R"("user_id":"me")",
        R"("lifecycle_stage":"active")", R"("inputs":{})", R"({"key":"k","value":"v"})",
        R"({"key":"mlflow.runName","value":"first"})"}) {
    EXPECT_THAT(answer.body, HasSubstr(std::string(part)));
  }
  EXPECT_THAT(answer.body, Not(HasSubstr("end_time")));
  const Answer unnamed = post("runs/create", R"({"experiment_id":"0"})");
  const std::string name = field(unnamed, "run_name");
  EXPECT_THAT(unnamed.body,
              HasSubstr(fmt::format(R"({{"key":"mlflow.runName","value":"{}"}})", name)));
  EXPECT_EQ(std::ranges::count(name, '-'), 2) << name;
}

TEST_F(RunApiTest, WhatIsLoggedIsThere) {
  const std::string run = create_run();
  const std::string_view calls[][2] = {
      {"runs/log-metric", R"({"run_uuid":"RUN","key":"m","value":0.5,"timestamp":7,"step":3})"},
      {"runs/log-metric", R"({"run_id":"RUN","key":"m","value":"NaN","timestamp":"8","step":"2"})"},
      {"runs/log-metric", R"({"run_id":"RUN","key":"i","value":"-Infinity","timestamp":1})"},
      {"runs/log-metric", R"({"run_id":"RUN","key":"w","value":2,"timestamp":1.0})"},
      {"runs/log-parameter", R"({"run_uuid":"RUN","key":"p","value":"1","run_id":"RUN"})"},
      {"runs/log-parameter", R"({"run_id":"RUN","key":"empty"})"},
      {"runs/set-tag", R"({"run_uuid":"RUN","key":"t","value":"a \"b\" ü\n"})"},
      {"runs/log-batch", R"({"run_id":"RUN","metrics":[{"key":"b","value":1,"timestamp":1,
          "run_id":"RUN"}],"params":[{"key":"q","value":"2"}],"tags":[{"key":"u","value":"3"}]})"},
      {"runs/log-batch", R"({"run_id":"RUN"})"},
  };
  for (const auto& [path, body] : calls) {
    const Answer answer = post(path, with_run(std::string(body), run));
    EXPECT_EQ(answer.status, 200) << path << answer.body;
    EXPECT_EQ(answer.body, "{}");
  }
  const std::string body = body_of(run);
  for (const std::string_view part :
       {R"({"key":"m","value":0.5,"timestamp":7,"step":3})",
        R"({"key":"i","value":-1.7976931348623157e+308,"timestamp":1,"step":0})",
        R"({"key":"w","value":2.0,)", R"({"key":"b","value":1.0,)", R"({"key":"p","value":"1"})",
        R"({"key":"empty","value":""})", R"({"key":"q","value":"2"})",
        R"({"key":"t","value":"a \"b\" ü\n"})", R"({"key":"u","value":"3"})"}) {
    EXPECT_THAT(body, HasSubstr(std::string(part)));
  }
}

constexpr std::string_view kInvalid = "INVALID_PARAMETER_VALUE";
constexpr std::string_view kUnknown = "RESOURCE_DOES_NOT_EXIST";

TEST_F(RunApiTest, WhatIsWrongWithAValueIsToldInMlflowsWordsAndChangesNothing) {
  const Row rows[] = {
      {"runs/log-metric", "{}", 400, kInvalid, "Missing value for required parameter 'run_id'"},
      {"runs/log-metric", "", 400, kInvalid, "Missing value for required parameter 'run_id'"},
      {"runs/log-metric", "{\"run_id\"", 400, kInvalid, "Missing value for required parameter"},
      {"runs/log-metric", "[1]", 400, kInvalid, "expected a JSON object"},
      {"runs/log-metric", R"({"run_id":"RUN","key":"m","value":1})", 400, kInvalid,
       "Missing value for required parameter 'timestamp'"},
      {"runs/log-metric", R"({"run_id":"RUN","key":"m","value":"x","timestamp":1})", 400, kInvalid,
       "Invalid value \\\"x\\\" for parameter 'value' supplied:  Hint: Value was of type 'str'"},
      {"runs/log-metric", R"({"run_id":"RUN","key":"m","value":1,"timestamp":-1})", 400, kInvalid,
       "Timestamp must be a nonnegative long"},
      {"runs/log-metric",
       R"({"run_id":"RUN","key":"m","value":1,"timestamp":1,"step":9223372036854775808})", 400,
       kInvalid, "parameter 'step'"},
      {"runs/log-metric", R"({"run_id":"RUN","key":"m","value":1,"timestamp":1,"step":1.5})", 400,
       kInvalid, "parameter 'step' supplied:  Hint: Value was of type 'float'"},
      {"runs/log-metric", R"({"run_id":"RUN","key":"a$b","value":1,"timestamp":1})", 400, kInvalid,
       "Names may only contain alphanumerics"},
      {"runs/log-metric", R"({"run_id":"RUN","key":"a//b","value":1,"timestamp":1})", 400, kInvalid,
       "This name would resolve to 'a/b'"},
      {"runs/log-metric",
       R"({"run_id":"RUN","key":"m","value":1,"timestamp":1,"dataset_name":"d"})", 400, kInvalid,
       "Both dataset_name and dataset_digest must be provided"},
      {"runs/log-metric",
       R"({"run_id":"00000000000000000000000000000001","key":"m","value":1,"timestamp":1})", 404,
       kUnknown, "Run with id=00000000000000000000000000000001 not found"},
      {"runs/log-metric", R"({"run_id":"nope","key":"m","value":1,"timestamp":1})", 404, kUnknown,
       "Run with id=nope not found"},
  };
  expect_refused(rows);
}

TEST_F(RunApiTest, WhatIsWrongWithACallIsToldInMlflowsWordsAndChangesNothing) {
  const Row rows[] = {
      {"runs/log-parameter", R"({"run_id":"RUN","key":"p","value":"2"})", 400, kInvalid,
       "Changing param values is not allowed. Param with key='p' was already logged with "
       "value='1'"},
      {"runs/log-parameter", R"({"run_id":"RUN","key":"p","value":5})", 400, kInvalid,
       "Value was of type 'int'"},
      {"runs/set-tag", R"({"run_id":"RUN","key":""})", 400, kInvalid,
       "Missing value for required parameter 'key'"},
      {"runs/delete-tag", R"({"run_id":"RUN","key":"none"})", 404, kUnknown,
       "No tag with name: none in run with id"},
      {"runs/log-batch", R"({"run_id":"RUN","metrics":[{"key":"m","value":1,"timestamp":1},
          {"key":"m","value":1}]})",
       400, kInvalid, "Missing value for required parameter 'metrics[1].timestamp'"},
      {"runs/log-batch", R"({"run_id":"RUN","tags":[{"key":"ok"},{"key":"a/../b"}]})", 400,
       kInvalid, "for parameter 'tags[1].key'"},
      {"runs/log-batch", R"({"run_id":"RUN","params":[{"key":"n","value":"1"},
          {"key":"p","value":"2"}],"metrics":[{"key":"m","value":1,"timestamp":1}]})",
       400, kInvalid,
       "Params were already logged='[{'key': 'p', 'old_value': '1', 'new_value': '2'}]'"},
      {"runs/log-batch", R"({"run_id":"RUN","params":[{"key":"n"},{"key":"n"}]})", 400, kInvalid,
       "Duplicate parameter keys have been submitted: ['n']"},
      {"runs/log-batch", R"({"run_id":"a b"})", 400, kInvalid, "Invalid run ID: 'a b'"},
      {"runs/log-batch", R"({"run_uuid":"RUN"})", 400, kInvalid, "parameter 'run_id'"},
      {"runs/create", R"({})", 400, "BAD_REQUEST", "experiment_id"},
      {"runs/create", R"({"experiment_id":"99"})", 404, kUnknown,
       "No Experiment with id=99 exists"},
      {"runs/create", R"({"experiment_id":"abc"})", 400, kInvalid, "Invalid experiment ID 'abc'"},
      {"runs/create", R"({"experiment_id":0})", 400, kInvalid, "Value was of type 'int'"},
      {"runs/create", R"({"experiment_id":"0","run_name":"a",
          "tags":[{"key":"mlflow.runName","value":"b"}]})",
       400, kInvalid, "Both 'run_name' argument and 'mlflow.runName' tag are specified"},
      {"runs/update", R"({"run_id":"00000000000000000000000000000001"})", 404, kUnknown,
       "not found"},
      {"runs/delete", R"({"run_id":"00000000000000000000000000000001"})", 404, kUnknown,
       "not found"},
      {"runs/search", R"({"experiment_ids":["0"],"max_results":0})", 400, kInvalid,
       "It must be a positive integer"},
      {"runs/search", R"({"experiment_ids":["0"],"max_results":50001})", 400, kInvalid,
       "at most 50000"},
      {"runs/search", R"({"experiment_ids":["x"]})", 400, kInvalid, "Invalid experiment ID 'x'"},
  };
  expect_refused(rows);
}

TEST_F(RunApiTest, ContentTypesOtherThanJsonAreRefused) {
  Browser browser = connect();
  browser.send(request("POST", "/api/2.0/mlflow/runs/search", "{}"));
  EXPECT_THAT(browser.read().body, HasSubstr("Content-Type header is missing"));
  browser.send(
      request("POST", "/api/2.0/mlflow/runs/search", "{}", "Content-Type: text/plain\r\n"));
  EXPECT_THAT(browser.read().body, HasSubstr("must be one of ['application/json']"));
}

TEST_F(RunApiTest, BatchesAreLimitedInNumber) {
  const std::string run = create_run();
  const auto list = [](std::size_t count, std::string_view entry) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) {
      out += fmt::format("{}{{\"key\":\"k{}\",{}}}", i ? "," : "", i, entry);
    }
    return out;
  };
  const auto batch = [&](std::size_t metrics, std::size_t params, std::size_t tags) {
    return post("runs/log-batch",
                fmt::format(R"({{"run_id":"{}","metrics":[{}],"params":[{}],"tags":[{}]}})", run,
                            list(metrics, R"("value":1,"timestamp":1)"),
                            list(params, R"("value":"v")"), list(tags, R"("value":"v")")));
  };
  EXPECT_EQ(batch(1000, 0, 0).status, 200);
  EXPECT_EQ(batch(800, 100, 100).status, 200);
  EXPECT_THAT(batch(1001, 0, 0).body, HasSubstr("at most 1000 metrics. Got 1001 metrics."));
  EXPECT_THAT(batch(0, 101, 0).body, HasSubstr("at most 100 params. Got 101 params."));
  EXPECT_THAT(batch(0, 0, 101).body, HasSubstr("at most 100 tags. Got 101 tags."));
  EXPECT_THAT(batch(801, 100, 100).body, HasSubstr("at most 1000 metrics, params, and tags."));
}

TEST_F(RunApiTest, LongValuesAreCutAndComparedAfterwards) {
  const std::string run = create_run();
  std::string umlauts;
  for (int i = 0; i < 9000; ++i) umlauts += "ü";
  const auto param = [&](const std::string& value) {
    return post("runs/log-parameter",
                fmt::format(R"({{"run_id":"{}","key":"p","value":"{}"}})", run, value))
        .status;
  };
  EXPECT_EQ(param(umlauts), 200);
  EXPECT_EQ(param(umlauts + "more"), 200) << "the same once it is cut";
  EXPECT_EQ(param("x" + umlauts), 400);
  EXPECT_EQ(
      post("runs/set-tag", fmt::format(R"({{"run_id":"{}","key":"t","value":"{}"}})", run, umlauts))
          .status,
      200);
  const std::string body = body_of(run);
  EXPECT_THAT(body, HasSubstr(fmt::format("\"p\",\"value\":\"{}\"", umlauts.substr(0, 12'000))));
  EXPECT_THAT(body, HasSubstr(fmt::format("\"t\",\"value\":\"{}\"", umlauts.substr(0, 16'000))));
}

TEST_F(RunApiTest, AnUpdateChangesWhatItNames) {
  const std::string run = create_run();
  const auto update = [&](std::string_view rest) {
    return post("runs/update",
                fmt::format(R"({{"run_uuid":"{}","run_id":"{}"{}}})", run, run, rest));
  };
  EXPECT_THAT(update(R"(,"status":"FINISHED","end_time":99)").body,
              testing::AllOf(HasSubstr(R"("run_info":{)"), HasSubstr(R"("status":"FINISHED")"),
                             HasSubstr(R"("end_time":99)")));
  EXPECT_THAT(update(R"(,"status":"BOGUS")").body, HasSubstr(R"("status":"FINISHED")"));
  EXPECT_THAT(update(R"(,"status":5)").body, HasSubstr(R"("status":"KILLED")"));
  EXPECT_THAT(update(R"(,"run_name":"new")").body, HasSubstr(R"("run_name":"new")"));
  EXPECT_THAT(update(R"(,"run_name":"")").body, HasSubstr(R"("run_name":"new")"));
  EXPECT_THAT(update(R"(,"end_time":0)").body, Not(HasSubstr("end_time")));
  EXPECT_THAT(body_of(run), HasSubstr(R"({"key":"mlflow.runName","value":"new"})"));
}

TEST_F(RunApiTest, ADeletedRunIsReadAndNotWritten) {
  const std::string run = create_run();
  const std::string about = fmt::format(R"({{"run_id":"{}"}})", run);
  EXPECT_EQ(post("runs/delete", about).body, "{}");
  EXPECT_EQ(post("runs/delete", about).status, 200) << "also when it is repeated";
  EXPECT_THAT(body_of(run), HasSubstr(R"("lifecycle_stage":"deleted")"));
  const std::string_view writes[][2] = {
      {"runs/log-metric", R"({"run_id":"RUN","key":"m","value":1,"timestamp":1})"},
      {"runs/log-parameter", R"({"run_id":"RUN","key":"m","value":"1"})"},
      {"runs/set-tag", R"({"run_id":"RUN","key":"m","value":"1"})"},
      {"runs/delete-tag", R"({"run_id":"RUN","key":"mlflow.runName"})"},
      {"runs/log-batch", R"({"run_id":"RUN"})"},
      {"runs/update", R"({"run_id":"RUN","status":"FAILED"})"},
  };
  for (const auto& [path, body] : writes) {
    const Answer answer = post(path, with_run(std::string(body), run));
    EXPECT_EQ(answer.status, 400) << path;
    EXPECT_THAT(answer.body,
                HasSubstr(fmt::format("The run {} must be in the 'active' state. Current "
                                      "state is deleted.",
                                      run)))
        << path;
  }
  EXPECT_EQ(post("runs/restore", about).status, 200);
  EXPECT_THAT(body_of(run), HasSubstr(R"("lifecycle_stage":"active")"));
}

}  // namespace
}  // namespace stepwell::http
