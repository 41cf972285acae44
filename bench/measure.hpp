#pragma once

// The figures of TARGETS. Each function measures one and says on stderr what it does.

#include "bench/figure.hpp"
#include "bench/server.hpp"

namespace stepwell::bench {

struct Effort {
  unsigned runs = 5;
  unsigned bursts = 8;  // TARGETS has 20; the drain between them is what takes the time.
  double sustained_seconds = 30;
  unsigned soak_minutes = 10;
};

// F1, F2, F3, F6: durable acks in bursts, each after the drain. `name`: "F1".
Result<Figure> measure_bursts(const Place& place, const Effort& effort, const std::string& name);
// F4, F5: sustained. One run, quoted with the memory and the log that it took.
Result<Figure> measure_sustained(const Place& place, const Effort& effort, const std::string& name);
// F7: p50 and p99 of acks at half of F4 (points a second), against the bare log write of the same
// run.
Result<std::vector<Figure>> measure_latency(const Place& place, const Effort& effort, double f4);
// F10: log replayed at start.
Result<Figure> measure_replay(const Place& place, const Effort& effort);
// F8: bytes a point in used pages of the index, at rest. One run.
Result<Figure> measure_bytes_at_rest(const Place& place);
// F9: the most anonymous memory while 1,000,000 series are written. One run.
Result<Figure> measure_many_series(const Place& place);
// R8: from start to the first answer about a run, of an empty store and of one with 100,000 runs
// and 1,000,000,000 points.
Result<std::vector<Figure>> measure_start(const Place& place, const Effort& effort);

// A steady state: ingest at a rate, the oldest runs purged so that 8 GB stay, a reader beside it. A
// line a minute: what must be flat.
Result<void> soak(const Place& place, double points_per_second, unsigned minutes);

// R3: a search among 100,000 runs for those that pass a metric and a param clause, ordered by a
// metric, 50 results, in milliseconds: the 95th of 100 of 200 questions a run; also when runs
// change meanwhile, the first one of a process, and without filters.
Result<std::vector<Figure>> measure_search(const Place& place, const Effort& effort);
// R4: a history of 1,000,000 points by time, in seconds; also where times do not rise, and through
// the protocol.
Result<std::vector<Figure>> measure_history(const Place& place, const Effort& effort);
// R5: a chart of 100 runs with 1,000,000 points each, in milliseconds; also by time, cold, and
// through the protocol.
Result<std::vector<Figure>> measure_chart(const Place& place, const Effort& effort);

}  // namespace stepwell::bench
