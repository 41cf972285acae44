// stepwell delete, stepwell restore: hide runs or an experiment, and show them again.

#include <CLI/CLI.hpp>
#include <memory>

#include "tools/command.hpp"
#include "tools/exit_codes.hpp"
#include "tools/output.hpp"
#include "tools/reading.hpp"
#include "tools/target.hpp"

namespace stepwell::tools {
namespace {

struct Arguments {
  SourceOptions where;
  std::vector<std::string> runs;
  std::string experiment;
  bool json = false;
};

void tell(const Arguments& arguments, bool deleted, const char* what, const std::string& name) {
  if (arguments.json) {
    fmt::print("{}\n", JsonObject().add(what, name).add("deleted", deleted).text());
  } else {
    fmt::print("{} {} {}\n", deleted ? "deleted" : "restored", what, name);
  }
}

Result<void> set_stage(Target& target, const Arguments& arguments, bool deleted) {
  if (!arguments.experiment.empty()) {
    TRY(const auto info, find_experiment(*target.source, arguments.experiment));
    TRY(target.changes->set_experiment_deleted(info.id, deleted));
    tell(arguments, deleted, "experiment", info.name);
  }
  // All are found before the first is changed.
  std::vector<RunId> runs;
  for (const std::string& name : arguments.runs) {
    TRY(const RunId id, find_run_id(*target.source, name));
    runs.push_back(id);
  }
  for (const RunId& id : runs) {
    TRY(target.changes->set_run_deleted(id, deleted));
    tell(arguments, deleted, "run", id.hex());
  }
  return ok();
}

void add_stage(CLI::App& program, int& exit_code, const std::string& name, bool deleted,
               const std::string& help, const std::string& footer) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = program.add_subcommand(name, help);
  add_where_options(*command, arguments->where);
  CLI::Option_group* what = command->add_option_group("what", "Exactly one of");
  what->add_option("run", arguments->runs, "Ids (or their beginnings, or names) of runs");
  what->add_option("--experiment", arguments->experiment, "Name of an experiment, with its runs");
  what->require_option(1);
  command->add_flag("--json", arguments->json, "One JSON object a line");
  command->footer(footer + std::string(kExitHelp));
  command->callback([arguments, &exit_code, name, deleted] {
    auto target = open_target(arguments->where);
    const auto done =
        target ? set_stage(target.value(), *arguments, deleted) : Result<void>(target.error());
    exit_code = done ? kExitOk : report_error(name, done.error());
  });
}

}  // namespace

void add_delete(CLI::App& program, int& exit_code) {
  add_stage(
      program, exit_code, "delete", true, "Delete runs, or an experiment; they can be restored",
      "What is deleted is hidden and takes what it took: `stepwell gc` removes it for good. An\n"
      "experiment hides its runs too. Writers of a deleted run go on and lose nothing.\n\n"
      "Examples:\n"
      "  stepwell delete --to 127.0.0.1:5000 3f2a9c 77b1\n"
      "  stepwell delete --data ./stepwell-data --experiment mnist\n\n");
}

void add_restore(CLI::App& program, int& exit_code) {
  add_stage(program, exit_code, "restore", false, "Restore deleted runs, or a deleted experiment",
            "An experiment brings its runs back, unless they were deleted after it.\n\n"
            "Examples:\n"
            "  stepwell restore --to 127.0.0.1:5000 3f2a9c\n"
            "  stepwell restore --to 127.0.0.1:5000 --experiment mnist\n\n");
}

}  // namespace stepwell::tools
