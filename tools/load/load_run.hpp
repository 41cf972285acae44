#pragma once

// A whole load: its connections on one thread, for a time, at a rate or in bursts.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/io/net/address.hpp"
#include "tools/load/load_connection.hpp"

namespace stepwell::tools {

struct LoadOptions {
  net::Address to;
  std::string profile;
  std::uint64_t seed = 0;
  unsigned connections = 0;  // 0: the profile's.
  double seconds = 10;
  double points_per_second = 0;  // 0: as fast as it goes.
  std::uint64_t streams = 0;     // End after so many; 0: when the time is over.
  unsigned bursts = 0;           // 0: send all the time.
  std::uint64_t burst_bytes = 100 << 20;
  int drain_pid = 0;    // Between bursts, wait until this process uses no processor.
  std::string journal;  // Path, or empty.
};

struct LoadReport {
  LoadTotals totals;
  double seconds = 0;  // Of sending; of bursts, the sum.
  std::vector<double> burst_points_per_second;
  bool all_acknowledged = false;
  unsigned connections = 0;
  double points_per_second() const {
    return seconds > 0 ? static_cast<double>(totals.points_acknowledged) / seconds : 0;
  }
};

// Blocks until it is done. `progress` is called ten times a second, on another thread.
Result<LoadReport> run_load(const LoadOptions& options,
                            const std::function<void(const LoadTotals&, double seconds)>& progress);

// Processor time that a process has used, in clock ticks.
std::uint64_t processor_ticks(int pid);

}  // namespace stepwell::tools
