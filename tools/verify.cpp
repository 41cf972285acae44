// stepwell verify: checks a stopped store from the bottom up, and against journals of loads.

#include <CLI/CLI.hpp>
#include <memory>

#include "engine/io/posix.hpp"
#include "engine/tracking/digest.hpp"
#include "tools/command.hpp"
#include "tools/exit_codes.hpp"
#include "tools/output.hpp"
#include "tools/stopped_store.hpp"
#include "tools/verify/journal_proof.hpp"
#include "tools/verify/places.hpp"

namespace stepwell::tools {
namespace {

struct Arguments {
  std::string directory;
  std::vector<std::string> journals;
  bool digest = false;
};

bool print_damages(const std::vector<std::string>& damages) {
  for (const std::string& damage : damages) fmt::print("DAMAGE {}\n", damage);
  return damages.empty();
}

Result<bool> check_places(const std::string& directory) {
  io::PosixFileSystem files;
  TRY(const bool exists, files.exists(directory + "/wal"));
  if (!exists) {
    return fail(ErrorKind::kNotFound, "{} holds no store (there is no {}/wal)", directory,
                directory);
  }
  const auto lock = files.lock_directory(directory);
  if (!lock) return with_advice_to_stop(lock.error());
  TRY(const auto index, walk_index(directory));
  TRY(const auto log, walk_log(files, directory, index.applied));
  fmt::print("index: {} tables, {} rows, log applied up to {}\n", index.tables,
             count_text(index.rows), index.applied.value);
  fmt::print("log: {} segments, {} groups, {} records, {}\n", log.segments, count_text(log.groups),
             count_text(log.records), bytes_text(log.bytes));
  if (!log.torn_tail.empty())
    fmt::print("log: a tail that was never acknowledged: {}\n", log.torn_tail);
  const bool index_sound = print_damages(index.damages);
  return print_damages(log.damages) && index_sound;
}

Result<bool> check_journals(const tracking::View& view, const std::vector<std::string>& paths) {
  std::vector<Journal> journals;
  for (const std::string& path : paths) {
    TRY(auto journal, Journal::read(path));
    journals.push_back(std::move(journal));
  }
  TRY(const auto proof, prove_journals(view, journals));
  fmt::print(
      "journal: {} runs, {} writers, {} acknowledged frames, {} batches applied, {} points\n",
      count_text(proof.runs), count_text(proof.writers), count_text(proof.acknowledged),
      count_text(proof.batches), count_text(proof.points));
  for (const std::string& fault : proof.faults) fmt::print("FAULT {}\n", fault);
  if (proof.faults_beyond > 0)
    fmt::print("and {} further faults\n", count_text(proof.faults_beyond));
  return proof.faults.empty();
}

Result<bool> check(const Arguments& arguments) {
  TRY(bool sound, check_places(arguments.directory));
  if (!sound) return false;  // What lies above cannot be believed.
  TRY(const auto structure, check_structure(arguments.directory));
  fmt::print("points in the index: {} in {} chunks\n", count_text(structure.points),
             count_text(structure.chunks));
  if (!print_damages(structure.damages)) return false;
  TRY(const auto store, StoppedStore::open(arguments.directory));
  TRY(const auto view, store->view());
  if (!arguments.journals.empty()) {
    TRY(sound, check_journals(view, arguments.journals));
  }
  if (arguments.digest) {
    TRY(const auto digest, tracking::digest_of(view));
    fmt::print("digest: {} ({} runs, {} points)\n", digest.hex, count_text(digest.runs),
               count_text(digest.points));
  }
  return sound;
}

int run(const Arguments& arguments) {
  const auto sound = check(arguments);
  std::fflush(stdout);
  if (!sound) return report_error("verify", sound.error());
  fmt::print("{}\n", sound.value() ? "sound" : "NOT SOUND");
  return sound.value() ? kExitOk : kExitFailed;
}

}  // namespace

void add_verify(CLI::App& program, int& exit_code) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = program.add_subcommand("verify", "Check a stopped store");
  command->add_option("directory", arguments->directory, "The store's data directory")->required();
  command
      ->add_option("--journal", arguments->journals,
                   "Prove the store against this journal of `stepwell load` (may be repeated)")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command->add_flag(
      "--digest", arguments->digest,
      "Print the logical digest: equal for stores that hold the same, whatever their bytes");
  command->footer(
      "Reads every group of the log and every row of the index, and names each damaged place.\n"
      "With journals: nothing acknowledged is missing, nothing was applied twice, and nothing is\n"
      "there that was never sent; then the journals must tell of everything in the store.\n\n"
      "Examples:\n  stepwell verify ./stepwell-data\n"
      "  stepwell verify ./stepwell-data --journal /tmp/load.journal --digest\n\n" +
      std::string(kExitHelp));
  command->callback([arguments, &exit_code] { exit_code = run(*arguments); });
}

}  // namespace stepwell::tools
