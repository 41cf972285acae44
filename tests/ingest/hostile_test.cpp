// What a client gets that is broken or means harm: a precise error or a clean close, within the
// limits.
#include "tests/ingest/door_fixture.hpp"

#include "protocol/limits.hpp"

namespace stepwell::ingest {
namespace {

using protocol::FrameHeader;
using protocol::Kind;
using protocol::VerdictCode;

using HostileTest = DoorTest;

TEST_F(HostileTest, TheFirstFrameMustBeHello) {
  start();
  Peer peer = connect_raw();
  peer.send(open_frame());
  const auto error = peer.expect<wire::ErrorT>(Kind::kError);
  EXPECT_TRUE(error.closing);
  EXPECT_NE(error.text.find("expected hello"), std::string::npos) << error.text;
  executor.advance(kLong);
  EXPECT_TRUE(peer.is_closed());
}

TEST_F(HostileTest, AVersionThatIsNotSpokenIsRefused) {
  start();
  Peer peer = connect_raw();
  wire::HelloT hello;
  hello.version_min = hello.version_max = 99;
  peer.send(protocol::make_frame_of(Kind::kHello, hello));
  const auto error = peer.expect<wire::ErrorT>(Kind::kError);
  EXPECT_TRUE(error.closing);
  EXPECT_NE(error.text.find("99"), std::string::npos) << error.text;
}

TEST_F(HostileTest, AWrongMagicClosesSinceNoFrameCanBeFound) {
  start();
  Peer peer = connect();
  peer.send(open_frame());
  peer.expect<wire::AckT>(Kind::kAck);
  peer.send(std::string(200, 'x'));
  const auto error = peer.expect<wire::ErrorT>(Kind::kError);
  EXPECT_EQ(error.kind, static_cast<std::uint8_t>(ErrorKind::kCorrupt));
  EXPECT_TRUE(error.closing);
  executor.advance(kLong);
  EXPECT_TRUE(peer.is_closed());
  expect_others_unaffected();
}

TEST_F(HostileTest, ADamagedPayloadTakesItsPlaceAndTheStreamGoesOn) {
  start();
  Peer peer = connect();
  std::string damaged = batch_frame(2, 0, 10);
  damaged[100] = static_cast<char>(damaged[100] ^ 1);
  peer.send(open_frame() + damaged + batch_frame(3, 10, 10));
  const auto ack = peer.expect<wire::AckT>(Kind::kAck);
  ASSERT_EQ(ack.exceptions.size(), 1u);
  EXPECT_EQ(ack.exceptions[0]->verdict, static_cast<std::uint8_t>(VerdictCode::kDamaged));
  EXPECT_EQ(ack.exceptions[0]->position->sequence(), 2u);
  EXPECT_EQ(ack.decided.back().sequence(), 3u);
  EXPECT_EQ(points(a_run()), 10u);
  const auto run = view().run(a_run()).value();
  ASSERT_EQ(run->losses.size(), 1u) << "the loss is visible";
  EXPECT_TRUE(run->losses[0]->rejected);
}

TEST_F(HostileTest, ADamagedHeaderCloses) {
  start();
  Peer peer = connect();
  std::string damaged = open_frame();
  damaged[20] = static_cast<char>(damaged[20] ^ 1);
  peer.send(damaged);
  EXPECT_TRUE(peer.expect<wire::ErrorT>(Kind::kError).closing);
}

TEST_F(HostileTest, UnknownFlagsAndLengthsBeyondTheLimitAreRefusedBeforeAnyAllocation) {
  start();
  FrameHeader header;
  header.kind = Kind::kBatch;
  header.run = a_run();
  header.writer = a_writer();
  header.sequence = 2;
  for (const bool too_long : {false, true}) {
    Peer peer = connect();
    peer.send(open_frame());
    peer.next_frame();
    std::string frame = protocol::make_frame(header, "");
    auto changed = load_le<FrameHeader>(frame.data());
    if (too_long) {
      changed.payload_bytes = 0xFFFF'FFF8;
    } else {
      changed.flags = 0x8000;
    }
    store_le(frame.data(), changed);
    protocol::restamp(frame, a_run(), a_writer(), 2);  // A header hash that holds.
    peer.send(frame);
    const auto error = peer.expect<wire::ErrorT>(Kind::kError);
    EXPECT_TRUE(error.closing);
    EXPECT_EQ(error.kind, static_cast<std::uint8_t>(ErrorKind::kInvalid)) << error.text;
    executor.advance(kLong);
    EXPECT_LT(shared_->buffers.used_bytes(), 2u << 20);
  }
  // What was refused for good took its place: the client's next connection goes on behind it.
  Peer peer = connect();
  peer.send(batch_frame(3, 0));
  executor.advance(kLong);
  EXPECT_EQ(points(a_run()), 1u);
}

TEST_F(HostileTest, KindsThatAreUnknownOrNotForClientsAreUnsupported) {
  start();
  Peer peer = connect();
  peer.send(open_frame());
  peer.expect<wire::AckT>(Kind::kAck);
  for (const int kind : {0, 30, 32, 99, 255}) {
    FrameHeader header;
    header.kind = static_cast<Kind>(kind);
    peer.send(protocol::make_frame(header, ""));
    const auto error = peer.expect<wire::ErrorT>(Kind::kError);
    EXPECT_FALSE(error.closing) << kind;
    EXPECT_NE(error.text.find("unsupported"), std::string::npos) << error.text;
  }
  wire::RefusedT forged;
  peer.send(protocol::make_frame_of(Kind::kRefused, forged, a_run(), a_writer(), 2));
  const auto ack = peer.expect<wire::AckT>(Kind::kAck);
  ASSERT_EQ(ack.exceptions.size(), 1u);
  EXPECT_EQ(ack.exceptions[0]->verdict, static_cast<std::uint8_t>(VerdictCode::kUnsupported));
}

TEST_F(HostileTest, AStreamFrameWithoutAPlaceIsAnErrorThatNamesIt) {
  start();
  Peer peer = connect();
  peer.send(batch_frame(2, 0, 1, a_run(), WriterId{}));
  EXPECT_FALSE(peer.expect<wire::ErrorT>(Kind::kError).closing);
  peer.send(batch_frame(0, 0));
  EXPECT_FALSE(peer.expect<wire::ErrorT>(Kind::kError).closing);
}

TEST_F(HostileTest, AClientThatSaysNothingIsClosed) {
  Options options;
  options.handshake_timeout = std::chrono::seconds(2);
  options.idle_timeout = std::chrono::seconds(20);
  start(options);
  Peer silent = connect_raw();
  executor.advance(std::chrono::seconds(4));
  EXPECT_TRUE(silent.is_closed());
  Peer idle = connect();
  executor.advance(std::chrono::seconds(15));
  EXPECT_FALSE(idle.is_closed());
  executor.advance(std::chrono::seconds(10));
  EXPECT_TRUE(idle.is_closed());
}

TEST_F(HostileTest, AClientThatSendsAByteASecondIsCutOff) {
  Options options;
  options.frame_timeout = std::chrono::seconds(10);
  start(options);
  Peer peer = connect();
  const std::string frame = open_frame();
  for (std::size_t i = 0; i < 30 && !peer.is_closed(); ++i) {
    peer.send(frame.substr(i, 1));
    executor.advance(std::chrono::seconds(1));
  }
  EXPECT_TRUE(peer.is_closed());
  expect_others_unaffected();
}

// A question, and the first byte of something that never goes on.
TEST_F(HostileTest, AByteBehindAQuestionHoldsNoConnection) {
  Options options;
  options.frame_timeout = std::chrono::seconds(10);
  start(options);
  Peer peer = connect();
  peer.send(protocol::make_frame_of(protocol::Kind::kListExperiments, wire::ListExperimentsT{}, {},
                                    {}, 1) +
            open_frame().substr(0, 1));
  executor.advance(std::chrono::seconds(5));
  EXPECT_FALSE(peer.is_closed());
  executor.advance(std::chrono::seconds(10));
  EXPECT_TRUE(peer.is_closed());
  expect_others_unaffected();
}

TEST_F(HostileTest, AClientThatNeverReadsItsAnswersIsBoundedAndClosed) {
  Options options;
  options.write_timeout = std::chrono::seconds(30);
  start(options);
  Peer peer = connect();
  peer.stop_reading();
  std::string pings;
  for (int i = 0; i < 200'000; ++i) pings += protocol::make_frame({}, {});
  peer.send(std::move(pings));
  executor.advance(std::chrono::seconds(20));
  EXPECT_FALSE(peer.is_closed()) << "not before its time is up";
  executor.advance(std::chrono::seconds(20));
  EXPECT_EQ(shared_->connections, 0u);
  expect_others_unaffected();
}

TEST_F(HostileTest, AClientThatDisappearsInTheMiddleOfAFrameLosesNothingThatWasWhole) {
  start();
  Peer peer = connect();
  const std::string frame = batch_frame(3, 1, 100);
  peer.send(open_frame() + batch_frame(2, 0) + frame.substr(0, frame.size() / 2));
  peer.network().cut();
  executor.advance(kLong);
  EXPECT_EQ(points(a_run()), 1u);
  EXPECT_EQ(shared_->connections, 0u);
}

TEST_F(HostileTest, BackpressureHoldsWithoutLosingAFrame) {
  store::Options small;
  small.pending_bytes_max = 256 << 10;
  small.checkpoint_bytes = 128 << 10;
  small.transaction_bytes = 64 << 10;
  start({}, small);
  Peer peer = connect();
  std::string bytes = open_frame();
  for (std::uint64_t i = 0; i < 200; ++i)
    bytes += batch_frame(2 + i, static_cast<std::int64_t>(500 * i), 500);
  peer.send(std::move(bytes));
  for (int i = 0; i < 200 && points(a_run()) < 100'000; ++i) executor.advance(milliseconds(100));
  EXPECT_EQ(points(a_run()), 100'000u);
}

}  // namespace
}  // namespace stepwell::ingest
