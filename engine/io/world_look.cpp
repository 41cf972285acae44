// World seen without changing it, and the calls that name a file by its path.
#include <algorithm>
#include <cerrno>

#include "engine/io/posix_error.hpp"
#include "engine/io/world.hpp"

namespace stepwell::io {

Result<void> World::record_write(const std::string& path, std::uint64_t offset, Bytes bytes) {
  TRY(auto inode, find(path));
  return write(inode, offset, bytes);
}

Result<void> World::record_truncate(const std::string& path, std::uint64_t size) {
  TRY(auto inode, find(path));
  return truncate(inode, size);
}

Result<void> World::record_sync(const std::string& path) {
  TRY(auto inode, find(path));
  return sync(inode);
}

Result<std::size_t> World::read(const InodePtr& inode, std::uint64_t offset,
                                MutableBytes into) const {
  const std::lock_guard lock(mutex_);
  if (offset >= inode->now.size()) return std::size_t{0};
  const std::size_t n = std::min<std::size_t>(into.size(), inode->now.size() - offset);
  std::copy_n(inode->now.begin() + static_cast<std::ptrdiff_t>(offset), n, into.begin());
  return n;
}

std::uint64_t World::size(const InodePtr& inode) const {
  const std::lock_guard lock(mutex_);
  return inode->now.size();
}

bool World::exists(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  return names_.contains(path);
}

bool World::is_directory(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  const auto it = names_.find(path);
  return it != names_.end() && it->second->directory;
}

std::vector<std::string> World::list(const std::string& directory) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [path, inode] : names_) {
    if (parent_of(path) == directory) names.push_back(path.substr(path.rfind('/') + 1));
  }
  return names;
}

std::uint64_t World::free_bytes() const {
  const std::lock_guard lock(mutex_);
  constexpr std::uint64_t kPlenty = std::uint64_t{1} << 40;
  if (!capacity_) return kPlenty;
  const std::uint64_t used = used_locked();
  return used >= *capacity_ ? 0 : *capacity_ - used;
}

Result<void> World::overwrite(const std::string& path, std::vector<std::byte> contents) {
  const std::lock_guard lock(mutex_);
  TRY(auto inode, find_locked(path));
  inode->now = std::move(contents);
  inode->durable = inode->now;
  inode->pending.clear();
  return ok();
}

Result<std::vector<std::byte>> World::contents(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  TRY(auto inode, find_locked(path));
  return inode->now;
}

bool World::lock(const std::string& directory) {
  const std::lock_guard lock(mutex_);
  return locks_.insert(directory).second;
}

void World::unlock(const std::string& directory) {
  const std::lock_guard lock(mutex_);
  locks_.erase(directory);
}

}  // namespace stepwell::io
