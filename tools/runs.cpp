// stepwell runs: lists runs, or tells everything about one but its histories.

#include <memory>
#include <optional>

#include "protocol/kinds.hpp"
#include "tools/command.hpp"
#include "tools/exit_codes.hpp"
#include "tools/output.hpp"
#include "tools/reading.hpp"

namespace stepwell::tools {
namespace {

struct Arguments {
  ReadingOptions reading;
  std::string run;
  std::string experiment;
  std::uint64_t limit = 0;
  bool deleted = false;
};

std::string id_of(const std::unique_ptr<wire::Id>& id) {
  return id ? protocol::from_wire<RunId>(*id).hex() : std::string();
}
std::string status_of(const wire::RunInfoT& info) {
  std::string text = wire::EnumNameRunStatus(info.status);
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

JsonObject json_of(const wire::RunInfoT& info) {
  JsonObject json;
  json.add("run", id_of(info.run)).add("name", info.name).add("experiment", info.experiment_name);
  json.add("status", status_of(info)).add("user", info.user).add("deleted", info.deleted);
  json.add("start_ms", info.start_ms).add("end_ms", info.end_ms).add("batches", info.batches);
  json.add("duplicates", info.duplicates).add("writers", info.writers).add("series", info.series);
  json.add("deleted_ms", info.deleted_ms);
  return json;
}

Result<void> list(Source& source, const Arguments& arguments) {
  if (!arguments.experiment.empty()) {
    TRY(find_experiment(source, arguments.experiment));  // A misspelt one is not one without runs.
  }
  const Form form = arguments.reading.form();
  Table table(
      {"run", "name", "experiment", "status", "started (UTC)", ">series", ">batches", ">writers"});
  if (form == Form::kCsv) {
    fmt::print(
        "run,name,experiment,status,user,start_ms,end_ms,batches,duplicates,writers,series\n");
  }
  wire::ListRunsT question;
  question.stage = arguments.deleted ? wire::ViewStage::Deleted : wire::ViewStage::Active;
  std::uint64_t shown = 0;
  do {
    TRY(const auto page, source.list_runs(question));
    for (const auto& info : page.runs) {
      if (!arguments.experiment.empty() && info->experiment_name != arguments.experiment) continue;
      if (arguments.limit > 0 && shown++ == arguments.limit) break;
      if (form == Form::kJson) {
        fmt::print("{}\n", json_of(*info).text());
      } else if (form == Form::kCsv) {
        fmt::print("{},{},{},{},{},{},{},{},{},{},{}\n", id_of(info->run), csv_field(info->name),
                   csv_field(info->experiment_name), status_of(*info), csv_field(info->user),
                   info->start_ms, info->end_ms, info->batches, info->duplicates, info->writers,
                   info->series);
      } else {
        table.add({id_of(info->run), info->name, info->experiment_name, status_of(*info),
                   time_text(info->start_ms), count_text(info->series), count_text(info->batches),
                   count_text(info->writers)});
      }
    }
    question.after = arguments.limit > 0 && shown > arguments.limit ? 0 : page.next;
  } while (question.after != 0);
  if (form == Form::kText) table.print();
  return ok();
}

std::string json_texts(const std::vector<std::unique_ptr<wire::TextT>>& texts) {
  JsonObject json;
  for (const auto& text : texts) json.add(text->key, text->value);
  return json.text();
}

std::string json_run(const wire::RunDataT& data) {
  std::vector<std::string> metrics, losses, writers;
  for (const auto& m : data.metrics) {
    JsonObject json;
    json.add("key", m->key).add("context", m->context).add("step", m->step);
    json.add("timestamp_ms", m->timestamp_ms)
        .add("value", protocol::value_of(*m))
        .add("count", m->count);
    metrics.push_back(json.text());
  }
  for (const auto& loss : data.losses) {
    JsonObject json;
    json.add("writer", id_of(loss->writer)).add("from", loss->from).add("to", loss->to);
    json.add("kind", loss->rejected ? "rejected" : "skipped");
    json.add("verdict", protocol::to_string(static_cast<protocol::VerdictCode>(loss->verdict)));
    json.add("reason", loss->reason).add("points", loss->points);
    std::vector<std::string> series;
    for (const auto& s : loss->series) {
      JsonObject lost;
      lost.add("key", s->key).add("first_step", s->first_step).add("last_step", s->last_step);
      series.push_back(lost.add("points", s->points).text());
    }
    losses.push_back(json.add_raw("series", json_array(series)).text());
  }
  for (const auto& w : data.writers) {
    JsonObject json;
    json.add("writer", id_of(w->writer)).add("next", w->next).add("batches", w->batches);
    json.add("duplicates", w->duplicates).add("closed_holes", w->closed_holes);
    writers.push_back(json.add("slot", w->slot).add("open", w->open).text());
  }
  JsonObject json = json_of(*data.info);
  json.add_raw("params", json_texts(data.params)).add_raw("tags", json_texts(data.tags));
  json.add_raw("metrics", json_array(metrics)).add_raw("losses", json_array(losses));
  return json.add_raw("writers", json_array(writers)).text();
}

void print_texts(const char* what, const std::vector<std::unique_ptr<wire::TextT>>& texts) {
  if (texts.empty()) return;
  fmt::print("\n{}\n", what);
  Table table({"  key", "value"});
  for (const auto& text : texts) table.add({"  " + text->key, text->value});
  table.print();
}

void print_run(const wire::RunDataT& data) {
  const wire::RunInfoT& info = *data.info;
  fmt::print("run         {}{}\nname        {}\nexperiment  {}\nstatus      {}\nuser        {}\n",
             id_of(info.run), info.deleted ? " (deleted)" : "", info.name, info.experiment_name,
             status_of(info), info.user);
  fmt::print("started     {}\nended       {}\nbatches     {} ({} duplicates)\n",
             time_text(info.start_ms), time_text(info.end_ms), count_text(info.batches),
             count_text(info.duplicates));
  print_texts("params", data.params);
  print_texts("tags", data.tags);
  if (!data.metrics.empty()) fmt::print("\nlatest values\n");
  Table metrics({"  metric", ">step", ">value", ">points"});
  for (const auto& m : data.metrics) {
    metrics.add({"  " + m->key + m->context, fmt::format("{}", m->step),
                 number_text(protocol::value_of(*m)), count_text(m->count)});
  }
  if (!data.metrics.empty()) metrics.print();
  if (!data.writers.empty()) fmt::print("\nwriters\n");
  Table writers({"  writer", "slot", "open", ">next", ">batches", ">duplicates"});
  for (const auto& w : data.writers) {
    writers.add({"  " + id_of(w->writer), w->slot, w->open ? "yes" : "no",
                 fmt::format("{}", w->next), count_text(w->batches), count_text(w->duplicates)});
  }
  if (!data.writers.empty()) writers.print();
  fmt::print("\nlosses      {}\n", data.losses.empty() ? "none" : "");
  for (const auto& loss : data.losses) {
    fmt::print("  writer {} sequences {} to {} {}: {} points, {}\n", id_of(loss->writer),
               loss->from, loss->to, loss->rejected ? "rejected" : "skipped",
               count_text(loss->points), loss->reason);
  }
}

Result<void> show(Source& source, const Arguments& arguments) {
  TRY(const RunId id, find_run_id(source, arguments.run));
  TRY(const auto data, source.run(id));
  switch (arguments.reading.form()) {
    case Form::kJson:
      fmt::print("{}\n", json_run(data));
      return ok();
    case Form::kCsv:
      fmt::print("kind,key,value\n");
      for (const auto& p : data.params)
        fmt::print("param,{},{}\n", csv_field(p->key), csv_field(p->value));
      for (const auto& t : data.tags)
        fmt::print("tag,{},{}\n", csv_field(t->key), csv_field(t->value));
      return ok();
    case Form::kText:
      break;
  }
  print_run(data);
  return ok();
}

}  // namespace

void add_runs(CLI::App& program, int& exit_code) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = program.add_subcommand("runs", "List runs, or tell everything about one");
  add_reading_options(*command, arguments->reading);
  command->add_option("run", arguments->run, "Id (or its beginning, or name) of one run");
  command->add_option("--experiment", arguments->experiment, "Only runs of this experiment");
  command->add_option("--limit", arguments->limit, "List at most so many");
  command->add_flag("--deleted", arguments->deleted, "List deleted runs instead of active ones");
  command->footer(
      "One run shows its params, tags, latest values, writers and losses.\n\nExamples:\n"
      "  stepwell runs --to 127.0.0.1:5000\n"
      "  stepwell runs --data ./stepwell-data --experiment mnist --csv\n"
      "  stepwell runs --to 127.0.0.1:5000 3f2a9c --json\n\n" +
      std::string(kExitHelp));
  command->callback([arguments, &exit_code] {
    exit_code = run_reading("runs", arguments->reading, [&](Source& source) {
      return arguments->run.empty() ? list(source, *arguments) : show(source, *arguments);
    });
  });
}

}  // namespace stepwell::tools
