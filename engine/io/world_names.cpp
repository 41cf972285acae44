// World's directories: names that come and go, and what of it is durable.
#include <cerrno>

#include "engine/io/posix_error.hpp"
#include "engine/io/world.hpp"

namespace stepwell::io {

void World::apply(Names& names, const NameChange& change) {
  if (!change.gone.empty()) names.erase(change.gone);
  if (!change.created.empty()) names[change.created] = change.inode;
}

Result<void> World::change_name_locked(NameChange change, const char* operation) {
  const std::string& path = change.created.empty() ? change.gone : change.created;
  const bool was_on = !cut_;
  const auto step = step_locked(operation, path);
  if (step.has_value() || (was_on && cut_)) {
    apply(names_, change);
    pending_names_.push_back(std::move(change));
  }
  return step;
}

Result<void> World::record_create(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (names_.contains(path)) return error_of(EEXIST, "create", path);
  const std::string parent(parent_of(path));
  const auto found = names_.find(parent);
  if (parent != "." && parent != "/" && (found == names_.end() || !found->second->directory)) {
    return error_of(ENOENT, "create", path);
  }
  auto inode = std::make_shared<Inode>();
  inode->created_as = path;
  return change_name_locked({{}, path, inode}, "create");
}

Result<void> World::record_make_directory(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (names_.contains(path)) return error_of(EEXIST, "mkdir", path);
  auto inode = std::make_shared<Inode>();
  inode->created_as = path;
  inode->directory = true;
  return change_name_locked({{}, path, inode}, "mkdir");
}

Result<void> World::record_rename(const std::string& from, const std::string& to) {
  const std::lock_guard lock(mutex_);
  TRY(auto inode, find_locked(from));
  return change_name_locked({from, to, inode}, "rename");
}

Result<void> World::record_remove(const std::string& path) {
  const std::lock_guard lock(mutex_);
  TRY(auto inode, find_locked(path));
  return change_name_locked({path, {}, inode}, "unlink");
}

Result<void> World::record_sync_directory(const std::string& directory) {
  const std::lock_guard lock(mutex_);
  TRY(step_locked("fsync directory", directory));
  // A change of two directories takes the earlier changes of both with it.
  std::set<std::string> directories{directory};
  std::vector<bool> taken(pending_names_.size(), false);
  const auto touches = [&](const std::string& name) {
    return !name.empty() && directories.contains(std::string(parent_of(name)));
  };
  for (std::size_t i = pending_names_.size(); i-- > 0;) {
    const NameChange& change = pending_names_[i];
    if (!touches(change.gone) && !touches(change.created)) continue;
    taken[i] = true;
    for (const std::string& name : {change.gone, change.created}) {
      if (!name.empty()) directories.emplace(parent_of(name));
    }
  }
  std::vector<NameChange> left;
  for (std::size_t i = 0; i < taken.size(); ++i) {
    if (taken[i])
      apply(durable_names_, pending_names_[i]);
    else
      left.push_back(std::move(pending_names_[i]));
  }
  pending_names_ = std::move(left);
  return ok();
}

}  // namespace stepwell::io
