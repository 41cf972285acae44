// stepwell_bench: measures figures of TARGETS on this machine.

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>

#include "bench/measure.hpp"
#include "tools/output.hpp"

namespace {

using namespace stepwell;
using namespace stepwell::bench;

struct Arguments {
  std::vector<std::string> figures;
  std::string json;
  std::string directory;
  Effort effort;
};

Result<std::vector<Figure>> measure(const Arguments& arguments, const Place& place) {
  std::vector<Figure> figures;
  std::optional<double> f4;
  for (const std::string& name : arguments.figures) {
    fmt::print(stderr, "measuring {}\n", name);
    std::vector<Figure> measured;
    if (name == "F4" || name == "F5") {
      TRY(auto figure, measure_sustained(place, arguments.effort, name));
      if (name == "F4") f4 = figure.value();
      measured = {figure};
    } else if (name == "F7") {
      if (!f4) {
        Effort shorter = arguments.effort;
        shorter.sustained_seconds = 10;
        TRY(const auto figure, measure_sustained(place, shorter, "F4"));
        f4 = figure.value();
      }
      TRY(measured, measure_latency(place, arguments.effort, *f4));
    } else if (name == "F10") {
      TRY(auto figure, measure_replay(place, arguments.effort));
      measured = {figure};
    } else if (name == "F8") {
      TRY(auto figure, measure_bytes_at_rest(place));
      measured = {figure};
    } else if (name == "F9") {
      TRY(auto figure, measure_many_series(place));
      measured = {figure};
    } else if (name == "R8") {
      TRY(measured, measure_start(place, arguments.effort));
    } else if (name == "R4") {
      TRY(measured, measure_history(place, arguments.effort));
    } else if (name == "R5") {
      TRY(measured, measure_chart(place, arguments.effort));
    } else {
      TRY(auto figure, measure_bursts(place, arguments.effort, name));
      measured = {figure};
    }
    for (Figure& figure : measured) {
      fmt::print("{}\n", figure.line());
      std::fflush(stdout);
      figures.push_back(std::move(figure));
    }
  }
  return figures;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  CLI::App program("Measures Stepwell's figures against this machine's own ceiling.",
                   "stepwell_bench");
  Arguments arguments;
  program.add_option("figure", arguments.figures, "F1 to F10, R4, R5, R8")
      ->required()
      ->check(CLI::IsMember(
          {"F1", "F2", "F3", "F4", "F5", "F6", "F7", "F8", "F9", "F10", "R4", "R5", "R8"}));
  program.add_option("--json", arguments.json,
                     "Also write the figures as a JSON array to this file");
  program.add_option("--dir", arguments.directory,
                     "On the disk to measure (default: beside this program)");
  program.add_option("--runs", arguments.effort.runs, "Of each figure (default 5)")
      ->check(CLI::Range(1, 100));
  program.add_option("--bursts", arguments.effort.bursts, "A run (default 8; TARGETS has 20)")
      ->check(CLI::Range(1, 1000));
  program.add_option("--sustained", arguments.effort.sustained_seconds,
                     "Seconds of F4 (default 30; TARGETS has 60)");
  CLI11_PARSE(program, argc, argv);

  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe");
  const Place place{self.parent_path() / "stepwell", arguments.directory.empty()
                                                         ? self.parent_path().string()
                                                         : arguments.directory};
  const auto figures = measure(arguments, place);
  if (!figures) {
    fmt::print(stderr, "stepwell_bench: {}\n", figures.error().text);
    return 1;
  }
  if (arguments.json.empty()) return 0;
  std::vector<std::string> lines;
  for (const Figure& figure : figures.value()) lines.push_back(figure.json());
  std::ofstream out(arguments.json);
  out << fmt::format("[{}]\n", fmt::join(lines, ",\n "));
  out.flush();
  if (!out) fmt::print(stderr, "stepwell_bench: cannot write {}\n", arguments.json);
  return out ? 0 : 1;
}
