#include "engine/io/world.hpp"

#include <algorithm>
#include <cerrno>

#include "engine/io/posix_error.hpp"

namespace stepwell::io {

namespace {
constexpr std::uint64_t kSectorBytes = 512;
}

namespace {

template <typename Write>
void apply_write(std::vector<std::byte>& to, const Write& write) {
  if (write.truncates) {
    to.resize(write.offset);
    return;
  }
  if (to.size() < write.offset + write.bytes.size()) to.resize(write.offset + write.bytes.size());
  std::copy(write.bytes.begin(), write.bytes.end(),
            to.begin() + static_cast<std::ptrdiff_t>(write.offset));
}

// A part of a write, at sector borders: all, a prefix, or each sector for itself.
template <typename Write>
void apply_torn(std::vector<std::byte>& to, const Write& write, SeededRandom& random) {
  const std::uint64_t how = random.below(4);
  if (how == 0) return;
  if (how == 1 || write.truncates) return apply_write(to, write);
  const std::uint64_t end = write.offset + write.bytes.size();
  const bool prefix = how == 2;
  const std::uint64_t sectors = write.bytes.size() / kSectorBytes + 2;
  std::uint64_t left = prefix ? random.below(sectors) : sectors;
  for (std::uint64_t at = write.offset; at < end && left > 0; --left) {
    const std::uint64_t next = std::min(end, (at / kSectorBytes + 1) * kSectorBytes);
    if (prefix || random.one_in(2)) {
      Write part;
      part.offset = at;
      const auto from = write.bytes.begin() + static_cast<std::ptrdiff_t>(at - write.offset);
      part.bytes.assign(from, from + static_cast<std::ptrdiff_t>(next - at));
      apply_write(to, part);
    }
    at = next;
  }
}

template <typename Pending>
void settle(std::vector<std::byte>& to, const Pending& pending, SeededRandom& random) {
  switch (random.below(4)) {
    case 0:
      return;  // All lost.
    case 1:    // All kept.
      for (const auto& write : pending) apply_write(to, write);
      return;
    case 2: {  // A prefix, the last of it torn.
      const std::uint64_t kept = random.below(pending.size() + 1);
      for (std::uint64_t i = 0; i < kept; ++i) apply_write(to, pending[i]);
      if (kept < pending.size()) apply_torn(to, pending[kept], random);
      return;
    }
    default:
      for (const auto& write : pending) apply_torn(to, write, random);
  }
}

}  // namespace

World::World(std::uint64_t seed) : random_(seed) {}
World::~World() = default;

void World::set_plan(FaultPlan plan) {
  const std::lock_guard lock(mutex_);
  plan_ = plan;
}

void World::set_capacity(std::optional<std::uint64_t> bytes) {
  const std::lock_guard lock(mutex_);
  capacity_ = bytes;
}

void World::set_durable_delay_max(Instant delay) {
  const std::lock_guard lock(mutex_);
  durable_delay_max_ = delay;
}

std::uint64_t World::operations() const {
  const std::lock_guard lock(mutex_);
  return operations_;
}

bool World::is_cut() const {
  const std::lock_guard lock(mutex_);
  return cut_;
}

std::string World::fault() const {
  const std::lock_guard lock(mutex_);
  return fault_;
}

// ok: the operation happens. Error while the power is on: it fails. The operation that is cut fails
// too; its caller leaves it pending first.
Result<void> World::step_locked(const char* operation, const std::string& path) {
  if (cut_) return fail(ErrorKind::kIo, "{} {}: the power is off", operation, path);
  const std::uint64_t number = operations_++;
  const bool fails = plan_.fail_at &&
                     (number == *plan_.fail_at || (plan_.fail_for_ever && number > *plan_.fail_at));
  if (fault_.empty() && (fails || plan_.cut_at == number)) {
    fault_ = fmt::format("{} {}", operation, path);
  }
  if (plan_.cut_at == number) {
    cut_ = true;
    return fail(ErrorKind::kIo, "{} {}: the power went off", operation, path);
  }
  if (fails) return error_of(plan_.error_number, operation, path);
  return ok();
}

Result<World::InodePtr> World::find_locked(const std::string& path) const {
  const auto it = names_.find(path);
  if (it == names_.end()) return error_of(ENOENT, "open", path);
  return it->second;
}

Result<World::InodePtr> World::find(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  return find_locked(path);
}

std::uint64_t World::used_locked() const {
  std::uint64_t used = 0;
  for (const auto& [name, inode] : names_) used += inode->now.size();
  return used;
}

Result<void> World::write_locked(const InodePtr& inode, PendingWrite write, bool grows_only) {
  const std::uint64_t end = write.offset + write.bytes.size();
  const bool was_on = !cut_;
  if (was_on && capacity_ && end > inode->now.size() &&
      used_locked() + end - inode->now.size() > *capacity_) {
    return error_of(ENOSPC, grows_only ? "truncate" : "write", inode->created_as);
  }
  const auto step = step_locked(write.truncates ? "truncate" : "write", inode->created_as);
  if (step.has_error() && !(was_on && cut_)) {
    if (!was_on || write.truncates) return step;
    // A write that failed may have left a part.
    write.bytes.resize(random_.below(write.bytes.size() + 1) / kSectorBytes * kSectorBytes);
  }
  apply_write(inode->now, write);
  inode->pending.push_back(std::move(write));
  return step;
}

Result<void> World::write(const InodePtr& inode, std::uint64_t offset, Bytes bytes) {
  const std::lock_guard lock(mutex_);
  return write_locked(inode, {next_write_++, offset, {bytes.begin(), bytes.end()}, false}, false);
}

Result<void> World::truncate(const InodePtr& inode, std::uint64_t size) {
  const std::lock_guard lock(mutex_);
  return write_locked(inode, {next_write_++, size, {}, true}, true);
}

Result<void> World::sync(const InodePtr& inode) {
  const std::lock_guard lock(mutex_);
  const bool was_on = !cut_;
  const auto step = step_locked("fdatasync", inode->created_as);
  if (step.has_value()) {
    for (const PendingWrite& write : inode->pending) apply_write(inode->durable, write);
    inode->pending.clear();
  } else if (was_on && !cut_) {
    // Some of it reached the disk; the rest is marked clean and never will.
    for (const PendingWrite& write : inode->pending) apply_torn(inode->durable, write, random_);
    inode->pending.clear();
  }
  return step;
}

Result<World::Ticket> World::begin_durable_write(const InodePtr& inode, std::uint64_t offset,
                                                 Bytes bytes) {
  const std::lock_guard lock(mutex_);
  const std::uint64_t id = next_write_++;
  TRY(write_locked(inode, {id, offset, {bytes.begin(), bytes.end()}, false}, false));
  return Ticket{inode, id};
}

Result<void> World::end_durable_write(const Ticket& ticket) {
  const std::lock_guard lock(mutex_);
  Inode& inode = *ticket.inode;
  TRY(step_locked("durable write", inode.created_as));
  const auto it = std::find_if(inode.pending.begin(), inode.pending.end(),
                               [&](const PendingWrite& write) { return write.id == ticket.id; });
  if (it == inode.pending.end()) return ok();  // A sync took it.
  apply_write(inode.durable, *it);
  inode.pending.erase(it);
  return ok();
}

Instant World::next_durable_delay() {
  const std::lock_guard lock(mutex_);
  const auto most = static_cast<std::uint64_t>(durable_delay_max_.count());
  return Instant(most == 0 ? 0 : static_cast<Instant::rep>(random_.below(most) + 1));
}

std::unique_ptr<World> World::copy_locked(std::uint64_t seed, bool everything) const {
  auto copy = std::make_unique<World>(seed);
  SeededRandom random(seed * 0x9E3779B97F4A7C15ULL + 1);
  Names names = everything ? names_ : durable_names_;
  if (!everything) {
    const std::uint64_t kept = random.below(pending_names_.size() + 1);
    for (std::uint64_t i = 0; i < kept; ++i) apply(names, pending_names_[i]);
  }
  for (const auto& [name, inode] : names) {
    const std::string parent(parent_of(name));
    if (parent != "." && parent != "/" && !names.contains(parent)) continue;
    auto fresh = std::make_shared<Inode>();
    fresh->created_as = name;
    fresh->directory = inode->directory;
    fresh->durable = everything ? inode->now : inode->durable;
    if (!everything) settle(fresh->durable, inode->pending, random);
    fresh->now = fresh->durable;
    copy->names_[name] = std::move(fresh);
  }
  copy->durable_names_ = copy->names_;
  copy->capacity_ = capacity_;
  copy->durable_delay_max_ = durable_delay_max_;
  return copy;
}

std::unique_ptr<World> World::after_cut(std::uint64_t seed) const {
  const std::lock_guard lock(mutex_);
  return copy_locked(seed, false);
}

std::unique_ptr<World> World::after_kill() const {
  const std::lock_guard lock(mutex_);
  return copy_locked(1, true);
}

}  // namespace stepwell::io
