#include <CLI/CLI.hpp>
#include "tools/command.hpp"
namespace stepwell::tools {
void add_probe(CLI::App&, int&) {}
}
