// stepwell gc: removes for good what was deleted long enough ago. Safe to interrupt and to repeat:
// each run goes at once, and what is gone is passed over.

#include <CLI/CLI.hpp>
#include <map>
#include <memory>

#include "engine/base/clock.hpp"
#include "tools/age.hpp"
#include "tools/command.hpp"
#include "tools/exit_codes.hpp"
#include "tools/output.hpp"
#include "tools/reading.hpp"
#include "tools/target.hpp"

namespace stepwell::tools {
namespace {

struct Arguments {
  SourceOptions where;
  std::string older_than;
  bool dry_run = false;
  bool json = false;
};

std::uint64_t bytes_of(const wire::RunStorageDataT& storage) {
  return storage.chunk_bytes + storage.tail_bytes + storage.row_bytes;
}

class Collection {
 public:
  Collection(Target& target, const Arguments& arguments, std::int64_t deleted_until_ms)
      : source_(*target.source),
        changes_(*target.changes),
        arguments_(arguments),
        deleted_until_ms_(deleted_until_ms) {}

  // Tells what was done also where it ends early.
  Result<void> run() {
    auto done = purge_runs();
    if (done) done = purge_experiments();
    progress_.clear();
    tell();
    return done;
  }

 private:
  bool is_old(bool deleted, std::int64_t deleted_ms) const {
    return deleted && deleted_ms <= deleted_until_ms_;
  }
  // False: it went, or was restored, since it was listed.
  Result<bool> purged(Result<void> done) {
    if (done) return true;
    const ErrorKind kind = done.error().kind;
    if (kind != ErrorKind::kNotFound && kind != ErrorKind::kInvalid) return done.error();
    progress_.clear();
    fmt::print(stderr, "stepwell gc: passed over: {}\n", done.error().text);
    return false;
  }
  Result<void> purge_runs();
  Result<void> purge_run(const wire::RunInfoT& info);
  Result<void> purge_experiments();
  void tell() const;

  Source& source_;
  Changes& changes_;
  const Arguments& arguments_;
  const std::int64_t deleted_until_ms_;
  Progress progress_;
  Table table_{{"run", "name", "experiment", "deleted (UTC)", ">points", ">bytes"}};
  std::map<std::uint64_t, std::uint64_t> runs_of_;  // Purged, by experiment.
  std::uint64_t runs_ = 0, experiments_ = 0, points_ = 0, bytes_ = 0;
};

Result<void> Collection::purge_runs() {
  wire::ListRunsT question;
  question.stage = wire::ViewStage::Deleted;
  do {
    TRY(const auto page, source_.list_runs(question));
    for (const auto& info : page.runs) {
      if (!is_old(info->deleted, info->deleted_ms)) continue;
      TRY(purge_run(*info));
    }
    question.after = page.next;
  } while (question.after != 0);
  return ok();
}

Result<void> Collection::purge_run(const wire::RunInfoT& info) {
  const auto id = protocol::from_wire<RunId>(*info.run);
  const auto asked = changes_.run_storage(id);
  if (!asked && asked.error().kind != ErrorKind::kNotFound) return asked.error();
  const wire::RunStorageDataT storage = asked ? asked.value() : wire::RunStorageDataT{};
  if (!arguments_.dry_run) {
    TRY(const bool done, purged(changes_.purge_run(id, deleted_until_ms_)));
    if (!done) return ok();
  }
  const std::uint64_t bytes = bytes_of(storage);
  ++runs_;
  ++runs_of_[info.experiment];
  points_ += storage.points;
  bytes_ += bytes;
  if (arguments_.json) {
    JsonObject line;
    line.add("run", id.hex()).add("name", info.name).add("experiment", info.experiment_name);
    line.add("deleted_ms", info.deleted_ms).add("series", storage.series);
    line.add("points", storage.points).add("bytes", bytes).add("purged", !arguments_.dry_run);
    fmt::print("{}\n", line.text());
  } else {
    table_.add({id.hex(), info.name, info.experiment_name, time_text(info.deleted_ms),
                count_text(storage.points), count_text(bytes)});
  }
  if (progress_.due()) {
    progress_.show(fmt::format("{} runs, {} points, {}", count_text(runs_), count_text(points_),
                               bytes_text(bytes_)));
  }
  return ok();
}

Result<void> Collection::purge_experiments() {
  wire::ListExperimentsT question;
  question.stage = wire::ViewStage::Deleted;
  do {
    TRY(const auto page, source_.list_experiments(question));
    for (const auto& info : page.experiments) {
      if (info->id == 0 || !is_old(info->deleted, info->deleted_ms)) continue;
      if (info->runs > (arguments_.dry_run ? runs_of_[info->id] : 0)) continue;
      if (!arguments_.dry_run) {
        TRY(const bool done, purged(changes_.purge_experiment(info->id, deleted_until_ms_)));
        if (!done) continue;
      }
      ++experiments_;
      if (!arguments_.json) continue;
      JsonObject line;
      line.add("experiment", info->name).add("id", info->id).add("deleted_ms", info->deleted_ms);
      fmt::print("{}\n", line.add("purged", !arguments_.dry_run).text());
    }
    question.after = page.next;
  } while (question.after != 0);
  return ok();
}

void Collection::tell() const {
  if (arguments_.json) {
    JsonObject total;
    total.add("runs", runs_).add("experiments", experiments_).add("points", points_);
    fmt::print("{}\n", total.add("bytes", bytes_).add("dry_run", arguments_.dry_run).text());
    return;
  }
  if (runs_ > 0) table_.print();
  fmt::print("{}{} runs and {} experiments {}: {} points, {}\n", runs_ > 0 ? "\n" : "",
             count_text(runs_), count_text(experiments_),
             arguments_.dry_run ? "would be purged" : "purged", count_text(points_),
             bytes_text(bytes_));
}

int collect(const Arguments& arguments) {
  const auto age = parse_age(arguments.older_than);
  if (!age) {
    fmt::print(stderr, "stepwell gc: --older-than: {} (see --help)\n", age.error().text);
    return kExitUsage;
  }
  auto target = open_target(arguments.where);
  if (!target) return report_error("gc", target.error());
  const std::int64_t until_ms = SystemClock().now_ms() - age.value() / milliseconds(1);
  const auto done = Collection(target.value(), arguments, until_ms).run();
  std::fflush(stdout);
  return done ? kExitOk : report_error("gc", done.error());
}

}  // namespace

void add_gc(CLI::App& program, int& exit_code) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = program.add_subcommand("gc", "Remove for good what was deleted long ago");
  add_where_options(*command, arguments->where);
  command
      ->add_option("--older-than", arguments->older_than,
                   "Only what was deleted so long ago: 90s, 15m, 12h, 30d, 4w")
      ->required();
  command->add_flag("--dry-run", arguments->dry_run, "Tell what would be purged, change nothing");
  command->add_flag("--json", arguments->json, "One JSON object a run and experiment, and a total");
  command->footer(
      "Deleted runs go first, then deleted experiments that have no run left. It cannot be "
      "undone:\n"
      "frames that come later for a purged run are refused. Safe to interrupt and to repeat. The\n"
      "space is free for new data soon after; the files do not shrink.\n\n"
      "Examples:\n"
      "  stepwell gc --to 127.0.0.1:5000 --older-than 30d --dry-run\n"
      "  stepwell gc --to 127.0.0.1:5000 --older-than 30d\n"
      "  stepwell gc --data ./stepwell-data --older-than 12h --json\n\n" +
      std::string(kExitHelp));
  command->callback([arguments, &exit_code] { exit_code = collect(*arguments); });
}

}  // namespace stepwell::tools
