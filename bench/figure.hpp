#pragma once

// A measured figure: every run's value and the ceiling of the same run.

#include <optional>
#include <string>
#include <vector>

namespace stepwell::bench {

struct Figure {
  std::string name;
  std::string unit;
  std::vector<double> runs;
  std::vector<double> ceilings;  // One a run, or none.
  // As ratios to the ceiling, or, where there is none, as values. For latencies less is better.
  std::optional<double> floor;
  std::optional<double> goal;
  std::string note;

  double value() const;
  std::optional<double> ceiling() const;
  // Median of the runs' own ratios: noise that hits a run hits both halves of it.
  std::optional<double> ratio() const;
  std::string json() const;
  std::string line() const;
};

double median(std::vector<double> values);

}  // namespace stepwell::bench
