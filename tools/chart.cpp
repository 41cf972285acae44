// stepwell chart: what a chart of many series needs, exact: drawn, or as figures.

#include <map>
#include <memory>

#include "engine/base/band_chart.hpp"
#include "engine/store/buckets.hpp"
#include "protocol/limits.hpp"
#include "tools/command.hpp"
#include "tools/exit_codes.hpp"
#include "tools/output.hpp"
#include "tools/reading.hpp"

namespace stepwell::tools {
namespace {

constexpr std::uint32_t kDrawnBuckets = 128;  // Two a character.
constexpr std::size_t kDrawnLines = 8;

struct Arguments {
  ReadingOptions reading;
  std::vector<std::string> runs;
  std::vector<std::string> keys;
  bool all_contexts = false;
  wire::Axis axis = wire::Axis::Step;
  store::Extent range;
  std::uint32_t buckets = 0;
};

class Printer {
 public:
  explicit Printer(const Arguments& arguments)
      : arguments_(arguments), form_(arguments.reading.form()) {
    if (form_ == Form::kCsv) {
      fmt::print("run,key,context,first,last,count,nan_count,min,max,first_value,last_value\n");
    }
  }

  void print(const wire::BucketColumnsT& page) {
    for (const auto& series : page.series) {
      const store::Grid grid{page.log2_width, page.first_bucket, 0};
      form_ == Form::kText ? draw(grid, *series) : list(grid, *series);
    }
  }

 private:
  static store::Extent extent_of(const store::Grid& grid, std::uint32_t bucket) {
    return grid.extent_of(grid.first + bucket);
  }
  static std::uint64_t nans_of(const wire::SeriesBucketsT& series, std::size_t i) {
    return series.nan_count.empty() ? 0 : series.nan_count.at(i);
  }

  void list(const store::Grid& grid, const wire::SeriesBucketsT& series) const {
    const std::string run = protocol::from_wire<RunId>(*series.run).hex();
    for (std::size_t i = 0; i < series.bucket.size(); ++i) {
      const store::Extent at = extent_of(grid, series.bucket[i]);
      const std::uint64_t count = series.count.at(i), nans = nans_of(series, i);
      const double bounds[] = {series.min.at(i), series.max.at(i)};
      const bool bounded = nans < count;  // Else there is nothing but NaNs.
      if (form_ == Form::kCsv) {
        const auto bound = [&](double value) { return bounded ? number_text(value) : ""; };
        fmt::print("{},{},{},{},{},{},{},{},{},{},{}\n", run, csv_field(series.key),
                   csv_field(series.context), at.least, at.greatest, count, nans, bound(bounds[0]),
                   bound(bounds[1]), number_text(series.first_value.at(i)),
                   number_text(series.last_value.at(i)));
        continue;
      }
      JsonObject json;
      json.add("run", run).add("key", series.key).add("context", series.context);
      json.add("first", at.least).add("last", at.greatest);
      json.add("count", count).add("nan_count", nans);
      for (const std::size_t side : {0u, 1u}) {
        const char* name = side == 0 ? "min" : "max";
        bounded ? json.add(name, bounds[side]) : json.add_raw(name, "null");
      }
      json.add("first_value", series.first_value.at(i));
      json.add("last_value", series.last_value.at(i));
      fmt::print("{}\n", json.text());
    }
  }

  void draw(const store::Grid& grid, const wire::SeriesBucketsT& series) {
    if (series.bucket.empty()) return;
    // Buckets without points are gaps.
    std::vector<Band> bands(series.bucket.back() + std::size_t{1}, Band{1, 0});
    std::uint64_t points = 0, nans = 0;
    for (std::size_t i = 0; i < series.bucket.size(); ++i) {
      bands.at(series.bucket[i]) = {series.min.at(i), series.max.at(i)};
      points += series.count.at(i);
      nans += nans_of(series, i);
    }
    fmt::print("{}{} {}{}: {} points{}\n", any_ ? "\n" : "",
               protocol::from_wire<RunId>(*series.run).hex().substr(0, 8), series.key,
               series.context, count_text(points),
               nans == 0 ? "" : fmt::format(", {} of them NaN", count_text(nans)));
    any_ = true;
    fmt::print("{}", band_chart(bands, kDrawnLines));
    const auto end = [&](std::int64_t at) {
      return arguments_.axis == wire::Axis::Time ? time_text(at) : fmt::format("{}", at);
    };
    fmt::print("          {} {} to {}\n", arguments_.axis == wire::Axis::Time ? "time" : "steps",
               end(extent_of(grid, 0).least), end(extent_of(grid, series.bucket.back()).greatest));
  }

  const Arguments& arguments_;
  const Form form_;
  bool any_ = false;
};

Result<void> print_chart(Source& source, const Arguments& arguments) {
  wire::BucketsT question;
  for (const std::string& run : arguments.runs) {
    TRY(const RunId id, find_run_id(source, run));
    TRY(check_keys(source, id, arguments.keys));
    question.runs.push_back(protocol::to_wire(id));
  }
  question.keys = arguments.keys;
  question.all_contexts = arguments.all_contexts;
  question.axis = arguments.axis;
  question.first = arguments.range.least;
  question.last = arguments.range.greatest;
  if (arguments.reading.form() == Form::kText) question.buckets_max = kDrawnBuckets;
  if (arguments.buckets != 0) question.buckets_max = arguments.buckets;
  Printer printer(arguments);
  TRY(source.buckets(question, [&](const wire::BucketColumnsT& page) {
    printer.print(page);
    return true;
  }));
  return ok();
}

}  // namespace

void add_chart(CLI::App& program, int& exit_code) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = program.add_subcommand("chart", "Draw metrics of runs, or print the figures");
  add_reading_options(*command, arguments->reading);
  command
      ->add_option("run", arguments->runs,
                   "Ids (or their beginnings, or names) of runs; at most 1,000")
      ->required();
  command->add_option("--metric", arguments->keys, "Metrics")->required();
  static const std::map<std::string, wire::Axis> axes = {{"step", wire::Axis::Step},
                                                         {"time", wire::Axis::Time}};
  command->add_option("--axis", arguments->axis, "step (default) or time")
      ->transform(CLI::CheckedTransformer(axes));
  command->add_option("--first", arguments->range.least, "Only points from this step, or ms, on");
  command->add_option("--last", arguments->range.greatest, "Only points up to this step, or ms");
  command
      ->add_option("--buckets", arguments->buckets,
                   "At most so many (default: 128 drawn, else 1000)")
      ->check(CLI::Range(std::uint32_t{1}, std::uint32_t{protocol::kChartBucketsMax}));
  command->add_flag("--all-contexts", arguments->all_contexts,
                    "Every context (default: only the empty one)");
  command->footer(
      "All series share one grid of power-of-two width. Drawn is the band from the least to the\n"
      "greatest value of each bucket, so no spike is hidden; --json and --csv give a line a "
      "bucket\n"
      "with its exact count, NaNs, min, max, first and last value.\n\n"
      "Examples:\n  stepwell chart --to 127.0.0.1:5000 3f2a9c 77b01d --metric loss\n"
      "  stepwell chart --data ./stepwell-data 3f2a9c --metric loss val/loss --axis time\n"
      "  stepwell chart --to 127.0.0.1:5000 3f2a9c --metric loss --buckets 500 --csv\n\n" +
      std::string(kExitHelp));
  command->callback([arguments, &exit_code] {
    exit_code = run_reading("chart", arguments->reading,
                            [&](Source& source) { return print_chart(source, *arguments); });
  });
}

}  // namespace stepwell::tools
