#include "engine/store/layers.hpp"

#include <limits>

#include "engine/base/assert.hpp"

namespace stepwell::store {
namespace {

constexpr Lsn kEverything{std::numeric_limits<std::uint64_t>::max()};

}  // namespace

Layers::Layers(index::Environment& environment, const Layout& layout, Lsn applied)
    : environment_(environment), layout_(layout), published_(applied) {}

Result<std::unique_ptr<LayeredReader>> Layers::reader_locked(Lsn as_of) const {
  TRY(auto transaction, environment_.begin_read());
  return std::make_unique<LayeredReader>(layout_, std::move(transaction), frozen_, active_, as_of);
}

Result<Snapshot> Layers::snapshot() const {
  const std::lock_guard guard(mutex_);
  active_->pin(published_);
  if (frozen_) frozen_->pin(published_);
  TRY(auto reader, reader_locked(published_));
  return Snapshot(std::move(reader));
}

Lsn Layers::published() const {
  const std::lock_guard guard(mutex_);
  return published_;
}

std::uint64_t Layers::bytes() const {
  const std::lock_guard guard(mutex_);
  return active_->bytes() + (frozen_ ? frozen_->bytes() : 0);
}

Result<Layers::Transaction> Layers::begin() {
  const std::lock_guard guard(mutex_);
  TRY(auto reader, reader_locked(kEverything));
  return Transaction(active_, std::move(reader), published_);
}

void Layers::publish(Lsn lsn) {
  const std::lock_guard guard(mutex_);
  STEPWELL_ASSERT(lsn >= published_);
  published_ = lsn;
}

Layers::Frozen Layers::freeze() {
  const std::lock_guard guard(mutex_);
  STEPWELL_ASSERT(!frozen_);
  frozen_ = std::exchange(active_, std::make_shared<Generation>());
  return {frozen_, published_};
}

void Layers::thaw() {
  const std::lock_guard guard(mutex_);
  frozen_.reset();
}

bool Layers::active_is_empty() const {
  const std::lock_guard guard(mutex_);
  return active_->empty();
}

std::uint64_t Layers::active_bytes() const {
  const std::lock_guard guard(mutex_);
  return active_->bytes();
}

void Layers::Transaction::begin(Lsn lsn, std::shared_ptr<const void> memory) {
  lsn_ = lsn;
  memory_ = std::move(memory);
}

Result<std::optional<std::string>> Layers::Transaction::get(TableNumber table,
                                                            std::string_view key) const {
  return reader_->get(table, key);
}

Result<void> Layers::Transaction::scan(TableNumber table, std::string_view prefix,
                                       std::string_view from, const RowVisitor& visit) const {
  return reader_->scan(table, prefix, from, visit);
}

void Layers::Transaction::put(TableNumber table, std::string_view key, std::string value) {
  STEPWELL_ASSERT(!key.empty() && key.size() <= kRowKeyBytesMax);
  active_->set(lsn_, published_, table, key, std::move(value));
}

void Layers::Transaction::erase(TableNumber table, std::string_view key) {
  active_->set(lsn_, published_, table, key, std::nullopt);
}

void Layers::Transaction::add_points(PointBlock block) {
  block.lsn = lsn_;
  if (!block.memory) block.memory = memory_;
  active_->add(std::make_shared<const PointBlock>(std::move(block)));
}

}  // namespace stepwell::store
