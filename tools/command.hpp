#pragma once

// The subcommands of `stepwell`, one source file each; main.cpp only wires them. add_NAME()
// declares a subcommand with its options, help and examples. If the user chose it, its callback
// runs at the end of parsing and leaves its exit code (exit_codes.hpp) in `exit_code`. Both outlive
// the parsing.

namespace CLI {
class App;
}

namespace stepwell::tools {

void add_serve(CLI::App& program, int& exit_code);
void add_load(CLI::App& program, int& exit_code);
void add_replay(CLI::App& program, int& exit_code);
void add_verify(CLI::App& program, int& exit_code);
void add_runs(CLI::App& program, int& exit_code);
void add_metrics(CLI::App& program, int& exit_code);
void add_history(CLI::App& program, int& exit_code);
void add_chart(CLI::App& program, int& exit_code);
void add_delete(CLI::App& program, int& exit_code);
void add_restore(CLI::App& program, int& exit_code);
void add_gc(CLI::App& program, int& exit_code);
void add_scrub(CLI::App& program, int& exit_code);
void add_dump(CLI::App& program, int& exit_code);
void add_probe(CLI::App& program, int& exit_code);

}  // namespace stepwell::tools
