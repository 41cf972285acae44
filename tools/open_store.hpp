#pragma once

// A store that no server has open, opened to be changed: for commands that do without a server.

#include <memory>
#include <string>

#include "engine/base/clock.hpp"
#include "engine/io/net/asio_executor.hpp"
#include "engine/io/posix.hpp"
#include "engine/tracking/fold.hpp"
#include "engine/tracking/tracking.hpp"

namespace stepwell::tools {

class OpenStore {
 public:
  // kDenied: a server has it. kNotFound: no store is there.
  static Result<std::unique_ptr<OpenStore>> open(const std::string& directory);
  // Closes it in order. What was purged and is not freed yet is freed after later openings.
  ~OpenStore();

  Result<tracking::View> view() const { return tracking_->snapshot(); }
  // A finished frame; returns when its verdict is there.
  Result<tracking::Verdict> submit(std::string frame);

 private:
  OpenStore() = default;
  io::PosixFileSystem files_;
  SystemRandom random_;
  SystemClock clock_;
  net::AsioExecutor sequencer_;
  net::AsioExecutor compactor_;
  tracking::Fold fold_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<tracking::Tracking> tracking_;
};

}  // namespace stepwell::tools
