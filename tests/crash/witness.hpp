#pragma once

// Stands beside a store and knows what it must say. Every command goes through it, so it knows the
// log's order; the reference model stands at what was acknowledged. What was sent and not
// acknowledged may survive a cut or not, but only as a prefix of what was sent. Failures are
// gtest's.

#include <functional>
#include <string>
#include <vector>

#include "tests/crash/store_on_world.hpp"
#include "tests/sim/reference_model.hpp"

namespace stepwell::crash {

class Witness {
 public:
  struct Sent {
    sim::Command command;
    std::int64_t arrival_ms = 0;
    bool refused = false;  // Overloaded: it never was in the log.
  };
  // The number that send() gave, and what was said.
  using OnAnswer = std::function<void(std::size_t number, const Result<store::Verdict>& verdict)>;

  std::size_t send(StoreOnWorld& to, const sim::Command& command);
  // Checks the answers that came, in order. False: the store is poisoned; error() says why.
  bool take_answers(StoreOnWorld& from, const OnAnswer& on_answer = nullptr);
  // After a reopening: what is there is what was acknowledged and perhaps more of what was sent.
  // Returns what did not survive; it counts as never sent.
  std::vector<sim::Command> find_survivors(const StoreOnWorld& store);
  // The store says exactly what the model says.
  void compare(const StoreOnWorld& store) const;

  bool all_acknowledged() const { return acknowledged_ == sent_.size(); }
  std::size_t acknowledged() const { return acknowledged_; }
  // What is in the log, in its order.
  const std::vector<Sent>& sent() const { return sent_; }
  const sim::ReferenceModel& model() const { return model_; }
  const std::string& error() const { return error_; }

 private:
  void pass_refused();

  sim::ReferenceModel model_;  // After sent_[0, acknowledged_).
  std::vector<Sent> sent_;
  std::size_t acknowledged_ = 0;
  std::int64_t now_ms_ = 1'800'000'000'000;
  std::string error_;
};

}  // namespace stepwell::crash
