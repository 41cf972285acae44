#pragma once

// The engine in this process: a store filled through its log, fold and checkpoints, and read
// without a door. One thread at a time.

#include <memory>
#include <string>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/io/net/asio_executor.hpp"
#include "engine/io/posix.hpp"
#include "engine/tracking/fold.hpp"
#include "engine/tracking/tracking.hpp"

namespace stepwell::bench {

class EngineStore {
 public:
  // Opens or creates the store in `directory`.
  static Result<std::unique_ptr<EngineStore>> open(const std::string& directory);
  // Closes it in order.
  ~EngineStore();

  // Durable and applied on return, each of them.
  Result<void> send(const std::vector<std::string>& frames);
  // Returns when everything is in the index.
  void settle() const;
  Result<tracking::View> view() const { return tracking_->snapshot(); }
  const tracking::Changes& changes() const { return fold_.changes(); }

 private:
  EngineStore() = default;
  io::PosixFileSystem files_;
  SystemRandom random_;
  SystemClock clock_;
  net::AsioExecutor sequencer_;
  net::AsioExecutor compactor_;
  tracking::Fold fold_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<tracking::Tracking> tracking_;
};

// How the times of a series go with its steps.
enum class Times { kRise, kJitter, kShuffle };
// A run with the series `loss`: noisy float32 values, one point a step, as a client's frames.
RunId bench_run(std::uint64_t number);
// A frame of the run's only writer.
std::string bench_frame(protocol::Kind kind, std::uint64_t run, std::uint64_t sequence,
                        std::string_view payload);
Result<void> fill_run(EngineStore& store, std::uint64_t number, std::uint64_t points, Times times);

}  // namespace stepwell::bench
