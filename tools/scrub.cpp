// stepwell scrub: walks the index of a store, also of one that a server has open, at a bounded
// rate.

#include <CLI/CLI.hpp>
#include <chrono>
#include <memory>
#include <thread>

#include "engine/store/scrub.hpp"
#include "engine/tracking/fold.hpp"
#include "tools/command.hpp"
#include "tools/exit_codes.hpp"
#include "tools/output.hpp"

namespace stepwell::tools {
namespace {

struct Arguments {
  std::string directory;
  std::uint64_t bytes_per_second = 0;
};

Result<store::Scrubbed> scrub(const Arguments& arguments) {
  index::Options options;
  options.observe = true;
  TRY(const auto index,
      index::Environment::open(arguments.directory + "/index.lmdb",
                               store::Layout::tables(tracking::Fold().tables()), options));
  const store::Layout layout(*index, tracking::Fold().tables());
  store::Scrub walk(*index, layout, [](const std::string& problem) {
    fmt::print("DAMAGE {}\n", problem);
    std::fflush(stdout);
  });
  const auto start = std::chrono::steady_clock::now();
  bool more = true;
  while (more) {
    TRY(more, walk.step());
    if (arguments.bytes_per_second == 0) continue;
    const std::chrono::duration<double> due(static_cast<double>(walk.scrubbed().bytes) /
                                            static_cast<double>(arguments.bytes_per_second));
    std::this_thread::sleep_until(
        start + std::chrono::duration_cast<std::chrono::steady_clock::duration>(due));
  }
  return walk.scrubbed();
}

int run(const Arguments& arguments) {
  const auto scrubbed = scrub(arguments);
  if (!scrubbed) return report_error("scrub", scrubbed.error());
  const store::Scrubbed& walked = scrubbed.value();
  fmt::print("{} runs, {} rows, {} chunks, {}\n", count_text(walked.runs), count_text(walked.rows),
             count_text(walked.chunks), bytes_text(walked.bytes));
  fmt::print("{}\n", walked.problems == 0 ? "sound" : "NOT SOUND");
  return walked.problems == 0 ? kExitOk : kExitFailed;
}

}  // namespace

void add_scrub(CLI::App& program, int& exit_code) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      program.add_subcommand("scrub", "Check the index of a store while its server runs");
  command->add_option("directory", arguments->directory, "The store's data directory")->required();
  command
      ->add_option("--bytes-per-second", arguments->bytes_per_second,
                   "Read no faster than this (default: as fast as it goes)")
      ->check(CLI::PositiveNumber);
  command->footer(
      "Reads the index alone, in short pieces, and changes nothing: a server may have it open, "
      "and\n"
      "runs this by itself (store.scrub_interval_s). Names rows that are lost, old or changed, "
      "and\n"
      "chunks that are not what their directory says. `stepwell verify` checks more, of a store\n"
      "that is stopped. A signal instead of an exit code means a damaged page header.\n\n"
      "Examples:\n  stepwell scrub ./stepwell-data\n"
      "  stepwell scrub ./stepwell-data --bytes-per-second 16000000\n\n" +
      std::string(kExitHelp));
  command->callback([arguments, &exit_code] { exit_code = run(*arguments); });
}

}  // namespace stepwell::tools
