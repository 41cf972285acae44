#include "bench/figure.hpp"

#include <fmt/format.h>
#include <sys/utsname.h>

#include <algorithm>
#include <fstream>
#include <thread>

#include "tools/output.hpp"

namespace stepwell::bench {
namespace {

// "2 x Some CPU, Linux 6.1"
std::string machine() {
  std::string model = "unknown processor", line;
  std::ifstream in("/proc/cpuinfo");
  while (std::getline(in, line)) {
    if (line.starts_with("model name")) {
      model = line.substr(line.find(':') + 2);
      break;
    }
  }
  utsname system{};
  uname(&system);
  return fmt::format("{} x {}, {} {}", std::thread::hardware_concurrency(), model, system.sysname,
                     system.release);
}

std::string short_number(double value) {
  if (value >= 1e6) return fmt::format("{:.2f} M", value / 1e6);
  if (value >= 1e4) return fmt::format("{:.1f} k", value / 1e3);
  return fmt::format("{:.3f}", value);
}

}  // namespace

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

double Figure::value() const {
  return median(runs);
}

std::optional<double> Figure::ceiling() const {
  if (ceilings.empty()) return std::nullopt;
  return median(ceilings);
}

std::optional<double> Figure::ratio() const {
  if (ceilings.size() != runs.size() || runs.empty()) return std::nullopt;
  std::vector<double> ratios;
  for (std::size_t i = 0; i < runs.size(); ++i) ratios.push_back(runs[i] / ceilings[i]);
  return median(ratios);
}

std::string Figure::json() const {
  const auto or_null = [](const std::optional<double>& value) {
    return value ? tools::number_text(*value) : std::string("null");
  };
  std::vector<std::string> values;
  for (const double run : runs) values.push_back(tools::number_text(run));
  tools::JsonObject json;
  json.add("name", name)
      .add("value", value())
      .add("unit", unit)
      .add_raw("ceiling", or_null(ceiling()));
  json.add_raw("ratio", or_null(ratio()))
      .add_raw("floor", or_null(floor))
      .add_raw("goal", or_null(goal));
  json.add_raw("runs", tools::json_array(values)).add("machine", machine());
  return json.text();
}

std::string Figure::line() const {
  const auto [least, most] = std::ranges::minmax(runs);
  std::string text = name;
  text.resize(std::max<std::size_t>(text.size() + 1, 8), ' ');
  text += fmt::format("{} {} ({} to {}, {} runs)", short_number(value()), unit, short_number(least),
                      short_number(most), runs.size());
  if (ratio()) text += fmt::format("; {:.2f} of {}", *ratio(), short_number(*ceiling()));
  if (floor) text += fmt::format("; floor {}, goal {}", *floor, goal.value_or(0));
  return note.empty() ? text : text + "; " + note;
}

}  // namespace stepwell::bench
