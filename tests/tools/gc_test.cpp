// Deleting, restoring and collecting with the real binary, on a server and on a stopped store.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/client/client.hpp"
#include "tests/tools/stepwell_process.hpp"
#include "tools/age.hpp"

namespace stepwell::tools {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

TEST(Age, IsANumberAndAUnit) {
  EXPECT_EQ(parse_age("90s").value(), std::chrono::seconds(90));
  EXPECT_EQ(parse_age("15m").value(), std::chrono::minutes(15));
  EXPECT_EQ(parse_age("12h").value(), std::chrono::hours(12));
  EXPECT_EQ(parse_age("30d").value(), std::chrono::hours(720));
  EXPECT_EQ(parse_age("0w").value(), Instant(0));
  for (const char* wrong : {"", "30", "d", "-1d", "1.5h", "3 d", "3D", "30dd", "99999999999999d",
                            "9223372036854775807w", "36526d"}) {
    const auto parsed = parse_age(wrong);
    EXPECT_FALSE(parsed.has_value()) << wrong;
  }
}

class Gc : public testing::Test {
 protected:
  std::string train(const std::string& spool, const std::string& experiment) {
    client::ClientOptions options;
    options.spool = spool;
    options.experiment = experiment;
    client::Client client(options);
    for (int step = 0; step < 300; ++step) client.log(step, {{"loss", 1.0 / (step + 1)}});
    client.end();
    EXPECT_TRUE(client.flush(std::chrono::seconds(10)));
    return client.run().hex();
  }
  Finished on_server(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--to", server_.address()});
    return run_stepwell(arguments);
  }
  void replay(const std::string& spool, int code = 0) {
    const auto replayed = on_server({"replay", spool});
    EXPECT_EQ(replayed.code, code) << replayed.err;
  }
  void restart() {
    EXPECT_EQ(server_.stop(), 0);
    ASSERT_TRUE(server_.start()) << server_.errors();
  }

  TestDirectory scratch_;
  TestServer server_{scratch_ / "data", scratch_ / "server"};
};

TEST_F(Gc, WhatWasDeletedLongEnoughAgoGoesAndStaysAway) {
  const std::string spool = scratch_ / "gone", other = scratch_ / "kept";
  const std::string gone = train(spool, "e"), kept = train(other, "e");
  ASSERT_TRUE(server_.start()) << server_.errors();
  replay(spool);
  replay(other);
  EXPECT_EQ(on_server({"gc", "--older-than", "0s"}).code, 0) << "nothing is deleted";
  const auto deleted = on_server({"delete", gone, "--json"});
  EXPECT_EQ(deleted.out, "{\"run\":\"" + gone + "\",\"deleted\":true}\n");
  EXPECT_THAT(on_server({"gc", "--older-than", "1h"}).out, HasSubstr("0 runs"));
  const auto looked = on_server({"gc", "--older-than", "0s", "--dry-run", "--json"});
  EXPECT_THAT(looked.out, AllOf(HasSubstr(gone), HasSubstr("\"points\":300"),
                                HasSubstr("\"purged\":false"), HasSubstr("\"dry_run\":true")));
  EXPECT_THAT(on_server({"runs", "--deleted"}).out, HasSubstr(gone));

  const auto purged = on_server({"gc", "--older-than", "0s", "--json"});
  EXPECT_EQ(purged.code, 0) << purged.err;
  EXPECT_THAT(purged.out, AllOf(HasSubstr(gone), Not(HasSubstr(kept)), HasSubstr("\"purged\":true"),
                                HasSubstr("{\"runs\":1,\"experiments\":0,\"points\":300")));
  for (int life = 0; life < 2; ++life) {
    EXPECT_THAT(on_server({"gc", "--older-than", "0s", "--json"}).out, HasSubstr("{\"runs\":0,"));
    EXPECT_EQ(on_server({"runs", gone}).code, 1);
    EXPECT_EQ(on_server({"runs", kept}).code, 0);
    const auto again = on_server({"restore", gone});
    EXPECT_EQ(again.code, 1);
    EXPECT_THAT(again.err, HasSubstr("was purged"));
    restart();
  }
  EXPECT_EQ(server_.stop(), 0);
  EXPECT_EQ(run_stepwell({"verify", server_.directory()}).code, 0);
}

TEST_F(Gc, ASpoolOfAPurgedRunIsToldThatItIsGoneAndIsKept) {
  const std::string spool = scratch_ / "spool";
  const std::string run = train(spool, "e");
  ASSERT_TRUE(server_.start()) << server_.errors();
  replay(spool);
  EXPECT_EQ(on_server({"delete", run}).code, 0);
  EXPECT_EQ(on_server({"gc", "--older-than", "0s"}).code, 0);
  for (int round = 0; round < 2; ++round) {
    const auto replayed = on_server({"replay", spool, "--json", "--delete"});
    EXPECT_EQ(replayed.code, 1);
    EXPECT_THAT(replayed.err, AllOf(HasSubstr(run), HasSubstr("gone"), HasSubstr("was purged")));
    EXPECT_THAT(replayed.out, AllOf(HasSubstr("\"complete\":false"), HasSubstr("\"sent\":0"),
                                    HasSubstr("\"lost\":0"), HasSubstr("\"stopped\":[\"writer ")));
  }
  EXPECT_EQ(on_server({"runs", run}).code, 1) << "nothing was created";
  EXPECT_EQ(run_stepwell({"dump", "spool", spool}).code, 0);
}

TEST_F(Gc, AnExperimentIsHiddenRestoredAndPurgedWithItsRuns) {
  const std::string spool = scratch_ / "spool";
  const std::string run = train(spool, "old");
  ASSERT_TRUE(server_.start()) << server_.errors();
  replay(spool);
  EXPECT_EQ(on_server({"delete", "--experiment", "none"}).code, 1);
  EXPECT_EQ(on_server({"delete", "--experiment", "old"}).code, 0);
  EXPECT_THAT(on_server({"runs"}).out, Not(HasSubstr(run)));
  EXPECT_EQ(on_server({"restore", "--experiment", "old"}).code, 0);
  EXPECT_THAT(on_server({"runs"}).out, HasSubstr(run));
  EXPECT_EQ(on_server({"delete", "--experiment", "old"}).code, 0);
  EXPECT_THAT(on_server({"gc", "--older-than", "0s", "--dry-run", "--json"}).out,
              HasSubstr("{\"runs\":1,\"experiments\":1,"));
  EXPECT_THAT(on_server({"gc", "--older-than", "0s"}).out,
              HasSubstr("1 runs and 1 experiments purged: 300 points"));
  EXPECT_EQ(on_server({"restore", "--experiment", "old"}).code, 1);
}

TEST_F(Gc, AStoppedStoreIsCollectedToo) {
  const std::string spool = scratch_ / "spool";
  const std::string run = train(spool, "e");
  ASSERT_TRUE(server_.start()) << server_.errors();
  replay(spool);
  const auto busy = run_stepwell({"gc", "--data", server_.directory(), "--older-than", "1d"});
  EXPECT_EQ(busy.code, 75);
  EXPECT_THAT(busy.err, HasSubstr("--to HOST:PORT"));
  EXPECT_EQ(server_.stop(), 0);
  const std::vector<std::string> where = {"--data", server_.directory()};
  EXPECT_EQ(run_stepwell({"delete", run, where[0], where[1]}).code, 0);
  const auto purged = run_stepwell({"gc", where[0], where[1], "--older-than", "0s", "--json"});
  EXPECT_EQ(purged.code, 0) << purged.err;
  EXPECT_THAT(purged.out, HasSubstr("{\"runs\":1,\"experiments\":0,\"points\":300"));
  EXPECT_EQ(run_stepwell({"runs", run, where[0], where[1]}).code, 1);
  EXPECT_EQ(run_stepwell({"verify", server_.directory()}).code, 0);
  ASSERT_TRUE(server_.start()) << server_.errors();
  replay(spool, 1);
}

TEST_F(Gc, UsageErrorsAreTwo) {
  EXPECT_EQ(run_stepwell({"gc", "--to", "127.0.0.1:1"}).code, 2) << "an age is required";
  const auto age = run_stepwell({"gc", "--to", "127.0.0.1:1", "--older-than", "30"});
  EXPECT_EQ(age.code, 2);
  EXPECT_THAT(age.err, HasSubstr("s, m, h, d or w"));
  EXPECT_EQ(run_stepwell({"gc", "--older-than", "1d"}).code, 2);
  EXPECT_EQ(run_stepwell({"delete", "--to", "127.0.0.1:1"}).code, 2);
  EXPECT_EQ(run_stepwell({"delete", "--to", "127.0.0.1:1", "a", "--experiment", "b"}).code, 2);
  EXPECT_EQ(run_stepwell({"gc", "--data", scratch_ / "none", "--older-than", "1d"}).code, 1);
}

}  // namespace
}  // namespace stepwell::tools
