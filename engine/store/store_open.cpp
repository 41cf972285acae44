// Opening a store: the lock, the index as the last process left it, and then the log behind it.

#include "engine/base/bytes.hpp"
#include "engine/base/logging.hpp"
#include "engine/store/store.hpp"
#include "engine/wal/scan.hpp"

namespace stepwell::store {
namespace {

constexpr std::string_view kLogHolder = "index";

}  // namespace

Result<std::unique_ptr<Store>> Store::open(Environment environment, const std::string& directory,
                                           Options options, Fold& fold, OpenReport& report) {
  std::unique_ptr<Store> self(new Store(environment, directory, std::move(options), fold));
  io::FileSystem& files = environment.files;
  if (self->options_.index_directory.empty()) self->options_.index_directory = directory;
  const std::string wal_directory = directory + "/wal";
  TRY(const bool exists, files.exists(wal_directory));
  if (!exists && self->options_.read_only) {
    return fail(ErrorKind::kNotFound, "{} holds no store (there is no {})", directory,
                wal_directory);
  }
  TRY(files.make_directories(directory));
  TRY(self->lock_, files.lock_directory(directory));
  auto opened = self->open_index(exists);
  const bool is_lost = !opened && opened.error().kind == ErrorKind::kCorrupt;
  if (is_lost && exists && self->options_.log.salvage && !self->options_.read_only) {
    self->index_.reset();
    opened = self->begin_index_anew(wal_directory, opened.error());
  }
  TRY(std::move(opened));
  TRY(self->open_log(report));
  return self;
}

// A log that was never recycled tells all that the index did.
Result<void> Store::begin_index_anew(const std::string& wal_directory, const Error& why) {
  TRY(const auto log_id, wal::id_of_complete_log(environment_.files, wal_directory));
  if (!log_id) {
    return fail(
        ErrorKind::kCorrupt,
        "{}; it cannot be rebuilt, since the log does not go back to its beginning: restore "
        "a backup",
        why.text);
  }
  const std::string path = options_.index_directory + "/index.lmdb";
  stepwell::log().warn("{}; it is rebuilt from the log, what is left of it is {}.incomplete",
                       why.text, path);
  // There may be nothing left of it.
  static_cast<void>(index::Environment::set_aside(path));
  return open_index(false, log_id);
}

Result<void> Store::open_index(bool exists, std::optional<std::uint64_t> log_id) {
  const std::string path = options_.index_directory + "/index.lmdb";
  index::Options index_options;
  index_options.map_bytes = options_.index_map_bytes;
  index_options.create = !exists && !options_.read_only;
  const std::vector<TableInfo> fold_tables = fold_.tables();
  const auto tables = Layout::tables(fold_tables);
  auto opened = index::Environment::open(path, tables, index_options);
  // The log's directory comes after the index is durable: where there is a log, no table may be
  // missing. While there is none, a file that is no index is what a power cut left of a creation:
  // nothing was ever acknowledged.
  if (!opened && opened.error().kind == ErrorKind::kCorrupt && !exists && !options_.read_only) {
    stepwell::log().warn("{}; it was never used: set aside as {}.incomplete", opened.error().text,
                         path);
    TRY(index::Environment::set_aside(path));
    opened = index::Environment::open(path, tables, index_options);
  }
  if (!opened && opened.error().kind == ErrorKind::kNotFound) {
    return fail(ErrorKind::kCorrupt, "{} has a log, but its index {} is missing", directory_, path);
  }
  TRY(index_, std::move(opened));
  layout_.emplace(*index_, fold_tables);
  std::optional<Meta> meta;
  {
    TRY(const auto transaction, index_->begin_read());
    TRY(meta, layout_->read_meta(transaction));
  }
  if (!options_.read_only) {
    TRY(index_->create_missing());  // What formats since then have brought.
    layout_.emplace(*index_, fold_tables);
  }
  if (!meta && exists && options_.read_only) {
    return fail(ErrorKind::kCorrupt, "{} has a log, but its index {} is empty", directory_, path);
  }
  if (meta) {
    TRY(meta_, Checkpoint::recover(*index_, *layout_, *meta, options_.transaction_bytes,
                                   options_.read_only));
  } else {
    meta_.store = environment_.random.next_id<StoreId>();
    if (log_id) store_le(meta_.store.bytes.data(), *log_id);
  }
  if (!options_.read_only) {
    ++meta_.incarnation;
    meta_.format = kFormatVersion;
    TRY(auto transaction, index_->begin_write());
    TRY(layout_->write_meta(transaction, meta_));
    TRY(transaction.commit());
    TRY(environment_.files.sync_directory(directory_));
  }
  layers_ = std::make_unique<Layers>(*index_, *layout_, meta_.applied);
  return ok();
}

// One of the two at a time, and checkpoints first: they let go of the log.
void Store::make_writers_of_index() {
  Checkpointer::Events events;
  events.may_start = [this] {
    sweeper_->give_way();
    return sweeper_->idle();
  };
  events.published = [this](Lsn lsn) { log_->release(kLogHolder, lsn); };
  events.wrote = [this] { count_free_pages(); };
  events.finished = [this] {
    ++checkpoints_;
    *written_.lock() = checkpointer_->written();
    generation_bytes_ = layers_->bytes();
    sweeper_->start();
    close_when_idle();
  };
  events.failed = [this](const Error& error) {
    poison(in_context("checkpoint", error));
    close_when_idle();
  };
  const Checkpointer::Options how{options_.checkpoint_bytes,
                                  options_.checkpoint_after,
                                  {options_.transaction_bytes, options_.sizes},
                                  options_.transaction_pause,
                                  options_.calm_transaction_bytes,
                                  options_.calm_transaction_pause};
  checkpointer_ =
      std::make_unique<Checkpointer>(*index_, *layout_, *layers_, environment_.sequencer,
                                     environment_.compactor, meta_, how, std::move(events));

  Sweeper::Events sweeping;
  sweeping.wrote = [this] { count_free_pages(); };
  sweeping.ended = [this] {
    swept_runs_ = sweeper_->runs();
    checkpointer_->consider();
    close_when_idle();
  };
  sweeping.failed = [this](const Error& error) {
    poison(in_context("sweep", error));
    close_when_idle();
  };
  sweeper_ = std::make_unique<Sweeper>(
      *index_, *layout_, environment_.sequencer, environment_.compactor,
      Sweeper::Options{options_.transaction_bytes, options_.transaction_pause},
      std::move(sweeping));
}

void Store::count_free_pages() {
  index_->release_dead_readers();
  // Only a figure: what cannot be read counts as none.
  const auto stats = index_->stats();
  index_free_bytes_ = stats ? stats.value().free_bytes : 0;
}

Result<void> Store::open_log(OpenReport& report) {
  make_writers_of_index();
  count_free_pages();
  options_.log.read_only = options_.read_only;
  options_.log.log_id = load_le<std::uint64_t>(meta_.store.bytes.data()) | 1;
  const wal::Environment log_environment{environment_.files, environment_.sequencer,
                                         environment_.compactor, environment_.random};
  const auto replay = [this](const wal::GroupPtr& group) -> Result<void> {
    TRY(apply_group(group));
    // A log that is longer than memory is folded in pieces.
    if (layers_->bytes() < options_.pending_bytes_max || options_.read_only) return ok();
    return checkpointer_->run_now();
  };
  TRY(log_, wal::Log::open(log_environment, directory_ + "/wal", options_.log, meta_.applied,
                           replay, report.log));
  report.checkpoints = checkpointer_->count();
  generation_bytes_ = layers_->bytes();
  if (options_.read_only) return ok();
  log_->set_callbacks([this](const wal::GroupPtr& group) { on_durable(group); },
                      [this](const Error& error) { poison(error); });
  log_->release(kLogHolder, checkpointer_->meta().applied);
  *log_stats_.lock() = log_->stats();
  environment_.sequencer.post([this] {
    sweeper_->start();
    checkpointer_->consider();
  });
  return ok();
}

}  // namespace stepwell::store
