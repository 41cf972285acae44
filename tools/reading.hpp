#pragma once

// What `runs`, `metrics`, `history` and `chart` have in common on the command line.

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "tools/source.hpp"

namespace stepwell::tools {

enum class Form { kText, kJson, kCsv };

struct ReadingOptions {
  SourceOptions source;
  bool json = false;
  bool csv = false;
  Form form() const { return json ? Form::kJson : csv ? Form::kCsv : Form::kText; }
};

// --to or --data.
void add_where_options(CLI::App& command, SourceOptions& options);
// And --json or --csv.
void add_reading_options(CLI::App& command, ReadingOptions& options);

// Opens the source, does `work`, reports an error in one line. Returns the exit code.
int run_reading(const std::string& command, const ReadingOptions& options,
                const std::function<Result<void>(Source&)>& work);

}  // namespace stepwell::tools
