#include "tests/ingest/door_fixture.hpp"

#include "engine/base/spawn.hpp"
#include "engine/tracking/history.hpp"
#include "protocol/batch_builder.hpp"
#include "protocol/limits.hpp"

namespace stepwell::ingest {
namespace {

Task<void> run_session(std::shared_ptr<Session> session) {
  auto running = session->run("");
  co_await std::move(running);
}

}  // namespace

Peer::Peer(HandExecutor& executor, std::unique_ptr<Stream> stream,
           std::shared_ptr<net::PipeControl> control)
    : executor_(executor), state_(std::make_shared<State>()), control_(std::move(control)) {
  state_->stream = std::move(stream);
  spawn(executor_, read_all(state_, executor_));
}

Task<void> Peer::read_all(std::shared_ptr<State> state, HandExecutor& executor) {
  std::string buffer(4096, '\0');
  while (true) {
    while (!state->reads) co_await sleep_for(executor, milliseconds(10));
    auto reading =
        state->stream->read_some({reinterpret_cast<std::byte*>(buffer.data()), buffer.size()});
    const auto n = co_await std::move(reading);
    if (!n || n.value() == 0) break;
    state->received.append(buffer, 0, n.value());
  }
  state->closed = true;
}

Task<void> Peer::write_all(std::shared_ptr<State> state) {
  while (!state->outgoing.empty()) {
    const std::string bytes = std::exchange(state->outgoing, {});
    auto writing = state->stream->write_all(as_bytes(bytes));
    const auto written = co_await std::move(writing);
    if (!written) break;
  }
  state->writing = false;
}

void Peer::queue(std::string bytes) {
  state_->outgoing += bytes;
  if (!std::exchange(state_->writing, true)) spawn(executor_, write_all(state_));
}

void Peer::send(std::string bytes) {
  queue(std::move(bytes));
  executor_.advance(milliseconds(20));
}

std::optional<std::string> Peer::next_frame() {
  std::string& in = state_->received;
  const auto whole = [&]() -> std::size_t {
    if (in.size() < sizeof(protocol::FrameHeader)) return 0;
    const std::size_t bytes = load_le<protocol::FrameHeader>(in.data()).frame_bytes();
    return in.size() >= bytes ? bytes : 0;
  };
  for (int tries = 0; tries < 200 && whole() == 0; ++tries) executor_.advance(milliseconds(5));
  const std::size_t bytes = whole();
  if (bytes == 0) return std::nullopt;
  std::string frame = in.substr(0, bytes);
  in.erase(0, bytes);
  return frame;
}

void Peer::close() {
  state_->stream->close();
  executor_.advance(milliseconds(20));
}

DoorTest::DoorTest() {
  index_directory_ = (std::filesystem::temp_directory_path() / "stepwell-door-XXXXXX").string();
  EXPECT_NE(mkdtemp(index_directory_.data()), nullptr);
}

DoorTest::~DoorTest() {
  // Connections end, so that no coroutine is left behind.
  for (int i = 0; i < 100 && shared_ && shared_->connections > 0; ++i)
    executor.advance(std::chrono::seconds(60));
  executor.drop_all();
  busy.drop_all();
  shared_.reset();
  store_.reset();
  std::filesystem::remove_all(index_directory_);
}

void DoorTest::start(Options options, store::Options store_options) {
  store_options.log.segment_bytes = 4 << 20;
  store_options.index_directory = index_directory_;
  store_options.index_map_bytes = 64 << 20;
  store::OpenReport report;
  auto opened = store::Store::open({files_, executor, executor, random_}, "data", store_options,
                                   fold_, report);
  ASSERT_TRUE(opened) << opened.error().text;
  store_ = std::move(opened.value());
  tracking_ = std::make_unique<tracking::Tracking>(*store_, clock_);
  shared_ = std::make_unique<Shared>(*tracking_, options);
  executor.advance(milliseconds(100));
}

Peer DoorTest::connect_raw(net::PipeOptions options) {
  auto pipe = net::memory_pipe(executor, executor, options);
  auto session =
      std::make_shared<Session>(*shared_, std::move(pipe.second), executor, *query_, *lookup_);
  spawn(executor, run_session(std::move(session)));
  return Peer(executor, std::move(pipe.first), pipe.control);
}

Peer DoorTest::connect(net::PipeOptions options) {
  Peer peer = connect_raw(options);
  peer.send(hello_frame());
  peer.expect<wire::WelcomeT>(protocol::Kind::kWelcome);
  return peer;
}

std::uint64_t DoorTest::points(const RunId& run) {
  const tracking::View now = view();
  const auto data = now.run(run).value();
  std::uint64_t count = 0;
  if (data) {
    for (const auto& metric : data->metrics) count += metric->count;
  }
  return count;
}

void DoorTest::expect_others_unaffected() {
  Peer other = connect();
  other.send(open_frame(a_run(50), a_writer(50)) + batch_frame(2, 0, 3, a_run(50), a_writer(50)));
  other.expect<wire::AckT>(protocol::Kind::kAck);
  EXPECT_EQ(points(a_run(50)), 3u);
}

std::string hello_frame() {
  wire::HelloT hello;
  hello.version_min = hello.version_max = protocol::kVersion;
  return protocol::make_frame_of(protocol::Kind::kHello, hello);
}

std::string open_frame(RunId run, WriterId writer) {
  wire::OpenT open;
  open.experiment = "door";
  return protocol::make_frame_of(protocol::Kind::kOpen, open, run, writer, 1);
}

std::string batch_frame(std::uint64_t sequence, std::int64_t step, std::size_t points, RunId run,
                        WriterId writer) {
  protocol::KeyListBuilder keys;
  EXPECT_TRUE(keys.add("loss"));
  std::vector<std::int64_t> steps(points);
  for (std::size_t i = 0; i < points; ++i) steps[i] = step + static_cast<std::int64_t>(i);
  const std::vector<double> values(points, 0.1);
  protocol::BatchBuilder batch;
  batch.add_block(keys, points, {steps, steps, values, {}});
  protocol::FrameHeader header;
  header.kind = protocol::Kind::kBatch;
  header.run = run;
  header.writer = writer;
  header.sequence = sequence;
  return protocol::make_frame(header, batch.finish());
}

}  // namespace stepwell::ingest
