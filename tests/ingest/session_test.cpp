// What the binary door promises a well-meaning client.
#include "tests/ingest/door_fixture.hpp"

#include "engine/base/spawn.hpp"
#include "engine/tracking/history.hpp"
#include "protocol/limits.hpp"

namespace stepwell::ingest {
namespace {

using protocol::Kind;
using protocol::VerdictCode;

using SessionTest = DoorTest;

std::uint64_t decided(const wire::AckT& ack) {
  return ack.decided.empty() ? 0 : ack.decided.back().sequence();
}

TEST_F(SessionTest, WelcomeTellsVersionStoreAndLimits) {
  start();
  Peer peer = connect_raw();
  peer.send(hello_frame());
  const auto welcome = peer.expect<wire::WelcomeT>(Kind::kWelcome);
  EXPECT_EQ(welcome.version, protocol::kVersion);
  EXPECT_EQ(welcome.incarnation, 1u);
  EXPECT_EQ(welcome.credit, Options{}.credit_max);
  ASSERT_TRUE(welcome.limits);
  EXPECT_EQ(welcome.limits->frame_bytes, protocol::kFrameBytesMax);
  ASSERT_TRUE(welcome.store);
  EXPECT_NE(welcome.store->first(), 0u);
}

TEST_F(SessionTest, AnAckComesWhenTheFrameIsApplied) {
  start();
  Peer peer = connect();
  peer.send(open_frame() + batch_frame(2, 0, 10));
  const auto ack = peer.expect<wire::AckT>(Kind::kAck);
  EXPECT_EQ(decided(ack), 2u);
  EXPECT_TRUE(ack.exceptions.empty());
  EXPECT_GT(ack.credit, 0u);
  EXPECT_EQ(points(a_run()), 10u);
}

TEST_F(SessionTest, FramesMayComeInAnyPieces) {
  start();
  net::PipeOptions one_byte;
  one_byte.chunk = [](std::size_t) { return std::size_t{1}; };
  Peer peer = connect(one_byte);
  std::string bytes = open_frame();
  for (std::uint64_t i = 0; i < 20; ++i)
    bytes += batch_frame(2 + i, static_cast<std::int64_t>(10 * i), 10);
  peer.send(bytes);
  executor.advance(kLong);
  EXPECT_EQ(points(a_run()), 200u);
}

TEST_F(SessionTest, AFrameLargerThanTheIdleBufferPasses) {
  start();
  Peer peer = connect();
  peer.send(open_frame() + batch_frame(2, 0, 100'000) + batch_frame(3, 100'000, 1));
  executor.advance(kLong);
  EXPECT_EQ(points(a_run()), 100'001u);
  EXPECT_EQ(shared_->buffers.used_bytes(), 0u)
      << "a connection between frames keeps no large buffer";
}

TEST_F(SessionTest, DuplicatesAndGapsAreToldWithWhatIsExpected) {
  start();
  Peer peer = connect();
  peer.send(open_frame() + batch_frame(2, 0));
  peer.expect<wire::AckT>(Kind::kAck);
  peer.send(batch_frame(2, 0) + batch_frame(5, 1));
  const auto ack = peer.expect<wire::AckT>(Kind::kAck);
  EXPECT_EQ(decided(ack), 2u);
  ASSERT_EQ(ack.exceptions.size(), 2u);
  EXPECT_EQ(ack.exceptions[0]->verdict, static_cast<std::uint8_t>(VerdictCode::kDuplicate));
  EXPECT_EQ(ack.exceptions[1]->verdict, static_cast<std::uint8_t>(VerdictCode::kGap));
  EXPECT_EQ(ack.exceptions[1]->expected, 3u);
  EXPECT_EQ(points(a_run()), 1u);
}

TEST_F(SessionTest, OneConnectionCarriesManyRunsAndWriters) {
  start();
  Peer peer = connect();
  std::string bytes;
  for (std::uint8_t run = 1; run <= 5; ++run) {
    for (std::uint8_t writer = 1; writer <= 3; ++writer) {
      bytes += open_frame(a_run(run), a_writer(writer));
      bytes += batch_frame(2, writer * 100, 10, a_run(run), a_writer(writer));
    }
  }
  peer.send(bytes);
  executor.advance(kLong);
  for (std::uint8_t run = 1; run <= 5; ++run) EXPECT_EQ(points(a_run(run)), 30u);
}

TEST_F(SessionTest, PingsArePonged) {
  start();
  Peer peer = connect();
  protocol::FrameHeader ping;
  ping.sequence = 77;
  peer.send(protocol::make_frame(ping, {}));
  const auto pong = peer.next_frame();
  ASSERT_TRUE(pong);
  EXPECT_EQ(load_le<protocol::FrameHeader>(pong->data()).kind, Kind::kPong);
  EXPECT_EQ(load_le<protocol::FrameHeader>(pong->data()).sequence, 77u);
}

TEST_F(SessionTest, ReadsSeeOwnWritesAfterTheAck) {
  start();
  Peer peer = connect();
  peer.send(open_frame() + batch_frame(2, 0, 40'000));
  while (decided(peer.expect<wire::AckT>(Kind::kAck)) < 2 && !HasFailure()) {
  }
  wire::HistoryT question;
  question.run = std::make_unique<wire::Id>(protocol::to_wire(a_run()));
  protocol::FrameHeader header;
  header.kind = Kind::kHistory;
  header.sequence = 9;
  peer.send(protocol::make_frame(header, protocol::encode(question)));
  std::uint64_t points = 0;
  while (true) {
    const auto frame = peer.next_frame();
    ASSERT_TRUE(frame);
    const auto view = protocol::read_frame(as_bytes(*frame)).value();
    EXPECT_EQ(view.header.sequence, 9u);
    if (view.header.kind == Kind::kReadDone) {
      EXPECT_EQ(protocol::decode<wire::ReadDoneT>(view.payload()).value().points, points);
      break;
    }
    ASSERT_EQ(view.header.kind, Kind::kPoints);
    points += protocol::BatchView::parse(view.payload()).value().points();
  }
  EXPECT_EQ(points, 40'000u);
}

TEST_F(SessionTest, AReadOfAnUnknownRunSaysSoAndTheConnectionGoesOn) {
  start();
  Peer peer = connect();
  wire::GetRunT question;
  question.run = std::make_unique<wire::Id>(protocol::to_wire(a_run(9)));
  peer.send(protocol::make_frame_of(Kind::kGetRun, question));
  const auto done = peer.expect<wire::ReadDoneT>(Kind::kReadDone);
  EXPECT_EQ(done.kind, static_cast<std::uint8_t>(ErrorKind::kNotFound));
  EXPECT_NE(done.text.find(a_run(9).hex()), std::string::npos);
  peer.send(open_frame());
  EXPECT_EQ(decided(peer.expect<wire::AckT>(Kind::kAck)), 1u);
}

TEST_F(SessionTest, PositionsTellWhereStreamsStand) {
  start();
  Peer peer = connect();
  peer.send(open_frame() + batch_frame(2, 0));
  peer.expect<wire::AckT>(Kind::kAck);
  wire::PositionsT question;
  question.positions.emplace_back(protocol::to_wire(a_run()), protocol::to_wire(a_writer()), 0);
  question.positions.emplace_back(protocol::to_wire(a_run(8)), protocol::to_wire(a_writer()), 0);
  peer.send(protocol::make_frame_of(Kind::kPositions, question));
  const auto answer = peer.expect<wire::PositionsT>(Kind::kPositions);
  ASSERT_EQ(answer.positions.size(), 2u);
  EXPECT_EQ(answer.positions[0].sequence(), 3u);
  EXPECT_EQ(answer.positions[1].sequence(), 1u);
}

TEST_F(SessionTest, PositionsDoNotWaitForReads) {
  start();
  query_ = &busy;
  Peer reader = connect();
  reader.send(protocol::make_frame_of(Kind::kListRuns, wire::ListRunsT{}));
  Peer peer = connect();
  peer.send(open_frame());
  peer.expect<wire::AckT>(Kind::kAck);
  wire::PositionsT question;
  question.positions.emplace_back(protocol::to_wire(a_run()), protocol::to_wire(a_writer()), 0);
  peer.send(protocol::make_frame_of(Kind::kPositions, question));
  EXPECT_EQ(peer.expect<wire::PositionsT>(Kind::kPositions).positions.size(), 1u);
  EXPECT_EQ(busy.ready_count(), 1u) << "the list still waits";
  busy.run_ready();
  reader.expect<wire::RunsT>(Kind::kRuns);
}

TEST_F(SessionTest, AHistoryOfTooManyKeysIsRefused) {
  start();
  Peer peer = connect();
  peer.send(open_frame() + batch_frame(2, 0, 10));
  peer.expect<wire::AckT>(Kind::kAck);
  wire::HistoryT question;
  question.run = std::make_unique<wire::Id>(protocol::to_wire(a_run()));
  question.keys.assign(tracking::SeriesFilter::kKeysMax - 1, "none");
  question.keys.push_back("loss");
  peer.send(protocol::make_frame_of(Kind::kHistory, question));
  EXPECT_EQ(load_le<protocol::FrameHeader>(peer.next_frame()->data()).kind, Kind::kPoints);
  EXPECT_EQ(peer.expect<wire::ReadDoneT>(Kind::kReadDone).points, 10u);
  question.keys.push_back("loss");
  peer.send(protocol::make_frame_of(Kind::kHistory, question));
  const auto done = peer.expect<wire::ReadDoneT>(Kind::kReadDone);
  EXPECT_EQ(done.kind, static_cast<std::uint8_t>(ErrorKind::kInvalid));
  EXPECT_NE(done.text.find("10001 keys"), std::string::npos) << done.text;
}

TEST_F(SessionTest, AChartComesInPagesAndEndsWithTheCountOfItsPoints) {
  start();
  Peer peer = connect();
  peer.send(open_frame() + batch_frame(2, 0, 1000));
  while (decided(peer.expect<wire::AckT>(Kind::kAck)) < 2 && !HasFailure()) {
  }
  wire::BucketsT question;
  question.runs = {protocol::to_wire(a_run())};
  question.buckets_max = 100;
  peer.send(protocol::make_frame_of(Kind::kBuckets, question, {}, {}, 9));
  const auto page = peer.expect<wire::BucketColumnsT>(Kind::kBucketColumns);
  EXPECT_EQ(page.log2_width, 4);
  ASSERT_EQ(page.series.size(), 1u);
  EXPECT_EQ(page.series[0]->bucket.size(), 63u);
  EXPECT_EQ(page.series[0]->count[0], 16u);
  EXPECT_EQ(page.series[0]->count[62], 8u);
  EXPECT_EQ(peer.expect<wire::ReadDoneT>(Kind::kReadDone).points, 1000u);

  question.runs = {protocol::to_wire(a_run(9))};
  peer.send(protocol::make_frame_of(Kind::kBuckets, question));
  auto done = peer.expect<wire::ReadDoneT>(Kind::kReadDone);
  EXPECT_EQ(done.kind, static_cast<std::uint8_t>(ErrorKind::kNotFound));
  EXPECT_NE(done.text.find(a_run(9).hex()), std::string::npos);
  protocol::FrameHeader malformed;
  malformed.kind = Kind::kBuckets;
  peer.send(protocol::make_frame(malformed, std::string(64, '\xff')));
  done = peer.expect<wire::ReadDoneT>(Kind::kReadDone);
  EXPECT_EQ(done.kind, static_cast<std::uint8_t>(ErrorKind::kInvalid));
  peer.send(batch_frame(3, 1000, 1));
  EXPECT_EQ(decided(peer.expect<wire::AckT>(Kind::kAck)), 3u) << "the connection goes on";
}

TEST_F(SessionTest, ADrainedSessionAcknowledgesWhatItTookAndCloses) {
  start();
  auto pipe = net::memory_pipe(executor, executor);
  auto session =
      std::make_shared<Session>(*shared_, std::move(pipe.second), executor, executor, executor);
  auto run = [](std::shared_ptr<Session> s) -> Task<void> {
    auto running = s->run("");
    co_await std::move(running);
  };
  spawn(executor, run(session));
  Peer peer(executor, std::move(pipe.first), pipe.control);
  peer.send(hello_frame());
  peer.expect<wire::WelcomeT>(Kind::kWelcome);
  peer.send(open_frame());
  session->drain();
  session.reset();
  EXPECT_EQ(decided(peer.expect<wire::AckT>(Kind::kAck)), 1u);
  executor.advance(kLong);
  EXPECT_TRUE(peer.is_closed());
  EXPECT_EQ(shared_->connections, 0u);
}

}  // namespace
}  // namespace stepwell::ingest
