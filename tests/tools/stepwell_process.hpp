#pragma once

// The real `stepwell` binary: run to its end with its output, or as a server in the background.

#include <memory>
#include <string>
#include <vector>

namespace stepwell::tools {

struct Finished {
  int code = 0;  // Exit code; 128 + N for a signal.
  std::string out;
  std::string err;
};

// Path of the binary under test.
std::string stepwell_binary();
Finished run_stepwell(const std::vector<std::string>& arguments);

// A child process. Killed when destroyed.
class Child {
 public:
  // Standard output and error go to files.
  Child(const std::vector<std::string>& arguments, const std::string& out, const std::string& err);
  ~Child();
  int pid() const { return pid_; }
  void send(int signal) const;
  // Exit code, as in Finished. Waits at most `seconds`, then kills it: -1.
  int wait(double seconds);
  bool running();

 private:
  int pid_ = 0;
  int code_ = -2;  // -2: not waited for.
};

// A server on a fixed free port, so that it can come back to where its clients look for it.
class TestServer {
 public:
  TestServer(std::string directory, std::string logs, std::vector<std::string> arguments = {});
  // Starts and waits for its readiness line. False if it ended or 30 s passed.
  bool start();
  // Starts without waiting.
  void launch();
  void kill();
  int stop();
  std::string address() const;
  const std::string& directory() const { return directory_; }
  Child& child() { return *child_; }
  std::string errors() const;

 private:
  const std::string directory_;
  const std::string logs_;
  const std::vector<std::string> arguments_;
  int port_ = 0;
  std::unique_ptr<Child> child_;
};

// A directory of its own, removed at the end unless the test failed.
class TestDirectory {
 public:
  TestDirectory();
  ~TestDirectory();
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

std::string contents_of(const std::string& path);

}  // namespace stepwell::tools
