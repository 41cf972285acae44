#include "examples/digits/report.hpp"

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <limits>

#include "examples/digits/chart.hpp"

namespace digits {
namespace {

constexpr std::size_t kSparkWidth = 24;
constexpr std::size_t kChartWidth = 60;
constexpr std::size_t kChartHeight = 5;

struct Summary {
  std::size_t points = 0;
  std::int64_t first_step = std::numeric_limits<std::int64_t>::max();
  std::int64_t last_step = std::numeric_limits<std::int64_t>::min();
  double least = std::numeric_limits<double>::infinity();
  double greatest = -std::numeric_limits<double>::infinity();
  const Points* curve = nullptr;  // Rank 0's, else the first there is.
};

std::map<std::string, Summary> summarise(const AllPoints& all) {
  std::map<std::string, Summary> by_key;
  for (const auto& [name, points] : all) {
    if (points.empty()) continue;
    Summary& summary = by_key[name.key];
    // The empty context sorts first.
    if (!summary.curve) summary.curve = &points;
    summary.points += points.size();
    summary.first_step = std::min(summary.first_step, points.front().step);
    summary.last_step = std::max(summary.last_step, points.back().step);
    for (const auto& point : points) {
      summary.least = std::min(summary.least, point.value);
      summary.greatest = std::max(summary.greatest, point.value);
    }
  }
  return by_key;
}

void print_chart(const std::string& key, const Summary& summary) {
  std::printf("\n  %s, rank 0\n%s", key.c_str(),
              braille_chart(*summary.curve, kChartWidth, kChartHeight).c_str());
  std::printf(
      "%10s%-"
      "30" PRId64 "%30" PRId64 "\n",
      "", summary.curve->front().step, summary.curve->back().step);
}

std::uint64_t number_of(const Journal& journal, const std::string& fact) {
  const auto found = journal.facts.find(fact);
  return found == journal.facts.end() ? 0 : std::stoull(found->second);
}

bool agrees(const WriterCount& count) {
  return count.batches_sent == count.batches_applied && count.batches_sent > 0 &&
         count.frames_sent == count.frames_applied;
}

}  // namespace

void print_params_and_tags(const StoredRun& run) {
  std::printf("\nparams\n");
  for (const auto& param : run.about.params)
    std::printf("  %-20s %s\n", param->key.c_str(), param->value.c_str());
  std::printf("tags\n");
  for (const auto& tag : run.about.tags)
    std::printf("  %-20s %s\n", tag->key.c_str(), tag->value.c_str());
}

void print_metrics(const AllPoints& points) {
  const auto by_key = summarise(points);
  std::printf("\n%-28s %8s %6s %6s %11s %11s  %s\n", "metric (all ranks)", "points", "first",
              "last", "min", "max", "rank 0");
  for (const auto& [key, summary] : by_key)
    std::printf("%-28s %8zu %6" PRId64 " %6" PRId64 " %11.4g %11.4g  %s\n", key.c_str(),
                summary.points, summary.first_step, summary.last_step, summary.least,
                summary.greatest, sparkline(*summary.curve, kSparkWidth).c_str());
  for (const char* key : {"loss", "held_out/accuracy", "lr"}) {
    if (const auto found = by_key.find(key); found != by_key.end())
      print_chart(found->first, found->second);
  }
}

std::vector<WriterCount> count_writers(const std::vector<Journal>& journals, const StoredRun& run) {
  std::vector<WriterCount> counts;
  for (const Journal& journal : journals) {
    WriterCount count;
    count.worker = journal.context.empty() ? "rank=0" : journal.context;
    count.frames_sent = number_of(journal, "frames");
    count.batches_sent = number_of(journal, "batches");
    counts.push_back(count);
  }
  for (const auto& writer : run.about.writers) {
    auto count = std::find_if(counts.begin(), counts.end(), [&](const WriterCount& known) {
      return known.worker == writer->slot;
    });
    if (count == counts.end())
      count = counts.insert(counts.end(), WriterCount{writer->slot, 0, 0, 0, 0, 0});
    count->frames_applied += writer->next - 1;
    count->batches_applied += writer->batches;
    count->duplicates += writer->duplicates;
  }
  return counts;
}

bool print_verdict(const Account& account, const std::vector<WriterCount>& writers,
                   const StoredRun& run) {
  std::printf("\n%-15s %12s %13s %13s %14s %10s\n", "worker", "frames sent", "frames decided",
              "batches sent", "applied once", "sent again");
  std::uint64_t applied = 0;
  bool good = !writers.empty();
  for (const WriterCount& count : writers) {
    applied += count.batches_applied;
    good = good && agrees(count);
    std::printf("%-15s %12" PRIu64 " %13" PRIu64 " %13" PRIu64 " %14" PRIu64 " %10" PRIu64 "%s\n",
                count.worker.c_str(), count.frames_sent, count.frames_applied, count.batches_sent,
                count.batches_applied, count.duplicates, agrees(count) ? "" : "   DIFFERENT");
  }
  if (applied != run.about.info->batches) {
    good = false;
    std::printf("the run counts %" PRIu64 " batches, its writers %" PRIu64 "\n",
                run.about.info->batches, applied);
  }
  if (!run.about.losses.empty()) {
    good = false;
    std::printf("the run declares %zu losses\n", run.about.losses.size());
  }
  std::printf("\ndistinct points sent   %12" PRIu64 "  in %" PRIu64 " series\n", account.sent,
              account.series);
  std::printf("points stored          %12" PRIu64 "  missing %" PRIu64 ", never sent %" PRIu64
              ", repeated %" PRIu64 ", out of order %" PRIu64 "\n",
              account.stored, account.missing, account.foreign, account.repeated,
              account.out_of_order);
  if (!account.first_fault.empty()) std::printf("first: %s\n", account.first_fault.c_str());
  good = good && account.holds() && account.sent > 0;
  std::printf("\n%s\n", good ? "distinct points sent = points stored, batches applied once each"
                             : "THE ACCOUNT DOES NOT HOLD");
  return good;
}

}  // namespace digits
