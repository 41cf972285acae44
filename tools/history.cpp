// stepwell history: the points of a run's metrics, streamed in the total order or by time.

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
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
  std::vector<std::string> keys;
  std::string context;
  wire::PointOrder order = wire::PointOrder::Steps;
  bool all_contexts = false;
  std::int64_t from = std::numeric_limits<std::int64_t>::min();
  std::int64_t to_step = std::numeric_limits<std::int64_t>::max();
};

class Printer {
 public:
  explicit Printer(const Arguments& arguments)
      : arguments_(arguments), form_(arguments.reading.form()) {
    if (form_ == Form::kCsv) fmt::print("key,context,step,timestamp_ms,value\n");
  }

  Result<void> print(Bytes payload) {
    TRY(const auto batch, protocol::BatchView::parse(payload));
    for (const auto& block : batch.blocks) {
      std::size_t number = 0;
      block.keys.for_each([&](std::string_view key, std::string_view context) {
        const auto values = block.values.from(number++ * block.points);
        const std::string shown = protocol::show_context(context);
        if (!arguments_.context.empty() && shown != arguments_.context) return;
        for (std::uint32_t i = 0; i < block.points; ++i) {
          print_point(key, shown, {block.steps[i], block.times[i], values[i]});
        }
      });
    }
    return ok();
  }

 private:
  void print_point(std::string_view key, const std::string& context, const Point& point) {
    if (form_ == Form::kJson) {
      JsonObject json;
      json.add("key", key).add("context", context).add("step", point.step);
      json.add("timestamp_ms", point.timestamp_ms).add("value", point.value);
      // JSON has no NaN, let alone its payload.
      if (std::isnan(point.value)) json.add("bits", fmt::format("{:016x}", point.bits()));
      fmt::print("{}\n", json.text());
    } else if (form_ == Form::kCsv) {
      fmt::print("{},{},{},{},{}\n", csv_field(key), csv_field(context), point.step,
                 point.timestamp_ms, number_text(point.value));
    } else {
      const std::string name = std::string(key) + context;
      if (name != last_name_) fmt::print("{}{}\n", last_name_.empty() ? "" : "\n", name);
      last_name_ = name;
      fmt::print("{:>12}  {}  {}\n", point.step, time_text(point.timestamp_ms),
                 number_text(point.value));
    }
  }

  const Arguments& arguments_;
  const Form form_;
  std::string last_name_;
};

Result<void> stream(Source& source, const Arguments& arguments) {
  wire::HistoryT question;
  TRY(const RunId id, find_run_id(source, arguments.run));
  TRY(check_keys(source, id, arguments.keys));
  question.run = std::make_unique<wire::Id>(protocol::to_wire(id));
  question.keys = arguments.keys;
  question.all_contexts = arguments.all_contexts || !arguments.context.empty();
  question.first_step = arguments.from;
  question.last_step = arguments.to_step;
  question.order = arguments.order;
  Printer printer(arguments);
  Result<void> printed = ok();
  TRY(source.history(question, [&](Bytes payload) {
    printed = printer.print(payload);
    return printed.has_value();
  }));
  return printed;
}

}  // namespace

void add_history(CLI::App& program, int& exit_code) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = program.add_subcommand("history", "Print the points of a run's metrics");
  add_reading_options(*command, arguments->reading);
  command->add_option("run", arguments->run, "Id (or its beginning, or name) of the run")
      ->required();
  command->add_option("metric", arguments->keys, "Metrics (default: all)");
  command->add_option("--first-step", arguments->from, "Only points from this step on");
  command->add_option("--last-step", arguments->to_step, "Only points up to this step");
  CLI::Option* context = command->add_option("--context", arguments->context,
                                             "Only this context, as shown: '{rank=1}'");
  command
      ->add_flag("--all-contexts", arguments->all_contexts,
                 "Every context (default: only the empty one)")
      ->excludes(context);
  static const std::map<std::string, wire::PointOrder> orders = {{"steps", wire::PointOrder::Steps},
                                                                 {"time", wire::PointOrder::Time}};
  command
      ->add_option("--order", arguments->order,
                   "steps: by step, timestamp, value (default); time: by timestamp, step, value")
      ->transform(CLI::CheckedTransformer(orders));
  command->footer(
      "A NaN in JSON carries its bits.\n\n"
      "Examples:\n  stepwell history --to 127.0.0.1:5000 3f2a9c loss\n"
      "  stepwell history --data ./stepwell-data 3f2a9c loss --first-step 100 --csv\n"
      "  stepwell history --to 127.0.0.1:5000 3f2a9c loss --order time --csv\n"
      "  stepwell history --to 127.0.0.1:5000 3f2a9c --all-contexts --json | wc -l\n\n" +
      std::string(kExitHelp));
  command->callback([arguments, &exit_code] {
    exit_code = run_reading("history", arguments->reading,
                            [&](Source& source) { return stream(source, *arguments); });
  });
}

}  // namespace stepwell::tools
