#pragma once

// A seeded script driven against a store on a World, with a witness beside it.

#include <string>
#include <vector>

#include "tests/crash/witness.hpp"
#include "tests/sim/job_script.hpp"

namespace stepwell::crash {

class CrashScript {
 public:
  CrashScript(io::World& world, const std::string& real_directory, std::uint64_t seed);

  // Runs until the end, or until something fails: then the disk was cut, or an error injected.
  void run();
  bool finished() const { return finished_; }
  const std::string& error() const { return error_; }
  bool poisoned() const { return store_.poisoned.has_value(); }
  // The store was closed while the fault had hit already: it may have had nothing left to do.
  bool closed_over_fault() const { return closed_over_fault_; }
  void die() { store_.die(); }
  std::uint64_t checkpoints() const { return checkpoints_; }
  std::uint64_t swept_runs() const { return swept_runs_; }

  // A new process on what is left: opens it, compares, sends again what was not acknowledged and a
  // little more, closes, opens again. Failures are gtest's.
  void go_on_with(io::World& world, const std::string& real_directory, std::uint64_t seed);

 private:
  bool open();
  bool step(std::size_t number);
  bool reopen();
  bool take_answers(StoreOnWorld& from);
  void count();

  std::vector<sim::Command> commands_;
  StoreOnWorld store_;
  SeededRandom random_;
  Witness witness_;
  std::uint64_t checkpoints_ = 0;
  std::uint64_t swept_runs_ = 0;
  bool finished_ = false;
  bool closed_over_fault_ = false;
  std::string error_;
};

}  // namespace stepwell::crash
