#pragma once

// Where a demo plays: its directory, its address, its programs, and the server that is started,
// killed and stopped on it.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "examples/digits/process.hpp"

namespace digits {

struct Stage {
  std::string directory;  // Everything below it is the demo's.
  std::string stepwell;   // The server's and the tools' program.
  std::string trainer;
  std::string digits;   // digits.csv
  std::string address;  // 127.0.0.1:PORT
  std::string run;      // 32 hex digits.
  int workers = 4;
  int steps = 0;
  int offline_steps = 0;

  std::string path(const std::string& name) const { return directory + "/" + name; }
};

// A port that nobody listens on now.
std::string free_local_address();
std::string random_run_id();
std::string make_directory();

class Server {
 public:
  explicit Server(const Stage& stage) : stage_(stage) {}

  // Waits until it says that it is ready, and returns that line. Throws std::runtime_error.
  std::string start();
  void kill();
  // Asks it to stop; its exit status, or nothing if it does not stop.
  std::optional<int> stop();
  bool running() { return process_ && process_->running(); }

 private:
  const Stage& stage_;
  std::unique_ptr<Process> process_;
};

// Runs a `stepwell` command to its end. Throws std::runtime_error when it takes too long.
struct Outcome {
  int status = 0;
  std::vector<std::string> lines;
};
Outcome run_tool(const Stage& stage, const std::vector<std::string>& arguments);

}  // namespace digits
