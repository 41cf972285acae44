#pragma once

// The training job as the demo sees it: its worker processes, how far they are and how fast.

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "examples/digits/journal.hpp"
#include "examples/digits/process.hpp"
#include "examples/digits/stage.hpp"

namespace digits {

class Training {
 public:
  using Clock = std::chrono::steady_clock;

  // Starts the ranks, and the worker that works offline.
  explicit Training(const Stage& stage);

  // Follows rank 0 for a moment. Throws std::runtime_error when a worker has failed.
  void follow();

  int step() const { return step_; }
  const std::string& state() const { return state_; }
  bool trained() const { return step_ >= stage_.steps; }
  // Steps per second between two moments, over the steps that were reported between them.
  double rate(Clock::time_point from, Clock::time_point to) const;

  // Waits for all workers: they end when what they logged is acknowledged.
  void finish();
  // Ranks in order, then the offline worker.
  std::vector<Journal> journals() const;
  std::string offline_spool() const { return stage_.path("spool-offline"); }

 private:
  struct Worker {
    std::string name;
    std::unique_ptr<Process> process;
  };
  struct Moment {
    Clock::time_point when;
    int step;
  };

  void start(const std::string& name, const std::vector<std::string>& arguments);
  void check_workers();

  const Stage& stage_;
  std::vector<Worker> workers_;
  std::vector<Moment> moments_;
  std::string state_;
  int step_ = 0;
};

}  // namespace digits
