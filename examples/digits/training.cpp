#include "examples/digits/training.hpp"

#include <sstream>
#include <stdexcept>

namespace digits {
namespace {

constexpr std::chrono::milliseconds kMoment(100);
constexpr std::chrono::seconds kFinishPatience(90);

}  // namespace

Training::Training(const Stage& stage) : stage_(stage) {
  for (int rank = 0; rank < stage.workers; ++rank)
    start(std::to_string(rank),
          {"--rank", std::to_string(rank), "--ranks", std::to_string(stage.workers), "--steps",
           std::to_string(stage.steps), "--exchange", stage.path("exchange"), "--server",
           stage.address});
  start("offline", {"--context", "worker=offline", "--seed", "99", "--steps",
                    std::to_string(stage.offline_steps)});
}

void Training::start(const std::string& name, const std::vector<std::string>& arguments) {
  std::vector<std::string> command = {stage_.trainer,
                                      "--digits",
                                      stage_.digits,
                                      "--run",
                                      stage_.run,
                                      "--spool",
                                      stage_.path("spool-" + name),
                                      "--journal",
                                      stage_.path("journal-" + name)};
  command.insert(command.end(), arguments.begin(), arguments.end());
  workers_.push_back(
      {name, std::make_unique<Process>(command, stage_.path("worker-" + name + ".log"))});
}

void Training::check_workers() {
  for (const Worker& worker : workers_) {
    const auto status = worker.process->wait(std::chrono::milliseconds(0));
    if (status.value_or(0) != 0)
      throw std::runtime_error("worker " + worker.name + " failed with status " +
                               std::to_string(*status) + "; see its log");
  }
}

void Training::follow() {
  check_workers();
  // "step N loss L accuracy A"
  const auto line = workers_.front().process->read_line(kMoment);
  if (!line) return;
  std::istringstream words(*line);
  std::string word;
  words >> word >> step_;
  std::getline(words >> std::ws, state_);
  moments_.push_back({Clock::now(), step_});
}

double Training::rate(Clock::time_point from, Clock::time_point to) const {
  const Moment* first = nullptr;
  const Moment* last = nullptr;
  for (const Moment& moment : moments_) {
    if (moment.when < from || moment.when > to) continue;
    if (!first) first = &moment;
    last = &moment;
  }
  if (!first || first == last) return 0;
  const std::chrono::duration<double> took = last->when - first->when;
  return (last->step - first->step) / took.count();
}

void Training::finish() {
  const auto deadline = Clock::now() + kFinishPatience;
  for (const Worker& worker : workers_) {
    while (!worker.process->wait(kMoment)) {
      if (interrupted()) throw std::runtime_error("interrupted");
      if (Clock::now() > deadline) throw std::runtime_error("worker " + worker.name + " hangs");
    }
  }
  check_workers();
}

std::vector<Journal> Training::journals() const {
  std::vector<Journal> journals;
  for (const Worker& worker : workers_)
    journals.push_back(read_journal(stage_.path("journal-" + worker.name)));
  return journals;
}

}  // namespace digits
