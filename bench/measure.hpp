#pragma once

// The figures of TARGETS. Each function measures one and says on stderr what it does.

#include "bench/figure.hpp"
#include "bench/server.hpp"

namespace stepwell::bench {

struct Effort {
  unsigned runs = 5;
  unsigned bursts = 8;  // TARGETS has 20; the drain between them is what takes the time.
  double sustained_seconds = 30;
};

// F1, F2, F3, F6: durable acks in bursts, each after the drain. `name`: "F1".
Result<Figure> measure_bursts(const Place& place, const Effort& effort, const std::string& name);
// F4: sustained. One run, quoted with the memory and the log that it took.
Result<Figure> measure_sustained(const Place& place, const Effort& effort);
// F7: p50 and p99 of acks at half of F4 (points a second), against the bare log write of the same
// run.
Result<std::vector<Figure>> measure_latency(const Place& place, const Effort& effort, double f4);
// F10: log replayed at start.
Result<Figure> measure_replay(const Place& place, const Effort& effort);

// R4: a history of 1,000,000 points by time, in seconds; also where times do not rise, and through
// the protocol.
Result<std::vector<Figure>> measure_history(const Place& place, const Effort& effort);
// R5: a chart of 100 runs with 1,000,000 points each, in milliseconds; also by time, cold, and
// through the protocol.
Result<std::vector<Figure>> measure_chart(const Place& place, const Effort& effort);

}  // namespace stepwell::bench
