#include "tools/reading.hpp"

#include <csignal>

#include "tools/exit_codes.hpp"
#include "tools/output.hpp"

namespace stepwell::tools {

void add_where_options(CLI::App& command, SourceOptions& options) {
  CLI::Option_group* where = command.add_option_group("where", "Exactly one of");
  where->add_option("--to", options.to, "HOST:PORT of a server");
  where->add_option("--data", options.data, "Directory of a stopped store");
  where->require_option(1);
}

void add_reading_options(CLI::App& command, ReadingOptions& options) {
  add_where_options(command, options.source);
  CLI::Option* json = command.add_flag("--json", options.json, "One JSON object a line");
  CLI::Option* csv = command.add_flag("--csv", options.csv, "Comma-separated, with a header");
  json->excludes(csv);
}

int run_reading(const std::string& command, const ReadingOptions& options,
                const std::function<Result<void>(Source&)>& work) {
  std::signal(SIGPIPE, SIG_DFL);  // `stepwell history … | head` ends quietly.
  auto source = open_source(options.source);
  if (!source) return report_error(command, source.error());
  const auto done = work(*source.value());
  std::fflush(stdout);
  if (!done) return report_error(command, done.error());
  return kExitOk;
}

}  // namespace stepwell::tools
