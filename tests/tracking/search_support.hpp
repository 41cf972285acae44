#pragma once

// Runs with metrics, params and tags in few words, and searches for them. Runs are told by small
// numbers; what a search finds is shown as "3 1 2".

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/tracking/search/search.hpp"
#include "tests/tracking/tracking_fixture.hpp"

namespace stepwell::tracking {

struct RunSpec {
  std::uint64_t number = 1;
  std::string experiment = "exp";
  std::string name = {};
  std::string user = {};
  std::int64_t start_ms = 1000;
  Texts params = {};
  Texts tags = {};
  std::vector<std::pair<std::string, std::vector<double>>> metrics = {};  // Steps 0, 1, …
};

class Searcher {
 public:
  explicit Searcher(TrackingOnWorld& world, std::uint64_t cache_bytes = 64 << 20)
      : world_(world), cache_bytes_(cache_bytes) {
    forget();
  }
  // The cache of a process that was just started.
  void forget() { cache = std::make_unique<SearchCache>(world_.changes(), cache_bytes_); }

  void add(const RunSpec& spec) {
    const std::uint64_t number = spec.number;
    next_[number] = 1;
    world_.send(open_frame({number, 1, next_[number]++}, {.experiment = spec.experiment,
                                                          .run_name = spec.name,
                                                          .user = spec.user,
                                                          .start_ms = spec.start_ms,
                                                          .tags = spec.tags}));
    if (!spec.params.empty()) params(number, spec.params);
    for (const auto& [key, values] : spec.metrics) metric(number, key, values);
  }
  void params(std::uint64_t run, const Texts& texts) {
    world_.send(params_frame({run, 1, next_[run]++}, texts));
  }
  void tag(std::uint64_t run, const std::string& key, const std::string& value) {
    world_.send(tags_frame({run, 1, next_[run]++}, {{key, value}}));
  }
  void metric(std::uint64_t run, const std::string& key, const std::vector<double>& values,
              std::int64_t first_step = 0) {
    std::vector<Point> points;
    for (std::size_t i = 0; i < values.size(); ++i) {
      points.push_back({first_step + static_cast<std::int64_t>(i), 5, values[i]});
    }
    world_.send(batch_frame({run, 1, next_[run]++}, key, points));
  }
  void end(std::uint64_t run, wire::RunStatus status, std::int64_t end_ms) {
    world_.send(end_frame({run, 1, next_[run]++}, status, end_ms));
  }
  void set_deleted(std::uint64_t run, bool deleted) {
    wire::RunStageT command;
    command.deleted = deleted;
    world_.send(command_frame(Kind::kRunStage, command, run), wal::Door::kRest);
  }
  void set_experiment_deleted(std::uint64_t experiment, bool deleted) {
    wire::ExperimentStageT command;
    command.id = experiment;
    command.deleted = deleted;
    world_.send(command_frame(Kind::kExperimentStage, command), wal::Door::kRest);
  }
  void purge(std::uint64_t run) {
    world_.send(command_frame(Kind::kPurgeRun, wire::PurgeRunT{}, run), wal::Door::kRest);
  }

  Result<RunPage> ask(const View& view, const RunQuestion& question) {
    return search_runs(view, *cache, question);
  }
  // Of experiment 1 unless told.
  std::string find(const View& view, const std::string& filter,
                   const std::vector<std::string>& order = {}, ViewType stage = ViewType::kActive,
                   const std::vector<std::uint64_t>& experiments = {1}) {
    RunQuestion question;
    for (const std::uint64_t id : experiments) question.experiments.push_back({id});
    question.filter = filter;
    question.order_by = order;
    question.view = stage;
    const auto page = ask(view, question);
    if (!page) return page.error().text;
    EXPECT_EQ(page.value().next_page_token, "");
    return shown(page.value().runs);
  }
  std::string find(const std::string& filter, const std::vector<std::string>& order = {},
                   ViewType stage = ViewType::kActive) {
    return find(world_.view(), filter, order, stage);
  }
  static std::string shown(const std::vector<RunId>& runs) {
    std::string text;
    for (const RunId& id : runs) {
      if (!text.empty()) text += ' ';
      text += std::to_string(load_le<std::uint64_t>(id.bytes.data() + 8));
    }
    return text;
  }

  std::unique_ptr<SearchCache> cache;

 private:
  TrackingOnWorld& world_;
  std::uint64_t cache_bytes_;
  std::map<std::uint64_t, std::uint64_t> next_;  // Sequences.
};

}  // namespace stepwell::tracking
