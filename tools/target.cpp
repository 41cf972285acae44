#include "tools/target.hpp"

#include "protocol/kinds.hpp"
#include "tools/open_store.hpp"

namespace stepwell::tools {
namespace {

using protocol::Kind;
using protocol::VerdictCode;

class ServerChanges final : public Changes {
 public:
  explicit ServerChanges(std::unique_ptr<client::BlockingReader> reader)
      : reader_(std::move(reader)) {}
  Result<void> set_run_deleted(RunId run, bool deleted) override {
    return reader_->set_run_deleted(run, deleted);
  }
  Result<void> set_experiment_deleted(std::uint64_t id, bool deleted) override {
    return reader_->set_experiment_deleted(id, deleted);
  }
  Result<void> purge_run(RunId run, std::int64_t deleted_until_ms) override {
    return reader_->purge_run(run, deleted_until_ms);
  }
  Result<void> purge_experiment(std::uint64_t id, std::int64_t deleted_until_ms) override {
    return reader_->purge_experiment(id, deleted_until_ms);
  }
  Result<wire::RunStorageDataT> run_storage(RunId run) override {
    return reader_->run_storage(run);
  }

 private:
  std::unique_ptr<client::BlockingReader> reader_;
};

class StoreChanges final : public Changes {
 public:
  explicit StoreChanges(std::shared_ptr<OpenStore> store) : store_(std::move(store)) {}
  Result<void> set_run_deleted(RunId run, bool deleted) override {
    wire::RunStageT command;
    command.deleted = deleted;
    return submit(protocol::make_frame_of(Kind::kRunStage, command, run));
  }
  Result<void> set_experiment_deleted(std::uint64_t id, bool deleted) override {
    wire::ExperimentStageT command;
    command.id = id;
    command.deleted = deleted;
    return submit(protocol::make_frame_of(Kind::kExperimentStage, command));
  }
  Result<void> purge_run(RunId run, std::int64_t deleted_until_ms) override {
    wire::PurgeRunT command;
    command.deleted_until_ms = deleted_until_ms;
    return submit(protocol::make_frame_of(Kind::kPurgeRun, command, run));
  }
  Result<void> purge_experiment(std::uint64_t id, std::int64_t deleted_until_ms) override {
    wire::PurgeExperimentT command;
    command.id = id;
    command.deleted_until_ms = deleted_until_ms;
    return submit(protocol::make_frame_of(Kind::kPurgeExperiment, command));
  }
  Result<wire::RunStorageDataT> run_storage(RunId run) override {
    TRY(const auto view, store_->view());
    return view.run_storage(run);
  }

 private:
  Result<void> submit(std::string frame) {
    TRY(const auto verdict, store_->submit(std::move(frame)));
    return tracking::result_of(verdict);
  }

  std::shared_ptr<OpenStore> store_;
};

}  // namespace

Result<Target> open_target(const SourceOptions& options) {
  Target target;
  if (!options.data.empty()) {
    TRY(std::shared_ptr<OpenStore> store, OpenStore::open(options.data));
    target.source = store_source([store] { return store->view(); });
    target.changes = std::make_unique<StoreChanges>(std::move(store));
    return target;
  }
  TRY(target.source, open_source(options));
  TRY(auto reader, open_reader(options.to));
  target.changes = std::make_unique<ServerChanges>(std::move(reader));
  return target;
}

}  // namespace stepwell::tools
