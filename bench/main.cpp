// stepwell_bench: measures figures of TARGETS on this machine.

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>

#include "bench/measure.hpp"
#include "tools/output.hpp"

namespace {

using namespace stepwell;
using namespace stepwell::bench;

struct Measurement {
  Place place;
  Effort effort;
  std::optional<double> f4;  // Points a second, once it was measured.
};

using Figures = Result<std::vector<Figure>>;

Figures one(const Result<Figure>& figure) {
  if (!figure) return figure.error();
  return std::vector<Figure>{figure.value()};
}

Result<double> sustained_rate(Measurement& of) {
  if (!of.f4) {
    Effort shorter = of.effort;
    shorter.sustained_seconds = 10;
    TRY(const auto figure, measure_sustained(of.place, shorter, "F4"));
    of.f4 = figure.value();
  }
  return *of.f4;
}

Figures measure_f4(Measurement& of) {
  TRY(const auto figure, measure_sustained(of.place, of.effort, "F4"));
  of.f4 = figure.value();
  return std::vector<Figure>{figure};
}

Figures measure_f7(Measurement& of) {
  TRY(const double rate, sustained_rate(of));
  return measure_latency(of.place, of.effort, rate);
}

Figures measure_soak(Measurement& of) {
  TRY(const double rate, sustained_rate(of));
  TRY(soak(of.place, rate / 2, of.effort.soak_minutes));
  return std::vector<Figure>{};
}

const std::map<std::string, Figures (*)(Measurement&)>& measures() {
  static const std::map<std::string, Figures (*)(Measurement&)> all = {
      {"F1", [](auto& of) { return one(measure_bursts(of.place, of.effort, "F1")); }},
      {"F2", [](auto& of) { return one(measure_bursts(of.place, of.effort, "F2")); }},
      {"F3", [](auto& of) { return one(measure_bursts(of.place, of.effort, "F3")); }},
      {"F4", measure_f4},
      {"F5", [](auto& of) { return one(measure_sustained(of.place, of.effort, "F5")); }},
      {"F6", [](auto& of) { return one(measure_bursts(of.place, of.effort, "F6")); }},
      {"F7", measure_f7},
      {"F8", [](auto& of) { return one(measure_bytes_at_rest(of.place)); }},
      {"F9", [](auto& of) { return one(measure_many_series(of.place)); }},
      {"F10", [](auto& of) { return one(measure_replay(of.place, of.effort)); }},
      {"R3", [](auto& of) { return measure_search(of.place, of.effort); }},
      {"R4", [](auto& of) { return measure_history(of.place, of.effort); }},
      {"R5", [](auto& of) { return measure_chart(of.place, of.effort); }},
      {"R8", [](auto& of) { return measure_start(of.place, of.effort); }},
      {"soak", measure_soak}};
  return all;
}

struct Arguments {
  std::vector<std::string> figures;
  std::string json;
  std::string directory;
  Effort effort;
};

Figures measure(const Arguments& arguments, const Place& place) {
  std::vector<Figure> figures;
  Measurement measurement{place, arguments.effort, {}};
  for (const std::string& name : arguments.figures) {
    fmt::print(stderr, "measuring {}\n", name);
    TRY(auto measured, measures().at(name)(measurement));
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
  std::vector<std::string> names;
  for (const auto& [name, measure] : measures()) names.push_back(name);
  program.add_option("figure", arguments.figures, fmt::format("{}", fmt::join(names, " ")))
      ->required()
      ->check(CLI::IsMember(names));
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
  program.add_option("--minutes", arguments.effort.soak_minutes, "Of the soak (default 10)")
      ->check(CLI::Range(1, 100'000));
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
