#include "tools/open_store.hpp"

#include <future>

#include "engine/base/logging.hpp"
#include "tools/stopped_store.hpp"

namespace stepwell::tools {

Result<std::unique_ptr<OpenStore>> OpenStore::open(const std::string& directory) {
  std::unique_ptr<OpenStore> self(new OpenStore);
  // Looked at before the lock is taken, which would leave its file in any directory.
  TRY(const bool exists, self->files_.exists(directory + "/wal"));
  if (!exists) {
    return fail(ErrorKind::kNotFound, "{} holds no store (there is no {}/wal)", directory,
                directory);
  }
  store::Options options;
  options.log.pool_segments_min = 1;  // It writes little, and perhaps to make room.
  self->sequencer_.start("sequencer");
  self->compactor_.start("compactor");
  const store::Environment environment{self->files_, self->sequencer_, self->compactor_,
                                       self->random_};
  store::OpenReport report;
  auto opened = store::Store::open(environment, directory, options, self->fold_, report);
  if (!opened) return with_pointer_to_server(opened.error());
  self->store_ = std::move(opened.value());
  self->tracking_ = std::make_unique<tracking::Tracking>(*self->store_, self->clock_);
  return self;
}

OpenStore::~OpenStore() {
  if (store_) {
    std::promise<Result<void>> promise;
    store_->close([&](Result<void> result) { promise.set_value(std::move(result)); });
    const auto closed = promise.get_future().get();
    if (!closed) log().error("{}", closed.error().text);
  }
  for (net::AsioExecutor* executor : {&sequencer_, &compactor_}) {
    executor->stop();
    executor->join();
    executor->spawned().destroy_all();
  }
  store_.reset();
}

Result<tracking::Verdict> OpenStore::submit(std::string frame) {
  const auto memory = std::make_shared<const std::string>(std::move(frame));
  const protocol::FrameView view{load_le<protocol::FrameHeader>(memory->data()), as_bytes(*memory)};
  std::promise<Result<tracking::Verdict>> promise;
  tracking_->submit({view}, wal::Door::kServer, memory,
                    [&](std::vector<Result<tracking::Verdict>> results) {
                      promise.set_value(std::move(results.front()));
                    });
  return promise.get_future().get();
}

}  // namespace stepwell::tools
