#include "tools/stopped_store.hpp"

#include <filesystem>

namespace stepwell::tools {

bool is_in_use(const Error& error) {
  return error.kind == ErrorKind::kDenied &&
         error.text.find("is in use by process") != std::string::npos;
}

Error with_pointer_to_server(Error error) {
  if (is_in_use(error)) error.text += "; ask that server instead: --to HOST:PORT";
  return error;
}

Error with_advice_to_stop(Error error) {
  if (is_in_use(error)) {
    error.text += "; stop that server first (`stepwell runs --to HOST:PORT` asks it as it runs)";
  }
  return error;
}

Result<std::unique_ptr<io::DirectoryLock>> lock_store_around(io::FileSystem& files,
                                                             const std::string& path) {
  std::error_code failed;
  auto directory = std::filesystem::absolute(path, failed).lexically_normal();
  if (!directory.has_filename()) directory = directory.parent_path();  // "DIR/"
  // DIR, DIR/wal or a file in it, or a segment.
  for (int level = 0; level < 3; ++level, directory = directory.parent_path()) {
    if (!std::filesystem::is_regular_file(directory / "LOCK", failed)) continue;
    auto locked = files.lock_directory(directory);
    if (locked) return std::move(locked.value());
    if (is_in_use(locked.error())) return locked.error();
    break;
  }
  return std::unique_ptr<io::DirectoryLock>();
}

Result<std::unique_ptr<StoppedStore>> StoppedStore::open(const std::string& directory) {
  std::unique_ptr<StoppedStore> self(new StoppedStore);
  // Looked at before the lock is taken, which would leave its file in any directory.
  TRY(const bool exists, self->files_.exists(directory + "/wal"));
  if (!exists) {
    return fail(ErrorKind::kNotFound, "{} holds no store (there is no {}/wal)", directory,
                directory);
  }
  store::Options options;
  options.read_only = true;
  const store::Environment environment{self->files_, self->sequencer_, self->compactor_,
                                       self->random_};
  auto opened = store::Store::open(environment, directory, options, self->fold_, self->report_);
  if (!opened) return with_pointer_to_server(opened.error());
  self->store_ = std::move(opened.value());
  return self;
}

StoppedStore::~StoppedStore() {
  store_.reset();
}

Result<tracking::View> StoppedStore::view() const {
  TRY(auto snapshot, store_->snapshot());
  return tracking::View(std::move(snapshot));
}

}  // namespace stepwell::tools
