#include "tests/http/http_fixture.hpp"

#include "engine/base/spawn.hpp"
#include "protocol/messages.hpp"

namespace stepwell::http {
namespace {

Task<void> run_session(std::shared_ptr<Session> session) {
  auto running = session->run("");
  co_await std::move(running);
}

// Nothing: they are not all there.
std::optional<std::string> take_chunks(std::string& bytes) {
  std::string body;
  std::size_t at = 0;
  while (true) {
    const std::size_t end = bytes.find("\r\n", at);
    if (end == std::string::npos) return std::nullopt;
    const std::size_t size = std::stoul(bytes.substr(at, end - at), nullptr, 16);
    if (bytes.size() < end + 2 + size + 2) return std::nullopt;
    body += bytes.substr(end + 2, size);
    at = end + 2 + size + 2;
    if (size > 0) continue;
    bytes.erase(0, at);
    return body;
  }
}

}  // namespace

std::string Answer::header(std::string_view name) const {
  const std::string start = fmt::format("\r\n{}: ", name);
  const std::size_t at = head.find(start);
  if (at == std::string::npos) return {};
  const std::size_t begin = at + start.size();
  return head.substr(begin, head.find("\r\n", begin) - begin);
}

std::string request(std::string_view method, std::string_view target, std::string_view body,
                    std::string_view headers) {
  std::string bytes =
      fmt::format("{} {} HTTP/1.1\r\nHost: localhost:5000\r\n{}", method, target, headers);
  if (!body.empty() || method == "POST")
    bytes += fmt::format("Content-Length: {}\r\n", body.size());
  return bytes + "\r\n" + std::string(body);
}

Browser::Browser(HandExecutor& executor, std::unique_ptr<Stream> stream,
                 std::shared_ptr<net::PipeControl> control)
    : executor_(executor), state_(std::make_shared<State>()), control_(std::move(control)) {
  state_->stream = std::move(stream);
  spawn(executor_, read_all(state_, executor_));
}

Task<void> Browser::read_all(std::shared_ptr<State> state, HandExecutor& executor) {
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

Task<void> Browser::write_all(std::shared_ptr<State> state, std::string bytes) {
  auto writing = state->stream->write_all(as_bytes(bytes));
  static_cast<void>(co_await std::move(writing));
}

void Browser::send(std::string bytes) {
  spawn(executor_, write_all(state_, std::move(bytes)));
  executor_.advance(milliseconds(20));
}

std::optional<Answer> Browser::take(bool to_head) {
  std::string& in = state_->received;
  const std::size_t end = in.find("\r\n\r\n");
  if (end == std::string::npos) return std::nullopt;
  Answer answer;
  answer.head = in.substr(0, end + 2);
  answer.status = std::stoi(answer.head.substr(9, 3));
  std::string rest = in.substr(end + 4);
  if (to_head || answer.status == 100 || answer.status == 204) {
    in = std::move(rest);
    return answer;
  }
  if (answer.header("Transfer-Encoding") == "chunked") {
    auto body = take_chunks(rest);
    if (!body) return std::nullopt;
    answer.body = std::move(*body);
    in = std::move(rest);
    return answer;
  }
  const std::size_t length = std::stoul(answer.header("Content-Length"));
  if (rest.size() < length) return std::nullopt;
  answer.body = rest.substr(0, length);
  in = rest.substr(length);
  return answer;
}

Answer Browser::read(bool to_head) {
  for (int tries = 0; tries < 200; ++tries) {
    if (auto answer = take(to_head)) return std::move(*answer);
    executor_.advance(milliseconds(5));
  }
  return {};
}

void Browser::close() {
  state_->stream->close();
  executor_.advance(milliseconds(20));
}

HttpTest::HttpTest() {
  index_directory_ = (std::filesystem::temp_directory_path() / "stepwell-http-XXXXXX").string();
  EXPECT_NE(mkdtemp(index_directory_.data()), nullptr);
}

HttpTest::~HttpTest() {
  // Connections end, so that no coroutine is left behind.
  for (int i = 0; i < 100 && shared_ && shared_->connections > 0; ++i)
    executor.advance(std::chrono::seconds(60));
  EXPECT_TRUE(!shared_ || shared_->body_bytes == 0) << "bodies are still counted";
  executor.drop_all();
  shared_.reset();
  tracking_.reset();
  store_.reset();
  std::filesystem::remove_all(index_directory_);
}

void HttpTest::start(Options options) {
  store::Options store_options;
  store_options.log.segment_bytes = 4 << 20;
  store_options.index_directory = index_directory_;
  store_options.index_map_bytes = 64 << 20;
  store::OpenReport report;
  auto opened = store::Store::open({files_, executor, executor, random_}, "data", store_options,
                                   fold_, report);
  ASSERT_TRUE(opened) << opened.error().text;
  store_ = std::move(opened.value());
  tracking_ = std::make_unique<tracking::Tracking>(*store_, clock_);
  shared_ =
      std::make_unique<Shared>(*tracking_, fold_.changes(), clock_, random_, std::move(options));
  executor.advance(milliseconds(100));
  send_settings("mlflow-artifacts:");
}

void HttpTest::send_settings(const std::string& root) {
  wire::SettingsT settings;
  settings.artifact_root = root;
  const auto frame = std::make_shared<const std::string>(
      protocol::make_frame_of(protocol::Kind::kSettings, settings));
  tracking_->submit({{load_le<protocol::FrameHeader>(frame->data()), as_bytes(*frame)}},
                    wal::Door::kServer, frame,
                    [](const auto& results) { EXPECT_TRUE(results.at(0)); });
  executor.advance(milliseconds(100));
}

Browser HttpTest::connect(net::PipeOptions options) {
  auto pipe = net::memory_pipe(executor, executor, options);
  auto session = std::make_shared<Session>(*shared_, std::move(pipe.second), executor, executor);
  sessions_.push_back(session);
  spawn(executor, run_session(std::move(session)));
  return Browser(executor, std::move(pipe.first), pipe.control);
}

Answer HttpTest::post(std::string_view path, std::string_view json) {
  Browser browser = connect();
  browser.send(request("POST", fmt::format("/api/2.0/mlflow/{}", path), json,
                       "Content-Type: application/json\r\n"));
  Answer answer = browser.read();
  browser.close();
  return answer;
}

Answer HttpTest::get(std::string_view target) {
  Browser browser = connect();
  browser.send(request("GET", target.starts_with('/') ? std::string(target)
                                                      : fmt::format("/api/2.0/mlflow/{}", target)));
  Answer answer = browser.read();
  browser.close();
  return answer;
}

std::string HttpTest::field(const Answer& answer, std::string_view name) {
  const std::string start = fmt::format("\"{}\":\"", name);
  const std::size_t at = answer.body.find(start);
  if (at == std::string::npos) return {};
  const std::size_t begin = at + start.size();
  return answer.body.substr(begin, answer.body.find('"', begin) - begin);
}

std::string HttpTest::create_experiment(std::string_view name) {
  return field(post("experiments/create", fmt::format(R"({{"name":"{}"}})", name)),
               "experiment_id");
}

std::string HttpTest::create_run(std::string_view experiment) {
  return field(
      post("runs/create", fmt::format(R"({{"experiment_id":"{}","run_name":"r"}})", experiment)),
      "run_id");
}

}  // namespace stepwell::http
