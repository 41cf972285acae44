#include "engine/store/checkpointer.hpp"

#include "engine/base/assert.hpp"
#include "engine/base/logging.hpp"
#include "engine/base/spawn.hpp"

namespace stepwell::store {
Checkpointer::Checkpointer(index::Environment& environment, const Layout& layout, Layers& layers,
                           Executor& sequencer, Executor& compactor, Meta meta, Options options,
                           Events events)
    : environment_(environment),
      layout_(layout),
      layers_(layers),
      sequencer_(sequencer),
      compactor_(compactor),
      meta_(meta),
      options_(options),
      events_(std::move(events)) {}

Checkpointer::~Checkpointer() {
  if (timer_ != 0) sequencer_.cancel(timer_);
}

void Checkpointer::consider() {
  if (running_ || stopped_ || layers_.active_is_empty()) return;
  if (due_ || layers_.active_bytes() >= options_.start_bytes) {
    start();
  } else if (timer_ == 0) {
    timer_ = sequencer_.post_after(options_.start_after, [this] {
      timer_ = 0;
      if (!running_ && !stopped_ && !layers_.active_is_empty()) start();
    });
  }
}

void Checkpointer::start() {
  if (timer_ != 0) {
    sequencer_.cancel(timer_);
    timer_ = 0;
  }
  due_ = !events_.may_start();
  if (due_) return;
  running_ = true;
  auto [generation, up_to] = layers_.freeze();
  checkpoint_ = std::make_unique<Checkpoint>(environment_, layout_, meta_, std::move(generation),
                                             up_to, options_.checkpoint);
  spawn(compactor_, run());
}

// Whoever closes the store waits for the end.
bool Checkpointer::is_calm() const {
  return !stopped_ && layers_.active_bytes() < options_.start_bytes / 2;
}

Task<void> Checkpointer::run() {
  bool more = true;
  bool told = false;
  while (more) {
    const bool calm = is_calm();
    auto stepped = calm ? checkpoint_->step(options_.calm_transaction_bytes) : checkpoint_->step();
    if (!stepped) {
      co_await resume_on(sequencer_);
      stopped_ = true;
      running_ = false;
      events_.failed(stepped.error());
      co_return;
    }
    more = stepped.value();
    if (checkpoint_->published() && !told) {
      told = true;
      co_await resume_on(sequencer_);
      events_.published(checkpoint_->meta().applied);
      co_await resume_on(compactor_);
    }
    if (more) co_await sleep_for(compactor_, calm ? options_.calm_pause : options_.pause);
  }
  events_.wrote();
  co_await resume_on(sequencer_);
  finish(*checkpoint_);
  checkpoint_.reset();
  running_ = false;
  events_.finished();
  consider();
}

Result<void> Checkpointer::run_now() {
  STEPWELL_ASSERT(!running_);
  if (layers_.active_is_empty()) return ok();
  auto [generation, up_to] = layers_.freeze();
  Checkpoint checkpoint(environment_, layout_, meta_, std::move(generation), up_to,
                        options_.checkpoint);
  bool more = true;
  while (more) {
    TRY(more, checkpoint.step());
  }
  finish(checkpoint);
  return ok();
}

void Checkpointer::finish(const Checkpoint& checkpoint) {
  meta_ = checkpoint.meta();
  const Written written = checkpoint.written();
  log().debug("checkpoint: {}", written.describe());
  written_ += written;
  layers_.thaw();
  ++count_;
}

}  // namespace stepwell::store
