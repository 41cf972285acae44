#pragma once

// What the doors see of the domain: submit, and snapshot. Any thread.

#include <memory>
#include <string>
#include <vector>

#include "engine/base/clock.hpp"
#include "engine/base/task.hpp"
#include "engine/store/store.hpp"
#include "engine/tracking/view.hpp"
#include "protocol/frame.hpp"

namespace stepwell::tracking {

using store::Verdict;

// A verdict on a command as its sender's result. kNotFound also where it was purged.
Result<void> result_of(const Verdict& verdict);

class Tracking {
 public:
  // Both outlive it; the store's fold is a tracking::Fold.
  Tracking(store::Store& store, const Clock& clock) : store_(store), clock_(clock) {}

  // Frames that the caller has verified (header, hash), as they came, in order. Results as in
  // Store::submit, on the sequencer. `memory` keeps the frames' bytes until they are in the log.
  void submit(const std::vector<protocol::FrameView>& frames, wal::Door door,
              std::shared_ptr<const void> memory, store::Store::Decided decided);
  // One finished frame (protocol::make_frame); resumes on `resume`.
  Task<Result<Verdict>> submit(std::string frame, wal::Door door, Executor& resume);

  Result<View> snapshot() const;
  store::Store& store() const { return store_; }

 private:
  wal::Envelope envelope(const protocol::FrameHeader& header, wal::Door door) const;

  store::Store& store_;
  const Clock& clock_;
};

}  // namespace stepwell::tracking
