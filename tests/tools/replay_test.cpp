// `stepwell replay` and `dump spool` on what a real client left behind while it was offline.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "protocol/client/client.hpp"
#include "tests/tools/stepwell_process.hpp"

namespace stepwell::tools {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr int kSteps = 500;

class Replay : public testing::Test {
 protected:
  // Trains offline; returns the run.
  std::string train(const std::string& spool) {
    client::ClientOptions options;
    options.spool = spool;
    options.experiment = "replayed";
    client::Client client(options);
    client.params({{"learning_rate", "0.1"}});
    for (int step = 0; step < kSteps; ++step) {
      client.log(step, {{"loss", 1.0 / (step + 1)}, {"accuracy", step / 500.0}});
    }
    client.end();
    EXPECT_TRUE(client.flush(std::chrono::seconds(10)));
    return client.run().hex();
  }
  static std::size_t lines(const std::string& text) {
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  }

  TestDirectory scratch_;
  const std::string spool_ = scratch_ / "spool";
  TestServer server_{scratch_ / "data", scratch_ / "server"};
};

TEST_F(Replay, AnOfflineRunIsThereOnceHoweverOftenItIsReplayed) {
  const std::string run = train(spool_);
  ASSERT_TRUE(server_.start()) << server_.errors();
  for (int round = 0; round < 3; ++round) {
    const auto replayed = run_stepwell({"replay", spool_, "--to", server_.address(), "--json"});
    ASSERT_EQ(replayed.code, 0) << replayed.err;
    EXPECT_THAT(replayed.out,
                AllOf(HasSubstr("\"run\":\"" + run + "\""), HasSubstr("\"complete\":true"),
                      HasSubstr(round == 0 ? "\"already_there\":0" : "\"sent\":0")));
    const auto history = run_stepwell({"history", run, "loss", "--to", server_.address(), "--csv"});
    ASSERT_EQ(history.code, 0) << history.err;
    EXPECT_EQ(lines(history.out), kSteps + 1u);
  }
  const auto runs = run_stepwell({"runs", run, "--to", server_.address(), "--json"});
  EXPECT_THAT(runs.out, AllOf(HasSubstr("learning_rate"), HasSubstr("FINISHED")));
}

TEST_F(Replay, WhatIsNoSpoolAndAServerThatIsAwayAreErrorsThatLoseNothing) {
  const std::string run = train(spool_);
  EXPECT_EQ(run_stepwell({"replay", scratch_ / "nothing", "--to", "127.0.0.1:1"}).code, 1);
  const auto away = run_stepwell({"replay", spool_, "--to", "127.0.0.1:1"});
  EXPECT_NE(away.code, 0);
  ASSERT_TRUE(server_.start()) << server_.errors();
  EXPECT_EQ(run_stepwell({"replay", spool_, "--to", server_.address()}).code, 0);
}

TEST_F(Replay, ADamagedFrameIsNamedAndDeclaredAndTheRestArrives) {
  const std::string run = train(spool_);
  const std::string copy = scratch_ / "copy";
  std::filesystem::copy(spool_, copy, std::filesystem::copy_options::recursive);
  const auto before = run_stepwell({"dump", "spool", spool_});
  EXPECT_EQ(before.code, 0);
  EXPECT_THAT(before.out, AllOf(HasSubstr("open"), HasSubstr("params"), HasSubstr("batch")));

  std::string segment;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(spool_)) {
    if (entry.path().extension() == ".seg") segment = entry.path();
  }
  ASSERT_FALSE(segment.empty());
  std::fstream file(segment, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(std::filesystem::file_size(segment) / 2));
  file.write("damage", 6);
  file.close();

  const auto after = run_stepwell({"dump", "spool", spool_});
  EXPECT_EQ(after.code, 1);
  EXPECT_THAT(after.out + after.err, HasSubstr("offset"));
  ASSERT_TRUE(server_.start()) << server_.errors();
  const auto replayed = run_stepwell({"replay", spool_, "--to", server_.address()});
  EXPECT_EQ(replayed.code, 1);
  EXPECT_THAT(replayed.err, AllOf(HasSubstr(segment), HasSubstr("damaged")));
  const auto runs = run_stepwell({"runs", run, "--to", server_.address()});
  EXPECT_EQ(runs.code, 0);
  EXPECT_THAT(runs.out, AllOf(HasSubstr("learning_rate"), HasSubstr("damaged")));

  // A sound copy that comes later fills the hole.
  const auto holed = run_stepwell({"history", run, "loss", "--to", server_.address(), "--csv"});
  EXPECT_LT(lines(holed.out), kSteps + 1u);
  const auto filled = run_stepwell({"replay", copy, "--to", server_.address(), "--json"});
  EXPECT_EQ(filled.code, 0) << filled.err;
  EXPECT_THAT(filled.out, HasSubstr("\"lost\":0"));
  const auto whole = run_stepwell({"history", run, "loss", "--to", server_.address(), "--csv"});
  EXPECT_EQ(lines(whole.out), kSteps + 1u);
  EXPECT_THAT(run_stepwell({"runs", run, "--to", server_.address()}).out,
              testing::Not(HasSubstr("damaged")));
}

}  // namespace
}  // namespace stepwell::tools
