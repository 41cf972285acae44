// Experiments and the server itself over HTTP.

#include "tests/http/http_fixture.hpp"

namespace stepwell::http {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class ExperimentApiTest : public HttpTest {
 protected:
  ExperimentApiTest() { start(); }
};

TEST_F(ExperimentApiTest, AnExperimentIsCreatedFoundChangedAndDeleted) {
  const Answer created =
      post("experiments/create", R"({"name":"e ü","tags":[{"key":"k","value":"v"}]})");
  EXPECT_EQ(created.body, R"({"experiment_id":"1"})");
  const Answer found = get("experiments/get?experiment_id=1");
  EXPECT_EQ(found.body,
            R"({"experiment":{"experiment_id":"1","name":"e ü","artifact_location":)"
            R"("mlflow-artifacts:/1","lifecycle_stage":"active","last_update_time":1700000000000,)"
            R"("creation_time":1700000000000,"tags":[{"key":"k","value":"v"}]}})");
  EXPECT_EQ(get("experiments/get-by-name?experiment_name=e+%C3%BC").body, found.body);
  EXPECT_EQ(get("/ajax-api/2.0/mlflow/experiments/get?experiment_id=1").body, found.body);
  EXPECT_EQ(get("/api/3.0/mlflow/experiments/get?experiment_id=1").body, found.body);
  EXPECT_EQ(post("experiments/update", R"({"experiment_id":"1","new_name":"f"})").body, "{}");
  EXPECT_EQ(
      post("experiments/set-experiment-tag", R"({"experiment_id":"1","key":"k","value":"w"})").body,
      "{}");
  EXPECT_THAT(get("experiments/get-by-name?experiment_name=f").body,
              HasSubstr(R"({"key":"k","value":"w"})"));
  EXPECT_EQ(post("experiments/delete-experiment-tag", R"({"experiment_id":"1","key":"k"})").body,
            "{}");
  EXPECT_THAT(get("experiments/get?experiment_id=1").body, Not(HasSubstr("tags")));
  EXPECT_EQ(post("experiments/delete", R"({"experiment_id":"1"})").body, "{}");
  EXPECT_THAT(get("experiments/get?experiment_id=1").body,
              HasSubstr(R"("lifecycle_stage":"deleted")"));
  EXPECT_EQ(post("experiments/restore", R"({"experiment_id":"1"})").body, "{}");
  EXPECT_THAT(get("experiments/get?experiment_id=1").body,
              HasSubstr(R"("lifecycle_stage":"active")"));
}

struct Row {
  std::string_view path;
  std::string_view body;  // Empty: GET.
  int status;
  std::string_view code;
  std::string_view text;
};

TEST_F(ExperimentApiTest, WhatIsWrongIsToldInMlflowsWords) {
  create_experiment("taken");
  create_experiment("gone");
  post("experiments/delete", R"({"experiment_id":"2"})");
  constexpr std::string_view kInvalid = "INVALID_PARAMETER_VALUE";
  constexpr std::string_view kUnknown = "RESOURCE_DOES_NOT_EXIST";
  const std::string long_name = fmt::format(R"({{"name":"{}"}})", std::string(501, 'n'));
  const Row rows[] = {
      {"experiments/create", R"({"name":"taken"})", 400, "RESOURCE_ALREADY_EXISTS",
       "Experiment(name=taken) already exists"},
      {"experiments/create", R"({"name":"gone"})", 400, "RESOURCE_ALREADY_EXISTS",
       "already exists"},
      {"experiments/create", R"({"name":""})", 400, kInvalid, "required parameter 'name'"},
      {"experiments/create", R"({"name":5})", 400, kInvalid, "Value was of type 'int'"},
      {"experiments/create", long_name, 400, kInvalid, "maximum length of 500 characters"},
      {"experiments/create", R"({"name":"n","artifact_location":"s3://a#b"})", 400, kInvalid,
       "'artifact_location' URL can't include fragments or params."},
      {"experiments/create", R"({"name":"n","artifact_location":"s3://a?x=.."})", 400, kInvalid,
       "'..'"},
      {"experiments/get?experiment_id=99", "", 404, kUnknown, "No Experiment with id=99 exists"},
      {"experiments/get?experiment_id=abc", "", 400, kInvalid,
       "Invalid experiment ID 'abc'. Experiment ID must be a valid integer."},
      {"experiments/get", "", 400, kInvalid, "required parameter 'experiment_id'"},
      {"experiments/get?experiment_id=%zz", "", 400, kInvalid, "not percent-encoded"},
      {"experiments/get-by-name?experiment_name=nope", "", 404, kUnknown,
       "Could not find experiment with name 'nope'"},
      {"experiments/update", R"({"experiment_id":"2","new_name":"x"})", 400, kInvalid,
       "The experiment 2 must be in the 'active' state. Current state is deleted."},
      {"experiments/update", R"({"experiment_id":"1","new_name":"gone"})", 400,
       "RESOURCE_ALREADY_EXISTS", "gone"},
      {"experiments/delete", R"({"experiment_id":"99"})", 404, kUnknown,
       "No Experiment with id=99 exists"},
      {"experiments/set-experiment-tag", R"({"experiment_id":"2","key":"k","value":"v"})", 400,
       kInvalid, "must be in the 'active' state"},
      {"experiments/delete-experiment-tag", R"({"experiment_id":"1","key":"k"})", 404, kUnknown,
       "No tag with name: k in experiment with id 1"},
      {"experiments/search", R"({"max_results":0})", 400, kInvalid,
       "It must be a positive integer"},
      {"experiments/search", R"({"max_results":50001})", 400, kInvalid, "at most 50000"},
  };
  for (const Row& row : rows) {
    const Answer answer = row.body.empty() ? get(row.path) : post(row.path, row.body);
    EXPECT_EQ(answer.status, row.status) << row.path << " " << row.body << answer.body;
    EXPECT_THAT(answer.body, HasSubstr(fmt::format("\"error_code\":\"{}\"", row.code)));
    EXPECT_THAT(answer.body, HasSubstr(std::string(row.text)));
  }
}

TEST_F(ExperimentApiTest, SearchesShowAStageInPages) {
  for (int i = 0; i < 4; ++i) create_experiment(fmt::format("e{}", i));
  post("experiments/delete", R"({"experiment_id":"2"})");
  const auto ids = [&](std::string_view body) {
    const Answer answer = post("experiments/search", body);
    std::vector<std::string> found;
    for (std::size_t at = 0;
         (at = answer.body.find("\"experiment_id\":\"", at)) != std::string::npos;) {
      at += 17;
      found.push_back(answer.body.substr(at, answer.body.find('"', at) - at));
    }
    found.push_back(field(answer, "next_page_token").empty() ? "end" : "more");
    return found;
  };
  using Ids = std::vector<std::string>;
  EXPECT_EQ(ids(R"({"view_type":"DELETED_ONLY","max_results":10})"), (Ids{"2", "end"}));
  EXPECT_EQ(ids(R"({"view_type":3})").size(), 6u);
  EXPECT_EQ(ids("{}").size(), 5u) << "active ones by default";
  EXPECT_EQ(ids(R"({"max_results":4})").back(), "end");
  EXPECT_EQ(ids(R"({"max_results":3})").back(), "more");
  EXPECT_THAT(get("experiments/search?max_results=1&view_type=DELETED_ONLY").body,
              HasSubstr(R"("experiment_id":"2")"));
}

TEST_F(ExperimentApiTest, RelativeLocationsAreBelowTheServersDirectory) {
  post("experiments/create", R"({"name":"a","artifact_location":"my/files"})");
  post("experiments/create", R"({"name":"b","artifact_location":"s3://bucket/x?y=z"})");
  EXPECT_EQ(field(get("experiments/get?experiment_id=1"), "artifact_location"), "/my/files");
  const std::string run = create_run("2");
  EXPECT_EQ(field(get("runs/get?run_id=" + run), "artifact_uri"),
            fmt::format("s3://bucket/x/{}/artifacts?y=z", run));
}

TEST_F(ExperimentApiTest, UnknownPathsAndMethodsAreAnsweredAsJson) {
  for (const std::string_view path :
       {"/api/2.0/mlflow/registered-models/search", "/api/2.0/mlflow/runs/get/", "/", "/graphql",
        "/api/2.0/mlflow", "/api/2.0/mlflow/health", "/runs/get", "/api/4.0/mlflow/runs/get"}) {
    const Answer answer = get(path);
    EXPECT_EQ(answer.status, 404) << path;
    EXPECT_THAT(answer.body, HasSubstr(R"("error_code":"ENDPOINT_NOT_FOUND")")) << path;
  }
  const Answer wrong = get("runs/create");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.header("Allow"), "POST");
  Browser browser = connect();
  browser.send(request("OPTIONS", "/api/2.0/mlflow/experiments/search"));
  const Answer options = browser.read();
  EXPECT_EQ(options.status, 204);
  EXPECT_EQ(options.header("Allow"), "POST, GET, OPTIONS");
}

TEST_F(ExperimentApiTest, TheServerTellsWhatItIs) {
  EXPECT_EQ(get("/health").body, "OK");
  EXPECT_EQ(get("/livez").status, 200);
  EXPECT_EQ(get("/readyz").status, 200);
  EXPECT_THAT(get("/api/3.0/mlflow/server-info").body,
              testing::AllOf(HasSubstr(R"("workspaces_enabled":false)"),
                             HasSubstr(R"("multipart_uploads_enabled":false)"),
                             HasSubstr(R"("multipart_downloads_enabled":false)")));
  const std::string capabilities = get("/api/stepwell/v1/capabilities").body;
  EXPECT_THAT(capabilities, HasSubstr(R"("server":"stepwell")"));
  EXPECT_THAT(capabilities, HasSubstr(R"("frame_bytes":16777216)"));
  shared_->draining = true;
  EXPECT_EQ(get("/readyz").status, 503);
  EXPECT_EQ(get("/livez").status, 200);
}

}  // namespace
}  // namespace stepwell::http
