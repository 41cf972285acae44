#pragma once

// A child process that never outlives this one: the kernel kills it when this process dies, the
// destructor when this object goes.

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace digits {

class Process {
 public:
  // The program's stdout comes through read_line(), its stderr goes to the file `log`.
  // Throws std::runtime_error. Call it from the thread that lives as long as the child shall.
  Process(const std::vector<std::string>& arguments, const std::string& log);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // The next line of its stdout within `patience`; nothing if there is none yet, or at its end.
  std::optional<std::string> read_line(std::chrono::milliseconds patience);
  bool at_end() const { return output_ < 0; }

  void signal(int number);
  // Its exit status, 128 + signal if one killed it; nothing if it still runs after `patience`. What
  // it prints meanwhile is kept for read_line().
  std::optional<int> wait(std::chrono::milliseconds patience);
  bool running();

 private:
  std::optional<std::string> take_line();
  // Waits for output and keeps it. False: none came.
  bool fill(std::chrono::milliseconds patience);

  pid_t pid_ = -1;
  int output_ = -1;
  std::string buffer_;
  std::optional<int> status_;
};

// True once SIGINT, SIGTERM or SIGHUP has come, after watch_for_interrupts().
bool interrupted();
void watch_for_interrupts();

}  // namespace digits
