#include "protocol/client/life.hpp"

#include <pthread.h>

#include <future>
#include <set>

#include "engine/base/logging.hpp"
#include "protocol/context.hpp"
#include "protocol/text.hpp"

namespace stepwell::client {
namespace {

// How often this process' forefathers have forked since the first client was made.
std::atomic<std::uint64_t> fork_generation = 0;

struct Registry {
  std::mutex mutex;
  std::set<ClientLives*> lives;
};

// Never destroyed: clients with static storage may outlive it otherwise.
Registry& registry() {
  static auto* only = new Registry;
  return *only;
}

// A fork copies locked mutexes; so that none is held by a thread that the child does not have, all
// are taken first.
void before_fork() {
  registry().mutex.lock();
  for (ClientLives* each : registry().lives) each->lock();
}

void after_fork() {
  for (ClientLives* each : registry().lives) each->unlock();
  registry().mutex.unlock();
}

void after_fork_in_child() {
  after_fork();
  fork_generation.fetch_add(1);
}

void watch_forks() {
  static std::once_flag once;
  // The log first: handlers run before a fork in the opposite order, and who logs may hold a mutex
  // of ours.
  (void)log();
  std::call_once(once, [] { pthread_atfork(before_fork, after_fork, after_fork_in_child); });
}

void keep_if(std::string& field, const std::string& value, const Result<void>& rule) {
  if (rule) {
    field = value;
  } else {
    log().warn("client option left out: {}", rule.error().text);
  }
}

wire::OpenT open_of(const ClientOptions& options) {
  using protocol::check_name;
  wire::OpenT open;
  open.experiment = "Default";
  keep_if(open.experiment, options.experiment,
          protocol::check_key("experiment", options.experiment));
  keep_if(open.run_name, options.run_name, check_name("run name", options.run_name));
  keep_if(open.user, options.user, check_name("user", options.user));
  keep_if(open.slot, options.slot, check_name("slot", options.slot));
  const bool is_run = options.parent_run.empty() || RunId::parse(options.parent_run);
  keep_if(open.parent_run, options.parent_run,
          is_run ? Result<void>(ok())
                 : fail(ErrorKind::kInvalid, "parent run '{}' is not 32 hex digits",
                        protocol::quoted(options.parent_run)));
  for (const auto& [key, value] : options.tags) {
    auto tag = std::make_unique<wire::TextT>();
    keep_if(tag->key, key, protocol::check_key("tag", key));
    keep_if(tag->value, value, protocol::check_value("tag's value", value));
    if (!tag->key.empty()) open.tags.push_back(std::move(tag));
  }
  open.start_ms = SystemClock().now_ms();
  return open;
}

CoreOptions core_options_of(const ClientOptions& options, RunId run, Random& random) {
  CoreOptions core;
  core.run = run;
  core.writer = random.next_id<WriterId>();
  core.open = open_of(options);
  core.spool_directory = options.spool;
  core.spool.segment_bytes = options.segment_bytes;
  core.spool.bytes_max = options.spool_bytes_max;
  core.spool.sync = static_cast<SyncPolicy>(options.durability);
  core.queue.queue_bytes = options.queue_bytes;
  core.flush_interval = options.flush_interval;
  core.sync_interval = options.sync_interval;
  core.backoff_max = options.backoff_max;
  core.connection.credentials = options.credentials;
  return core;
}

std::string default_context_of(const Labels& labels) {
  auto context = protocol::encode_context(labels);
  if (context) return context.value();
  log().warn("client labels left out: {}", context.error().text);
  return {};
}

RunId run_of(const ClientOptions& options) {
  if (!options.run.is_zero()) return options.run;
  SystemRandom random;
  return random.next_id<RunId>();
}

}  // namespace

Life::Life(const ClientOptions& options, RunId run, const std::vector<std::string>& contexts,
           std::uint64_t generation_now)
    : generation(generation_now), close_wait_(options.close_wait) {
  if (!options.server.empty()) {
    auto address = net::parse_address(options.server);
    if (address) {
      connector_ = std::make_unique<net::AsioConnector>(executor_, std::move(address.value()));
    } else {
      log().warn("logging offline: {}", address.error().text);
    }
  }
  core_ = ClientCore::make(executor_, files_, connector_.get(), clock_, random_,
                           core_options_of(options, run, random_));
  for (const std::string& context : contexts) core_->recorder().add_context(context);
  executor_.start("stepwell");
  executor_.post([core = core_] { core->start(); });
}

Life::~Life() {
  wait_for_server();
  // However long the disk takes: until then the queue is nowhere else.
  auto stopped = std::make_shared<std::promise<void>>();
  executor_.post([core = core_, stopped] {
    core->stop();
    stopped->set_value();
  });
  stopped->get_future().wait();
  executor_.finish();
  // A connect that hangs is not waited for.
  if (!executor_.join_for(std::chrono::milliseconds(500))) executor_.stop();
  executor_.join();
}

void Life::wait_for_server() {
  if (!connector_) return;
  auto decided = std::make_shared<std::promise<bool>>();
  executor_.post([core = core_, decided] {
    core->flush();
    core->when_decided([decided](bool done) { decided->set_value(done); });
  });
  auto done = decided->get_future();
  const Instant until = executor_.now() + close_wait_;
  while (executor_.now() < until && done.wait_for(milliseconds(10)) != std::future_status::ready) {
    const Account account = core_->account();
    if (!account.connected && !account.last_error.empty()) return;  // The spool has it.
  }
}

bool Life::flush(Instant deadline) {
  auto flushed = std::make_shared<std::promise<bool>>();
  const bool online = connector_ != nullptr;
  executor_.post([core = core_, flushed, online] {
    if (!core->flush(true)) return flushed->set_value(false);
    core->when_decided([flushed, online](bool done) { flushed->set_value(done || !online); });
  });
  auto done = flushed->get_future();
  return done.wait_for(deadline) == std::future_status::ready && done.get();
}

std::uint64_t ClientLives::generation() {
  return fork_generation.load(std::memory_order_relaxed);
}

ClientLives::ClientLives(ClientOptions options)
    : options_(std::move(options)),
      run_(run_of(options_)),
      contexts_{default_context_of(options_.labels)},
      current_(nullptr) {
  watch_forks();
  current_ = new Life(options_, run_, contexts_, generation());
  const std::lock_guard guard(registry().mutex);
  registry().lives.insert(this);
}

ClientLives::~ClientLives() {
  {
    const std::lock_guard guard(registry().mutex);
    registry().lives.erase(this);
  }
  Life* life = current_.load();
  if (life->generation == generation()) delete life;
}

Life& ClientLives::revive() {
  const std::lock_guard guard(mutex_);
  Life* life = current_.load();
  if (life->generation != generation()) {
    life = new Life(options_, run_, contexts_, generation());
    current_.store(life, std::memory_order_release);
  }
  return *life;
}

std::uint32_t ClientLives::add_context(std::string canonical) {
  Life& life = current();
  const std::lock_guard guard(mutex_);
  const std::uint32_t number = life.recorder().add_context(canonical);
  if (number == contexts_.size()) contexts_.push_back(std::move(canonical));
  return number;
}

void ClientLives::lock() {
  mutex_.lock();
  current_.load()->recorder().lock();
}

void ClientLives::unlock() {
  current_.load()->recorder().unlock();
  mutex_.unlock();
}

}  // namespace stepwell::client
