#pragma once

// Has a server's index walked now and then, by a process of its own: a damaged page can end that
// one, and the server goes on. What it finds is logged as errors.

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "engine/base/clock.hpp"

namespace stepwell::tools {

struct ScrubberOptions {
  std::string program;    // The `stepwell` binary.
  std::string directory;  // The store's.
  std::chrono::seconds interval{0};
  std::uint64_t bytes_per_second = 0;
};

class Scrubber {
 public:
  // Waits for the interval before the first walk, at most an hour.
  explicit Scrubber(ScrubberOptions options);
  // Ends a walk that goes on.
  ~Scrubber();

 private:
  void work();
  void walk();
  // The process, whose output goes to `out`; 0: there is none.
  int start_walk(int out);
  // Waits for it; its wait status.
  int end_of_walk();
  // False: it is time to end.
  bool wait_for(std::chrono::seconds time);

  const ScrubberOptions options_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool ending_ = false;
  int child_ = 0;  // Its process; 0: none.
  std::thread thread_;
};

}  // namespace stepwell::tools
