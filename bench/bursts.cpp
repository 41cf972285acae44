#include "bench/measure.hpp"

#include <map>

namespace stepwell::bench {
namespace {

struct Target {
  const char* profile;
  const char* key;  // Of the JSON line.
  const char* unit;
  std::optional<double> floor, goal;
};

const Target& target_of(const std::string& name) {
  static const std::map<std::string, Target> targets = {
      {"F1", {"f1", "points_per_second", "points/s", 0.6, 0.85}},
      {"F2", {"f2", "points_per_second", "points/s", 0.6, 0.85}},
      {"F3", {"f3", "points_per_second", "points/s", 0.6, 0.85}},
      {"F6", {"f6", "frames_per_second", "frames/s", 0.6, 0.85}},
  };
  return targets.at(name);
}

}  // namespace

Result<Figure> measure_bursts(const Place& place, const Effort& effort, const std::string& name) {
  const Target& target = target_of(name);
  Figure figure{name, target.unit, {}, {}, target.floor, target.goal, {}};
  const std::string bursts = std::to_string(effort.bursts);
  TRY(const auto server, Server::start(place));
  // The first bursts fill the segment pool.
  TRY(run_command(place, {"load", "--to", server->address(), "--profile", target.profile,
                          "--bursts", "4", "--drain", server->pid(), "--json"}));
  for (unsigned run = 0; run < effort.runs; ++run) {
    TRY(const auto loaded,
        run_command(place, {"load", "--to", server->address(), "--profile", target.profile,
                            "--bursts", bursts, "--drain", server->pid(), "--json"}));
    TRY(const double value, number_in(loaded, target.key));
    TRY(const auto probed,
        run_command(place, {"probe", "--dir", place.directory, "--shape", target.profile, "--runs",
                            "1", "--bursts", bursts, "--json"}));
    TRY(const double ceiling, number_in(probed, target.key));
    figure.runs.push_back(value);
    figure.ceilings.push_back(ceiling);
  }
  return figure;
}

}  // namespace stepwell::bench
