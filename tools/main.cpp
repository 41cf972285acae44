// The `stepwell` command: wires the subcommands and turns usage errors into one line and exit
// code 2.

#include <CLI/CLI.hpp>
#include <cstdio>

#include "tools/command.hpp"
#include "tools/exit_codes.hpp"

int main(int argc, char** argv) {
  using namespace stepwell::tools;
  CLI::App program("Stepwell, a tracking server for machine-learning experiments.", "stepwell");
  program.set_version_flag("--version", std::string("stepwell ") + STEPWELL_VERSION);
  program.require_subcommand(1);
  program.footer("`stepwell COMMAND --help` tells a command's options, with examples.\n\n" +
                 std::string(kExitHelp));
  int exit_code = kExitOk;
  add_serve(program, exit_code);
  add_load(program, exit_code);
  add_replay(program, exit_code);
  add_verify(program, exit_code);
  add_runs(program, exit_code);
  add_metrics(program, exit_code);
  add_history(program, exit_code);
  add_chart(program, exit_code);
  add_delete(program, exit_code);
  add_restore(program, exit_code);
  add_gc(program, exit_code);
  add_scrub(program, exit_code);
  add_dump(program, exit_code);
  add_probe(program, exit_code);
  if (argc == 1) {
    std::fputs(program.help().c_str(), stderr);
    return kExitUsage;
  }
  const auto known =
      program.get_subcommands([&](const CLI::App* one) { return one->get_name() == argv[1]; });
  if (argv[1][0] != '-' && known.empty()) {
    std::fprintf(stderr, "stepwell: there is no command '%s' (see --help)\n", argv[1]);
    return kExitUsage;
  }
  if (argv[1][0] == '-' && !program.get_option_no_throw(argv[1])) {
    std::fprintf(stderr, "stepwell: there is no option '%s' (see --help)\n", argv[1]);
    return kExitUsage;
  }
  try {
    program.parse(argc, argv);
  } catch (const CLI::Success& wanted) {  // --help and --version
    return program.exit(wanted);
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "stepwell: %s (see --help)\n", error.what());
    return kExitUsage;
  }
  return exit_code;
}
