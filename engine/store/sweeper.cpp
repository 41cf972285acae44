#include "engine/store/sweeper.hpp"

#include "engine/base/assert.hpp"
#include "engine/base/logging.hpp"
#include "engine/base/spawn.hpp"

namespace stepwell::store {

Sweeper::Sweeper(index::Environment& environment, const Layout& layout, Executor& sequencer,
                 Executor& compactor, Options options, Events events)
    : sequencer_(sequencer),
      compactor_(compactor),
      options_(options),
      events_(std::move(events)),
      sweep_(environment, layout, options.transaction_bytes) {}

void Sweeper::start() {
  STEPWELL_ASSERT(!running_);
  if (stopped_) return;
  running_ = true;
  gives_way_ = false;
  spawn(compactor_, run());
}

void Sweeper::stop() {
  stopped_ = true;
  give_way();
}

Task<void> Sweeper::run() {
  const std::uint64_t before = sweep_.runs();
  bool wrote = false;
  for (bool more = true; more;) {
    auto stepped = sweep_.step();
    if (!stepped) {
      co_await resume_on(sequencer_);
      stopped_ = true;
      running_ = false;
      events_.failed(stepped.error());
      co_return;
    }
    wrote |= stepped.value();
    more = stepped.value() && !gives_way_;
    if (more) co_await sleep_for(compactor_, options_.pause);
  }
  if (sweep_.runs() > before) log().info("sweep: freed {} runs", sweep_.runs() - before);
  if (wrote) events_.wrote();
  co_await resume_on(sequencer_);
  running_ = false;
  events_.ended();
}

}  // namespace stepwell::store
