// The command line as scripts see it: exit codes, one line an error, JSON fields that stay.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "tests/tools/stepwell_process.hpp"

namespace stepwell::tools {
namespace {

using testing::HasSubstr;

const char* const kCommands[] = {"serve",   "load",    "replay",  "verify", "scrub",
                                 "runs",    "metrics", "history", "chart",  "delete",
                                 "restore", "gc",      "dump",    "probe"};

std::ptrdiff_t lines(const std::string& text) {
  return std::ranges::count(text, '\n');
}

TEST(Command, HelpEverywhereWithExamples) {
  EXPECT_EQ(run_stepwell({"--help"}).code, 0);
  EXPECT_THAT(run_stepwell({"--version"}).out, HasSubstr("stepwell 0."));
  for (const char* command : kCommands) {
    const auto help = run_stepwell({command, "--help"});
    EXPECT_EQ(help.code, 0) << command;
    EXPECT_THAT(help.out, HasSubstr("Examples:")) << command;
    EXPECT_THAT(help.out, HasSubstr(std::string("stepwell ") + command)) << command;
    EXPECT_EQ(help.err, "") << command;
  }
}

struct UsageCase {
  std::vector<std::string> arguments;
  const char* says;
};

TEST(Command, UsageErrorsAreOneLineAndTwo) {
  const UsageCase cases[] = {
      {{"frobnicate"}, "frobnicate"},
      {{"load", "--to", "127.0.0.1:1", "--profile", "f1", "--frob"}, "--frob"},
      {{"load", "--profile", "f1"}, "--to"},
      {{"load", "--to", "nowhere", "--profile", "f1"}, "nowhere"},
      {{"load", "--to", "127.0.0.1:1", "--profile", "f99"}, "f99"},
      {{"load", "--to", "127.0.0.1:1", "--profile", "f1", "--connections", "0"}, "connections"},
      {{"verify"}, "directory"},
      {{"runs"}, "--to"},
      {{"runs", "--to", "127.0.0.1:1", "--data", "x"}, "--data"},
      {{"runs", "--to", "127.0.0.1:1", "--json", "--csv"}, "--csv"},
      {{"history", "--to", "127.0.0.1:1"}, "run"},
      {{"history", "--to", "127.0.0.1:1", "run", "--order", "sideways"}, "sideways"},
      {{"chart", "--to", "127.0.0.1:1", "run"}, "--metric"},
      {{"chart", "--to", "127.0.0.1:1", "run", "--metric", "m", "--axis", "depth"}, "depth"},
      {{"chart", "--to", "127.0.0.1:1", "run", "--metric", "m", "--buckets", "10001"}, "buckets"},
      {{"dump", "lava", "x"}, "lava"},
      {{"replay", "x"}, "--to"},
      {{"probe", "--shape", "f99"}, "f99"},
      {{"--bogus"}, "--bogus"},
  };
  for (const auto& [arguments, says] : cases) {
    const auto finished = run_stepwell(arguments);
    EXPECT_EQ(finished.code, 2) << arguments.front() << ": " << finished.err;
    EXPECT_EQ(lines(finished.err), 1) << finished.err;
    EXPECT_THAT(finished.err, HasSubstr(says));
    EXPECT_EQ(finished.out, "");
  }
}

TEST(Command, FailuresAreOneLineAndTheirCode) {
  const TestDirectory scratch;
  std::ofstream(scratch / "there") << "x";
  const struct {
    std::vector<std::string> arguments;
    int code;
  } cases[] = {
      {{"verify", scratch / "nothing"}, 1},
      {{"runs", "--data", scratch / "nothing"}, 1},
      {{"runs", "--to", "127.0.0.1:1"}, 74},
      {{"dump", "wal", scratch / "nothing"}, 1},
      {{"load", "--to", "127.0.0.1:1", "--profile", "f3", "--journal", scratch / "there"}, 73},
      {{"serve", "--config", scratch / "there"}, 78},
      {{"serve", "--config", scratch / "missing"}, 78},
      {{"serve", "--data", ""}, 78},
      {{"serve", "--data", scratch / "data", "--listen", "nowhere"}, 78},
      {{"serve", "--data", scratch / "data", "--listen", "192.0.2.1:1"}, 74},
      {{"serve", "--data", scratch / "there", "--listen", "127.0.0.1:0"}, 73},
      {{"replay", scratch / "there", "--to", "127.0.0.1:1"}, 1},
      {{"replay", scratch / "", "--to", "127.0.0.1:1"}, 1},
      {{"load", "--to", "127.0.0.1:1", "--profile", "f3", "--seconds", "0.1", "--streams", "4"},
       74},
  };
  for (const auto& [arguments, code] : cases) {
    const auto finished = run_stepwell(arguments);
    EXPECT_EQ(finished.code, code) << arguments.front() << ": " << finished.err;
    EXPECT_EQ(lines(finished.err), 1) << finished.err;
    EXPECT_THAT(finished.err, testing::StartsWith("stepwell " + arguments.front() + ": "));
    EXPECT_THAT(finished.err, testing::Not(testing::EndsWith(": \n"))) << "a reason is missing";
  }
  EXPECT_FALSE(std::filesystem::exists(scratch / "data")) << "nothing is created for it";
}

// Keys of a JSON object's outer level, in order.
std::vector<std::string> keys_of(const std::string& line) {
  std::vector<std::string> keys;
  int depth = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '{' || line[i] == '[') ++depth;
    if (line[i] == '}' || line[i] == ']') --depth;
    if (line[i] != '"') continue;
    const std::size_t end = line.find('"', i + 1);
    if (depth == 1 && line[end + 1] == ':') keys.push_back(line.substr(i + 1, end - i - 1));
    i = end;
  }
  return keys;
}

std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

class LoadedServer : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(server_.start()) << server_.errors();
    loaded_ = run_stepwell({"load", "--to", server_.address(), "--profile", "mixed", "--streams",
                            "9", "--seconds", "30", "--seed", "11", "--journal",
                            scratch_ / "journal", "--json"});
    ASSERT_EQ(loaded_.code, 0) << loaded_.err;
  }
  TestDirectory scratch_;
  TestServer server_{scratch_ / "data", scratch_ / "server"};
  Finished loaded_;
};

TEST_F(LoadedServer, JsonKeepsItsShape) {
  EXPECT_THAT(keys_of(loaded_.out),
              testing::ElementsAre("profile", "seed", "connections", "seconds", "frames", "points",
                                   "bytes", "frames_per_second", "points_per_second", "ack_p50_ms",
                                   "ack_p90_ms", "ack_p99_ms", "ack_max_ms", "frames_sent",
                                   "duplicates", "rejected", "refused", "reconnects",
                                   "streams_finished", "all_acknowledged", "lost"));
  EXPECT_THAT(loaded_.out,
              HasSubstr("\"streams_finished\":9,\"all_acknowledged\":true,\"lost\":0"));

  const auto runs = run_stepwell({"runs", "--to", server_.address(), "--json"});
  ASSERT_EQ(lines(runs.out), 3) << runs.out << runs.err;
  const std::vector<std::string> run_keys = {
      "run",    "name",    "experiment", "status",  "user",   "deleted",   "start_ms",
      "end_ms", "batches", "duplicates", "writers", "series", "deleted_ms"};
  EXPECT_EQ(keys_of(first_line(runs.out)), run_keys);
  const std::string id = runs.out.substr(8, 32);

  auto one_keys = run_keys;
  one_keys.insert(one_keys.end(), {"params", "tags", "metrics", "losses", "writers"});
  const auto one = run_stepwell({"runs", "--to", server_.address(), id.substr(0, 12), "--json"});
  EXPECT_EQ(keys_of(one.out), one_keys) << one.err;
  const auto metrics =
      run_stepwell({"metrics", "--to", server_.address(), id, "--stats", "--json"});
  EXPECT_THAT(keys_of(first_line(metrics.out)),
              testing::ElementsAre("key", "context", "count", "step", "timestamp_ms", "value",
                                   "first_step", "min", "max"));
  const auto history =
      run_stepwell({"history", "--to", server_.address(), id, "--all-contexts", "--json"});
  EXPECT_THAT(keys_of(first_line(history.out)),
              testing::IsSupersetOf({"key", "context", "step", "timestamp_ms", "value"}));
  const auto csv =
      run_stepwell({"history", "--to", server_.address(), id, "--all-contexts", "--csv"});
  EXPECT_EQ(first_line(csv.out), "key,context,step,timestamp_ms,value");
  EXPECT_EQ(lines(csv.out), lines(history.out) + 1);
  const auto by_time = run_stepwell(
      {"history", "--to", server_.address(), id, "--all-contexts", "--csv", "--order", "time"});
  EXPECT_EQ(lines(by_time.out), lines(csv.out)) << by_time.err;
}

// Counts of a chart's buckets add up to the points that the history lists.
TEST_F(LoadedServer, AChartIsDrawnAndTold) {
  const std::string to = server_.address();
  const std::string id = run_stepwell({"runs", "--to", to, "--json"}).out.substr(8, 32);
  const auto metrics = run_stepwell({"metrics", "--to", to, id, "--csv"});
  const std::string key = metrics.out.substr(metrics.out.find('\n') + 1);
  const std::string name = key.substr(0, key.find(','));
  for (const std::string axis : {"step", "time"}) {
    const std::vector<std::string> question = {"chart",    "--to", to,       id,  "--all-contexts",
                                               "--metric", name,   "--axis", axis};
    auto as_json = question, as_csv = question;
    as_json.push_back("--json");
    as_csv.push_back("--csv");
    const auto json = run_stepwell(as_json), csv = run_stepwell(as_csv);
    EXPECT_THAT(keys_of(first_line(json.out)),
                testing::ElementsAre("run", "key", "context", "first", "last", "count", "nan_count",
                                     "min", "max", "first_value", "last_value"))
        << json.err;
    EXPECT_EQ(first_line(csv.out),
              "run,key,context,first,last,count,nan_count,min,max,first_value,last_value");
    EXPECT_EQ(lines(csv.out), lines(json.out) + 1);
    const auto history =
        run_stepwell({"history", "--to", to, id, name, "--all-contexts", "--json"});
    std::ptrdiff_t points = 0;
    for (std::size_t at = 0; (at = json.out.find("\"count\":", at)) != std::string::npos; ++at) {
      points += std::stol(json.out.substr(at + 8));
    }
    EXPECT_EQ(points, lines(history.out));
    const auto drawn = run_stepwell(question);
    EXPECT_THAT(drawn.out, HasSubstr("\xE2\xA0")) << drawn.err;
    EXPECT_THAT(drawn.out, HasSubstr(id.substr(0, 8) + " " + name));
  }
  const auto misspelt = run_stepwell({"chart", "--to", to, id, "--metric", "nokey"});
  EXPECT_EQ(misspelt.code, 1);
  EXPECT_THAT(misspelt.err, HasSubstr("no metric 'nokey'"));
}

TEST_F(LoadedServer, AServerAndItsStoppedStoreTellTheSame) {
  const std::string id =
      run_stepwell({"runs", "--to", server_.address(), "--json"}).out.substr(8, 32);
  const std::vector<std::vector<std::string>> questions = {
      {"runs", "--json"},
      {"runs", id, "--json"},
      {"metrics", id, "--csv"},
      {"history", id, "--all-contexts", "--csv"},
      {"history", id, "--all-contexts", "--csv", "--order", "time"},
      {"history", id, "--all-contexts", "--first-step", "100", "--last-step", "300", "--json"}};
  std::vector<std::string> live;
  for (auto question : questions) {
    question.insert(question.end(), {"--to", server_.address()});
    live.push_back(run_stepwell(question).out);
    EXPECT_GT(live.back().size(), 100u) << question.front();
  }
  ASSERT_EQ(server_.stop(), 0) << server_.errors();
  for (std::size_t i = 0; i < questions.size(); ++i) {
    auto question = questions[i];
    question.insert(question.end(), {"--data", server_.directory()});
    const std::string stopped = run_stepwell(question).out;
    EXPECT_EQ(stopped, live[i]) << question.front();
  }
}

TEST_F(LoadedServer, AStoreInUseIsRefusedWithThePid) {
  const std::string pid = std::to_string(server_.child().pid());
  const std::string& directory = server_.directory();
  const std::vector<std::vector<std::string>> questions = {
      {"verify", directory},
      {"runs", "--data", directory},
      {"serve", "--data", directory, "--listen", "127.0.0.1:0"},
      {"dump", "index", directory},
      {"dump", "index", directory + "/index.lmdb"},
      {"dump", "wal", directory + "/"},
      {"dump", "wal", directory + "/wal"},
      {"dump", "wal", directory + "/wal/0000000000000000.seg"}};
  for (const auto& question : questions) {
    const auto refused = run_stepwell(question);
    EXPECT_EQ(refused.code, 75) << question.front();
    EXPECT_THAT(refused.err, testing::AllOf(HasSubstr(pid), HasSubstr("--to"))) << question.front();
    EXPECT_EQ(lines(refused.err), 1);
    const bool has_to = question.front() != "verify" && question.front() != "dump";
    EXPECT_EQ(refused.err.find("stop that server") == std::string::npos, has_to) << refused.err;
  }
}

TEST_F(LoadedServer, WhatIsMisspeltIsNotFound) {
  const std::string to = server_.address();
  const std::string id = run_stepwell({"runs", "--to", to, "--json"}).out.substr(8, 32);
  const auto metric = run_stepwell({"history", "--to", to, id, "nokey"});
  EXPECT_EQ(metric.code, 1);
  EXPECT_THAT(metric.err, HasSubstr("no metric 'nokey'"));
  const auto experiment = run_stepwell({"runs", "--to", to, "--experiment", "nothere", "--csv"});
  EXPECT_EQ(experiment.code, 1);
  EXPECT_EQ(experiment.out, "");
  EXPECT_THAT(experiment.err, HasSubstr("no experiment 'nothere'"));
}

}  // namespace
}  // namespace stepwell::tools
