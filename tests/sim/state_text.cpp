#include "tests/sim/state_text.hpp"

#include <algorithm>
#include <map>
#include <sstream>

#include "engine/tracking/history.hpp"
#include "protocol/context.hpp"

namespace stepwell::sim {
namespace {

std::string writers_text(const wire::RunDataT& data) {
  std::map<WriterId, std::string> lines;
  std::map<WriterId, std::map<std::uint64_t, std::string>> holes;
  for (const auto& loss : data.losses) {
    for (std::uint64_t sequence = loss->from; sequence <= loss->to; ++sequence) {
      const auto verdict = static_cast<protocol::VerdictCode>(loss->verdict);
      holes[protocol::from_wire<WriterId>(*loss->writer)][sequence] =
          loss->rejected ? protocol::to_string(verdict) : "skipped";
    }
  }
  for (const auto& writer : data.writers) {
    const auto id = protocol::from_wire<WriterId>(*writer->writer);
    std::string& line = lines[id];
    line =
        fmt::format("  writer {} next {} batches {} duplicates {} slot '{}' open {}\n", id.hex(),
                    writer->next, writer->batches, writer->duplicates, writer->slot, writer->open);
    for (const auto& [sequence, verdict] : holes[id]) {
      line += fmt::format("    hole {} {}\n", sequence, verdict);
    }
  }
  std::string text;
  for (const auto& [id, line] : lines) text += line;
  return text;
}

Result<std::string> points_text(const tracking::View& view, const RunId& run,
                                const wire::RunDataT& data) {
  std::string text;
  wire::HistoryT question;
  question.run = std::make_unique<wire::Id>(protocol::to_wire(run));
  question.all_contexts = true;
  TRY(auto history, tracking::History::plan(view, question));
  std::size_t at = 0;
  bool begun = false;
  while (true) {
    TRY(const auto page, history.next_page(view));
    if (!page) return text;
    const auto& metric = *data.metrics.at(at);
    if (!begun) {
      text += fmt::format("  series {} {} count {}\n", page->series->key, page->series->context,
                          metric.count);
    }
    for (const Point point : page->points) {
      text += fmt::format("    {} {} {:016x}\n", point.step, point.timestamp_ms, point.bits());
    }
    begun = !page->last_of_series;
    if (!begun) ++at;
    // `latest` is asked for another way than the history: it must be the history's end.
    const bool same = begun || page->points.back() == Point{metric.step, metric.timestamp_ms,
                                                            protocol::value_of(metric)};
    if (!same) text += "    latest is not the last point\n";
  }
}

}  // namespace

Result<std::string> state_text(const tracking::View& view) {
  std::vector<RunId> ids;
  TRY(view.rows().scan(tracking::table::kRunIds, {}, {}, [&](std::string_view key, auto) {
    RunId id;
    std::copy_n(key.data(), 16, reinterpret_cast<char*>(id.bytes.data()));
    ids.push_back(id);
    return true;
  }));
  std::string text;
  for (const RunId& id : ids) {
    TRY(const auto data, view.run(id));
    if (!data) return fail(ErrorKind::kCorrupt, "run {} is listed and not there", id.hex());
    const wire::RunInfoT& info = *data->info;
    text += fmt::format(
        "run {} experiment {} name '{}' status {} deleted {} start {} end {} batches {} "
        "duplicates {} writers {}\n",
        id.hex(), info.experiment_name, info.name, static_cast<unsigned>(info.status), info.deleted,
        info.start_ms, info.end_ms, info.batches, info.duplicates, info.writers);
    for (const auto& param : data->params) {
      text += fmt::format("  param {} = {}\n", param->key, param->value);
    }
    for (const auto& tag : data->tags) text += fmt::format("  tag {} = {}\n", tag->key, tag->value);
    text += writers_text(*data);
    TRY(const std::string points, points_text(view, id, *data));
    text += points;
  }
  return text;
}

std::string difference(const std::string& expected, const std::string& found) {
  std::istringstream left(expected), right(found);
  std::string a, b, text;
  for (int line = 1, told = 0; told < 6; ++line) {
    const bool more_left = static_cast<bool>(std::getline(left, a));
    const bool more_right = static_cast<bool>(std::getline(right, b));
    if (!more_left && !more_right) break;
    if (!more_left) a = "(end)";
    if (!more_right) b = "(end)";
    if (a == b) continue;
    text += fmt::format("line {}:\n  expected {}\n  found    {}\n", line, a, b);
    ++told;
    if (!more_left || !more_right) break;
  }
  return text;
}

}  // namespace stepwell::sim
