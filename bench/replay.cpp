#include <fmt/format.h>

#include <algorithm>

#include "bench/measure.hpp"

namespace stepwell::bench {

// A server whose checkpoints never begin is killed with 1 GiB in its log. Then its start is
// measured, again and again, less the start of an empty server.
Result<Figure> measure_replay(const Place& place, const Effort& effort) {
  constexpr unsigned kBursts = 10;
  constexpr double kBytes = double{kBursts} * (100 << 20);
  const Server::Settings settings = {{"STEPWELL_STORE_PENDING_BYTES_MAX", "4294967296"},
                                     {"STEPWELL_STORE_CHECKPOINT_BYTES", "2147483648"},
                                     {"STEPWELL_STORE_CHECKPOINT_AFTER_MS", "3600000"},
                                     {"STEPWELL_LOG_BYTES_MAX", "4294967296"}};
  Figure figure{"F10", "GB/s", {}, {}, 1, 2, {}};
  TRY(const auto empty, Server::start(place, settings));
  const double nothing = empty->start_seconds();
  TRY(const auto loaded, run_command(place, {"load", "--to", empty->address(), "--profile", "f1",
                                             "--bursts", std::to_string(kBursts), "--json"}));
  TRY(const double bytes, number_in(loaded, "bytes"));
  if (bytes < kBytes / 2) return fail(ErrorKind::kInternal, "only {} bytes were logged", bytes);
  empty->kill();
  for (unsigned run = 0; run < effort.runs; ++run) {
    TRY(const auto server, Server::start(place, settings, empty->data()));
    server->keep_data();
    const double seconds = std::max(server->start_seconds() - nothing, 1e-3);
    figure.runs.push_back(bytes / seconds / 1e9);
  }
  figure.note = fmt::format("{:.2f} GB of log", bytes / 1e9);
  return figure;
}

}  // namespace stepwell::bench
