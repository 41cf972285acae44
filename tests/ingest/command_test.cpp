// Commands that clients may send over the binary door, and what they are told.
#include "tests/ingest/door_fixture.hpp"

namespace stepwell::ingest {
namespace {

using protocol::Kind;

class DoorCommandTest : public DoorTest {
 protected:
  // The answer's kind; it must repeat the question's number.
  int ask(Peer& peer, const std::string& frame) {
    const auto question = load_le<protocol::FrameHeader>(frame.data()).sequence;
    peer.send(frame);
    const auto answer = peer.next_frame();
    if (!answer) return -1;
    const auto header = load_le<protocol::FrameHeader>(answer->data());
    EXPECT_EQ(header.kind, Kind::kReadDone) << to_string(header.kind);
    EXPECT_EQ(header.sequence, question);
    const auto view = protocol::read_frame(as_bytes(*answer)).value();
    const auto done = protocol::decode<wire::ReadDoneT>(view.payload());
    text = done.value().text;
    return done.value().kind;
  }
  static std::string stage(bool deleted, std::uint64_t question, RunId run = a_run()) {
    wire::RunStageT command;
    command.deleted = deleted;
    return protocol::make_frame_of(Kind::kRunStage, command, run, {}, question);
  }
  static std::string purge(std::uint64_t question, RunId run = a_run()) {
    return protocol::make_frame_of(Kind::kPurgeRun, wire::PurgeRunT{}, run, {}, question);
  }
  static constexpr int kOk = 0, kInvalid = static_cast<int>(ErrorKind::kInvalid),
                       kNotFound = static_cast<int>(ErrorKind::kNotFound);
  std::string text;
};

TEST_F(DoorCommandTest, EachIsAnsweredByItsVerdict) {
  start();
  Peer peer = connect();
  peer.send(open_frame() + batch_frame(2, 0, 10));
  peer.expect<wire::AckT>(Kind::kAck);
  EXPECT_EQ(ask(peer, purge(1)), kInvalid);
  EXPECT_NE(text.find("not deleted"), std::string::npos) << text;
  EXPECT_EQ(ask(peer, stage(true, 2)), kOk);
  EXPECT_TRUE(view().run(a_run()).value()->info->deleted);
  EXPECT_EQ(ask(peer, stage(false, 3)), kOk);
  EXPECT_FALSE(view().run(a_run()).value()->info->deleted);
  EXPECT_EQ(ask(peer, stage(true, 4)), kOk);
  EXPECT_EQ(ask(peer, purge(5)), kOk);
  EXPECT_FALSE(view().find_run(a_run()).value().has_value());
  EXPECT_EQ(ask(peer, purge(6)), kNotFound);
  EXPECT_NE(text.find("was purged"), std::string::npos) << text;
  EXPECT_EQ(ask(peer, purge(7, a_run(9))), kNotFound);

  wire::PurgeExperimentT experiment;
  experiment.id = 1;
  EXPECT_EQ(ask(peer, protocol::make_frame_of(Kind::kPurgeExperiment, experiment, {}, {}, 8)),
            kInvalid);
  wire::ExperimentStageT hide;
  hide.id = 1;
  hide.deleted = true;
  EXPECT_EQ(ask(peer, protocol::make_frame_of(Kind::kExperimentStage, hide, {}, {}, 9)), kOk);
  EXPECT_EQ(ask(peer, protocol::make_frame_of(Kind::kPurgeExperiment, experiment, {}, {}, 10)),
            kOk);
}

TEST_F(DoorCommandTest, AWriterThatGoesOnHearsThatItsRunIsGone) {
  start();
  Peer peer = connect();
  peer.send(open_frame());
  peer.expect<wire::AckT>(Kind::kAck);
  EXPECT_EQ(ask(peer, stage(true, 1)), kOk);
  EXPECT_EQ(ask(peer, purge(2)), kOk);
  peer.send(batch_frame(2, 0));
  const auto ack = peer.expect<wire::AckT>(Kind::kAck);
  EXPECT_TRUE(ack.decided.empty()) << "it consumes nothing";
  ASSERT_EQ(ack.exceptions.size(), 1u);
  EXPECT_EQ(ack.exceptions[0]->verdict, static_cast<std::uint8_t>(protocol::VerdictCode::kGone));
}

TEST_F(DoorCommandTest, TheOthersAndDamagedOnesAreRefused) {
  start();
  Peer peer = connect();
  peer.send(protocol::make_frame_of(Kind::kSettings, wire::SettingsT{}, {}, {}, 1));
  EXPECT_NE(peer.expect<wire::ErrorT>(Kind::kError).text.find("unsupported"), std::string::npos);
  protocol::FrameHeader header;
  header.kind = Kind::kRunStage;
  header.run = a_run();
  header.sequence = 2;
  peer.send(open_frame());
  peer.expect<wire::AckT>(Kind::kAck);
  EXPECT_EQ(ask(peer, protocol::make_frame(header, "no message")), kInvalid);
  wire::RunStageT hide;
  hide.deleted = true;
  const auto frame = protocol::make_frame_of(Kind::kRunStage, hide, a_run(), a_writer(), 3);
  EXPECT_EQ(ask(peer, frame), kInvalid) << "no writer's stream has it";
  EXPECT_FALSE(view().run(a_run()).value()->info->deleted);
  expect_others_unaffected();
}

TEST_F(DoorCommandTest, ManyAtOnceAreAnsweredInOrder) {
  start();
  Peer peer = connect();
  peer.send(open_frame());
  peer.expect<wire::AckT>(Kind::kAck);
  peer.queue(stage(true, 1) + stage(false, 2) + stage(true, 3));
  executor.advance(kLong);
  for (std::uint64_t question = 1; question <= 3; ++question) {
    const auto answer = peer.next_frame();
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(load_le<protocol::FrameHeader>(answer->data()).sequence, question);
  }
  EXPECT_TRUE(view().run(a_run()).value()->info->deleted) << "one after another";
}

TEST_F(DoorCommandTest, StorageTellsWhatARunTakes) {
  start();
  Peer peer = connect();
  peer.send(open_frame() + batch_frame(2, 0, 5000));
  peer.expect<wire::AckT>(Kind::kAck);
  executor.advance(std::chrono::seconds(10));
  wire::RunStorageT question;
  question.run = std::make_unique<wire::Id>(protocol::to_wire(a_run()));
  peer.send(protocol::make_frame_of(Kind::kRunStorage, question, {}, {}, 1));
  const auto storage = peer.expect<wire::RunStorageDataT>(Kind::kRunStorageData);
  EXPECT_EQ(storage.series, 1u);
  EXPECT_EQ(storage.points, 5000u);
  EXPECT_GT(storage.chunk_bytes + storage.tail_bytes, 0u);
  EXPECT_GT(storage.row_bytes, 0u);
  question.run = nullptr;
  EXPECT_EQ(ask(peer, protocol::make_frame_of(Kind::kRunStorage, question, {}, {}, 2)), kNotFound);
}

}  // namespace
}  // namespace stepwell::ingest
