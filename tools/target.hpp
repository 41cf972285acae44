#pragma once

// What `delete`, `restore` and `gc` work on: a server, or a stopped store's directory, both to be
// read and to be changed.

#include <memory>
#include <string>

#include "tools/source.hpp"

namespace stepwell::tools {

// What was asked for is on disk when a call returns. kNotFound: it does not exist, or was purged.
// kInvalid: it cannot be done to what is there, for example a purge of what is not deleted.
class Changes {
 public:
  virtual ~Changes() = default;
  virtual Result<void> set_run_deleted(RunId run, bool deleted) = 0;
  virtual Result<void> set_experiment_deleted(std::uint64_t id, bool deleted) = 0;
  // Only what was deleted by then.
  virtual Result<void> purge_run(RunId run, std::int64_t deleted_until_ms) = 0;
  virtual Result<void> purge_experiment(std::uint64_t id, std::int64_t deleted_until_ms) = 0;
  // What a purge of the run would free.
  virtual Result<wire::RunStorageDataT> run_storage(RunId run) = 0;
};

struct Target {
  std::unique_ptr<Source> source;
  std::unique_ptr<Changes> changes;
};

Result<Target> open_target(const SourceOptions& options);

}  // namespace stepwell::tools
