// stepwell metrics: a run's series, one line each.

#include <cmath>
#include <map>
#include <memory>

#include "protocol/batch.hpp"
#include "protocol/context.hpp"
#include "tools/command.hpp"
#include "tools/exit_codes.hpp"
#include "tools/output.hpp"
#include "tools/reading.hpp"

namespace stepwell::tools {
namespace {

struct Arguments {
  ReadingOptions reading;
  std::string run;
  bool stats = false;
};

// What only a walk through the points can tell. NaN takes no part in the extremes.
struct Stats {
  std::int64_t first_step = 0;
  double least = NAN;
  double greatest = NAN;
  bool seen = false;

  void add(std::int64_t step, double value) {
    if (!std::exchange(seen, true)) first_step = step;
    least = std::fmin(least, value);
    greatest = std::fmax(greatest, value);
  }
};
using SeriesStats = std::map<std::pair<std::string, std::string>, Stats>;

Result<SeriesStats> walk(Source& source, RunId run) {
  SeriesStats stats;
  wire::HistoryT question;
  question.run = std::make_unique<wire::Id>(protocol::to_wire(run));
  question.all_contexts = true;
  Result<void> parsed = ok();
  const auto visit = [&](Bytes payload) {
    const auto batch = protocol::BatchView::parse(payload);
    if (!batch) {
      parsed = batch.error();
      return false;
    }
    for (const auto& block : batch.value().blocks) {
      std::size_t key_number = 0;
      block.keys.for_each([&](std::string_view key, std::string_view context) {
        Stats& of = stats[{std::string(key), protocol::show_context(context)}];
        const auto values = block.values.from(key_number++ * block.points);
        for (std::uint32_t i = 0; i < block.points; ++i) of.add(block.steps[i], values[i]);
      });
    }
    return true;
  };
  TRY(source.history(question, visit));
  if (!parsed) return parsed.error();
  return stats;
}

Result<void> list(Source& source, const Arguments& arguments) {
  TRY(const RunId id, find_run_id(source, arguments.run));
  TRY(const auto data, source.run(id));
  SeriesStats stats;
  if (arguments.stats) {
    TRY(stats, walk(source, id));
  }
  const Form form = arguments.reading.form();
  std::vector<std::string> names = {"metric", "context", ">points", ">last step", ">last value"};
  if (arguments.stats) names.insert(names.end(), {">first step", ">min", ">max"});
  Table table(names);
  if (form == Form::kCsv) {
    fmt::print("key,context,count,step,timestamp_ms,value{}\n",
               arguments.stats ? ",first_step,min,max" : "");
  }
  for (const auto& m : data.metrics) {
    const Stats& of = stats[{m->key, m->context}];
    if (form == Form::kJson) {
      JsonObject json;
      json.add("key", m->key)
          .add("context", m->context)
          .add("count", m->count)
          .add("step", m->step);
      json.add("timestamp_ms", m->timestamp_ms).add("value", protocol::value_of(*m));
      if (arguments.stats) {
        json.add("first_step", of.first_step).add("min", of.least).add("max", of.greatest);
      }
      fmt::print("{}\n", json.text());
    } else if (form == Form::kCsv) {
      fmt::print("{},{},{},{},{},{}", csv_field(m->key), csv_field(m->context), m->count, m->step,
                 m->timestamp_ms, number_text(protocol::value_of(*m)));
      if (arguments.stats) {
        fmt::print(",{},{},{}", of.first_step, number_text(of.least), number_text(of.greatest));
      }
      fmt::print("\n");
    } else {
      std::vector<std::string> cells = {m->key, m->context, count_text(m->count),
                                        fmt::format("{}", m->step),
                                        number_text(protocol::value_of(*m))};
      if (arguments.stats) {
        cells.insert(cells.end(), {fmt::format("{}", of.first_step), number_text(of.least),
                                   number_text(of.greatest)});
      }
      table.add(std::move(cells));
    }
  }
  if (form == Form::kText) table.print();
  return ok();
}

}  // namespace

void add_metrics(CLI::App& program, int& exit_code) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = program.add_subcommand("metrics", "List a run's metrics");
  add_reading_options(*command, arguments->reading);
  command->add_option("run", arguments->run, "Id (or its beginning, or name) of the run")
      ->required();
  command->add_flag("--stats", arguments->stats, "Also first step, min and max; reads every point");
  command->footer(
      "Examples:\n  stepwell metrics --to 127.0.0.1:5000 3f2a9c\n"
      "  stepwell metrics --data ./stepwell-data 3f2a9c --stats --csv\n\n" +
      std::string(kExitHelp));
  command->callback([arguments, &exit_code] {
    exit_code = run_reading("metrics", arguments->reading,
                            [&](Source& source) { return list(source, *arguments); });
  });
}

}  // namespace stepwell::tools
