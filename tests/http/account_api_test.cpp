// A run's loss account over HTTP.

#include "protocol/messages.hpp"
#include "tests/http/http_fixture.hpp"

namespace stepwell::http {
namespace {

using ::testing::HasSubstr;

class AccountApiTest : public HttpTest {
 protected:
  void send(const std::string& bytes) {
    const auto frame = std::make_shared<const std::string>(bytes);
    tracking_->submit({{load_le<protocol::FrameHeader>(frame->data()), as_bytes(*frame)}},
                      wal::Door::kFrame, frame,
                      [](const auto& results) { EXPECT_TRUE(results.at(0)); });
    executor.advance(milliseconds(100));
  }
};

TEST_F(AccountApiTest, WhatWritersLostIsTold) {
  start();
  RunId run;
  run.bytes.fill(0xAB);
  WriterId writer;
  writer.bytes.fill(0xCD);
  wire::OpenT open;
  open.experiment = "e";
  send(protocol::make_frame_of(protocol::Kind::kOpen, open, run, writer, 1));
  wire::SkipT skip;
  skip.from = 2;
  skip.to = 4;
  skip.points = 30;
  skip.reason = "a \"full\" disk";
  skip.series.push_back(std::make_unique<wire::LostSeriesT>());
  skip.series[0]->key = "loss";
  skip.series[0]->last_step = 9;
  skip.series[0]->points = 30;
  send(protocol::make_frame_of(protocol::Kind::kSkip, skip, run, writer));
  const Answer answer = get("/api/stepwell/v1/runs/" + run.hex() + "/account");
  EXPECT_EQ(answer.status, 200) << answer.body;
  for (const std::string_view part :
       {R"("from":2,"to":4,"rejected":false,"reason":"a \"full\" disk","points":30)",
        R"({"key":"loss","first_step":0,"last_step":9,"points":30})", R"("open":true,"next":5)"}) {
    EXPECT_THAT(answer.body, HasSubstr(std::string(part)));
  }
  // A path's variable is decoded, and is one segment.
  EXPECT_EQ(get("/api/stepwell/v1/runs/%61" + run.hex().substr(1) + "/account").status, 200);
  EXPECT_EQ(get("/api/stepwell/v1/runs/nope/account").status, 404);
  EXPECT_THAT(get("/api/stepwell/v1/runs/nope/account").body, HasSubstr("Run with id=nope"));
  for (const std::string_view path : {"runs//account", "runs/a/b/account", "runs/%zz/account"}) {
    EXPECT_THAT(get(fmt::format("/api/stepwell/v1/{}", path)).body, HasSubstr("ENDPOINT_NOT_FOUND"))
        << path;
  }
}

}  // namespace
}  // namespace stepwell::http
