#pragma once

// The REST door on a store in RAM, driven by hand. Verbs: connect, send bytes, read answers; or
// call an endpoint in one line.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/hand_executor.hpp"
#include "engine/http/session.hpp"
#include "engine/io/memory.hpp"
#include "engine/io/net/memory_pipe.hpp"
#include "engine/tracking/fold.hpp"
#include "engine/tracking/tracking.hpp"

namespace stepwell::http {

// An answer as a client reads it.
struct Answer {
  int status = 0;
  std::string head;
  std::string body;  // Without chunks.
  std::string header(std::string_view name) const;
};

// A client's end of a connection.
class Browser {
 public:
  Browser(HandExecutor& executor, std::unique_ptr<Stream> stream,
          std::shared_ptr<net::PipeControl> control);

  void send(std::string bytes);
  // The next answer; status 0 if none comes. `to_head`: to a HEAD, so it has no body.
  Answer read(bool to_head = false);
  // What came and was not read, as bytes.
  std::string& received() { return state_->received; }
  bool is_closed() const { return state_->closed; }
  void close();
  void stop_reading() { state_->reads = false; }
  void start_reading() { state_->reads = true; }

 private:
  struct State {
    std::unique_ptr<Stream> stream;
    std::string received;
    bool reads = true;
    bool closed = false;
  };
  static Task<void> read_all(std::shared_ptr<State> state, HandExecutor& executor);
  static Task<void> write_all(std::shared_ptr<State> state, std::string bytes);
  // Takes an answer that is there in full.
  std::optional<Answer> take(bool to_head);

  HandExecutor& executor_;
  std::shared_ptr<State> state_;
  std::shared_ptr<net::PipeControl> control_;
};

class HttpTest : public ::testing::Test {
 protected:
  HttpTest();
  ~HttpTest() override;

  void start(Options options = {});
  Browser connect(net::PipeOptions pipe = {});
  // On a connection of its own. Paths as in section names: "runs/create" is below the API's base.
  Answer post(std::string_view path, std::string_view json);
  Answer get(std::string_view target);
  // The first text of this field in an answer's body.
  static std::string field(const Answer& answer, std::string_view name);
  std::string create_experiment(std::string_view name = "e");
  std::string create_run(std::string_view experiment = "0");
  // Sends a command of the server's own, such as the settings that make Default.
  void send_settings(const std::string& root);

  HandExecutor executor;
  std::unique_ptr<Shared> shared_;
  std::vector<std::weak_ptr<Session>> sessions_;
  std::unique_ptr<tracking::Tracking> tracking_;
  std::unique_ptr<store::Store> store_;

 private:
  struct HandClock final : Clock {
    std::int64_t now_ms() const override { return 1'700'000'000'000; }
  };

  io::World world_{1};
  io::MemoryFileSystem files_{world_};
  SeededRandom random_{3};
  HandClock clock_;
  std::string index_directory_;
  tracking::Fold fold_;
};

std::string request(std::string_view method, std::string_view target, std::string_view body = {},
                    std::string_view headers = {});

}  // namespace stepwell::http
