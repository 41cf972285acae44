#pragma once

// Every thread of the server is an Executor that is passed in: it runs jobs one at a time, in the
// order they were posted. In a simulation all of them are driven by hand on one thread.

#include <cstdint>

#include "engine/base/clock.hpp"
#include "engine/base/job.hpp"
#include "engine/base/spawned_tasks.hpp"

namespace stepwell {

using TimerId = std::uint64_t;

class Executor {
 public:
  virtual ~Executor() = default;

  // Any thread. The job runs later, never inside this call.
  virtual void post(Job job) = 0;

  // Any thread. The job runs once `delay` has passed. Never 0.
  virtual TimerId post_after(Instant delay, Job job) = 0;
  // Any thread. True if the job had not started and now never will.
  virtual bool cancel(TimerId timer) = 0;

  // Monotonic time as this executor sees it.
  virtual Instant now() const = 0;

  // What spawn() started here and has not ended.
  SpawnedTasks& spawned() { return spawned_; }

 private:
  SpawnedTasks spawned_;
};

}  // namespace stepwell
