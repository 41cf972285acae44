#include "tools/stopped_store.hpp"

namespace stepwell::tools {

Error with_pointer_to_server(Error error) {
  if (error.kind == ErrorKind::kDenied) error.text += "; ask that server instead: --to HOST:PORT";
  return error;
}

Result<std::unique_ptr<StoppedStore>> StoppedStore::open(const std::string& directory) {
  std::unique_ptr<StoppedStore> self(new StoppedStore);
  // The lock first: nothing is looked at, let alone changed, while a server has it.
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
