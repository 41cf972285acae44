#include "tools/source.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/tracking/chart.hpp"
#include "engine/tracking/history.hpp"
#include "tools/stopped_store.hpp"

namespace stepwell::tools {
namespace {

class ServerSource final : public Source {
 public:
  explicit ServerSource(std::unique_ptr<client::BlockingReader> reader)
      : reader_(std::move(reader)) {}
  Result<wire::ExperimentsT> list_experiments(const wire::ListExperimentsT& question) override {
    return reader_->list_experiments(question);
  }
  Result<wire::RunsT> list_runs(const wire::ListRunsT& question) override {
    return reader_->list_runs(question);
  }
  Result<wire::RunDataT> run(RunId id) override { return reader_->get_run(id); }
  Result<std::uint64_t> history(const wire::HistoryT& question,
                                client::PointsCallback on_points) override {
    return reader_->history(question, std::move(on_points));
  }
  Result<std::uint64_t> buckets(const wire::BucketsT& question,
                                client::BucketsCallback on_buckets) override {
    return reader_->buckets(question, std::move(on_buckets));
  }

 private:
  std::unique_ptr<client::BlockingReader> reader_;
};

class StoreSource final : public Source {
 public:
  explicit StoreSource(std::function<Result<tracking::View>()> view) : view_(std::move(view)) {}
  Result<wire::ExperimentsT> list_experiments(const wire::ListExperimentsT& question) override {
    TRY(const auto view, view_());
    return view.list_experiments(question);
  }
  Result<wire::RunsT> list_runs(const wire::ListRunsT& question) override {
    TRY(const auto view, view_());
    return view.list_runs(question);
  }
  Result<wire::RunDataT> run(RunId id) override {
    TRY(const auto view, view_());
    TRY(auto data, view.run(id));
    if (!data) return fail(ErrorKind::kNotFound, "no run {}", id.hex());
    return std::move(*data);
  }
  Result<std::uint64_t> history(const wire::HistoryT& question,
                                client::PointsCallback on_points) override {
    TRY(const auto view, view_());
    TRY(auto history, tracking::History::plan(view, question));
    while (true) {
      TRY(const auto page, history.next(view));
      if (!page || !on_points(as_bytes(*page))) return history.points();
    }
  }
  Result<std::uint64_t> buckets(const wire::BucketsT& question,
                                client::BucketsCallback on_buckets) override {
    TRY(const auto view, view_());
    TRY(auto chart, tracking::Chart::plan(view, question));
    while (true) {
      TRY(const auto page, chart.next(view));
      if (!page) return chart.points();
      TRY(const auto columns, protocol::decode<wire::BucketColumnsT>(as_bytes(*page)));
      if (!on_buckets(columns)) return chart.points();
    }
  }

 private:
  const std::function<Result<tracking::View>()> view_;
};

}  // namespace

std::unique_ptr<Source> store_source(std::function<Result<tracking::View>()> view) {
  return std::make_unique<StoreSource>(std::move(view));
}

Result<std::unique_ptr<Source>> open_store_source(const std::string& directory) {
  TRY(std::shared_ptr<StoppedStore> store, StoppedStore::open(directory));
  return store_source([store] { return store->view(); });
}

Result<std::unique_ptr<client::BlockingReader>> open_reader(const std::string& address) {
  client::ConnectionOptions how;
  how.client = "stepwell-tools " STEPWELL_VERSION;
  return client::BlockingReader::open(address, how);
}

Result<std::unique_ptr<Source>> open_source(const SourceOptions& options) {
  if (!options.data.empty()) return open_store_source(options.data);
  TRY(auto reader, open_reader(options.to));
  return std::unique_ptr<Source>(std::make_unique<ServerSource>(std::move(reader)));
}

Result<RunId> find_run_id(Source& source, const std::string& text) {
  if (const auto id = RunId::parse(text)) return *id;
  std::vector<RunId> found;
  wire::ListRunsT question;
  question.stage = wire::ViewStage::All;
  do {
    TRY(const auto page, source.list_runs(question));
    for (const auto& info : page.runs) {
      const auto id = protocol::from_wire<RunId>(*info->run);
      if (!text.empty() && (id.hex().starts_with(text) || info->name == text)) found.push_back(id);
    }
    question.after = page.next;
  } while (question.after != 0);
  if (found.size() == 1) return found.front();
  if (found.empty()) return fail(ErrorKind::kNotFound, "no run '{}'", text);
  return fail(ErrorKind::kInvalid, "{} runs are called '{}'; give the whole id", found.size(),
              text);
}

Result<wire::ExperimentInfoT> find_experiment(Source& source, const std::string& name) {
  wire::ListExperimentsT question;
  question.stage = wire::ViewStage::All;
  do {
    TRY(const auto page, source.list_experiments(question));
    for (const auto& info : page.experiments) {
      if (info->name == name) return *info;
    }
    question.after = page.next;
  } while (question.after != 0);
  return fail(ErrorKind::kNotFound, "no experiment '{}'", name);
}

Result<void> check_keys(Source& source, RunId id, const std::vector<std::string>& keys) {
  if (keys.empty()) return ok();
  TRY(const auto data, source.run(id));
  for (const std::string& key : keys) {
    const auto at = std::ranges::find(data.metrics, key, [](const auto& m) { return m->key; });
    if (at == data.metrics.end()) {
      return fail(ErrorKind::kNotFound, "run {} has no metric '{}'", id.hex(), key);
    }
  }
  return ok();
}

}  // namespace stepwell::tools
