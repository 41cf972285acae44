#pragma once

// A disk in RAM that knows what a power cut would leave. Every operation that changes state is
// numbered; the operation with a given number can fail, or be the moment of the cut. Files have two
// faces: what a program reads now, and what is durable, with the writes between the two still
// pending. MemoryFileSystem is written on it; a test binary that interposes system calls records
// the writes of a real file in the same world through the record_... calls, so that one cut hits
// both.
//
// The fault model. What was synced stays. Of the rest, per file: all is lost, all is kept, a prefix
// of its writes is kept, or every write for itself is kept, lost, cut short or torn, always at
// 512-byte sectors (a sector is old or new, never a mixture). Directory changes that were not
// synced are kept in order up to some point. After a failed sync some pending writes are gone for
// ever although they can still be read (as Linux does). Any thread.

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/base/bytes.hpp"
#include "engine/base/clock.hpp"
#include "engine/base/result.hpp"

namespace stepwell::io {

struct FaultPlan {
  std::optional<std::uint64_t> cut_at{};   // The power goes in the middle of this operation.
  std::optional<std::uint64_t> fail_at{};  // This operation fails ...
  bool fail_for_ever = false;              // ... and every later one.
  int error_number = 5;                    // EIO; 28 is ENOSPC.
};

class World {
 public:
  explicit World(std::uint64_t seed = 1);
  ~World();

  void set_plan(FaultPlan plan);
  // Bytes of all files together beyond which a growing write fails with ENOSPC. None at first.
  void set_capacity(std::optional<std::uint64_t> bytes);
  // Durable writes complete after a random time up to this, so possibly out of order. 0: in order.
  void set_durable_delay_max(Instant delay);

  std::uint64_t operations() const;
  bool is_cut() const;
  // Which operation the plan hit first, by the name that its file was created under; empty before.
  std::string fault() const;
  // What a reboot finds: no plan, nothing pending. The seed chooses among all that may be left.
  std::unique_ptr<World> after_cut(std::uint64_t seed) const;
  // What is left when the process dies and the machine does not: all that was written.
  std::unique_ptr<World> after_kill() const;

  // Changes. A path's parent must exist. Each is one operation.
  Result<void> record_create(const std::string& path);
  Result<void> record_make_directory(const std::string& path);
  Result<void> record_write(const std::string& path, std::uint64_t offset, Bytes bytes);
  Result<void> record_truncate(const std::string& path, std::uint64_t size);
  Result<void> record_sync(const std::string& path);
  Result<void> record_rename(const std::string& from, const std::string& to);
  Result<void> record_remove(const std::string& path);
  Result<void> record_sync_directory(const std::string& directory);

  // A file by identity, whatever it is called by now: what an open descriptor is.
  struct Inode;
  using InodePtr = std::shared_ptr<Inode>;
  Result<InodePtr> find(const std::string& path) const;
  Result<void> write(const InodePtr& inode, std::uint64_t offset, Bytes bytes);
  Result<void> truncate(const InodePtr& inode, std::uint64_t size);
  Result<void> sync(const InodePtr& inode);
  // A durable write has two operations: it begins (and may be cut), and it ends (and is durable).
  struct Ticket {
    InodePtr inode;
    std::uint64_t id = 0;
  };
  Result<Ticket> begin_durable_write(const InodePtr& inode, std::uint64_t offset, Bytes bytes);
  Result<void> end_durable_write(const Ticket& ticket);
  Instant next_durable_delay();

  // Looks; not operations.
  Result<std::size_t> read(const InodePtr& inode, std::uint64_t offset, MutableBytes into) const;
  std::uint64_t size(const InodePtr& inode) const;
  bool exists(const std::string& path) const;
  bool is_directory(const std::string& path) const;
  std::vector<std::string> list(const std::string& directory) const;
  std::uint64_t free_bytes() const;
  // For tests that damage a disk: changes contents behind everybody's back, durably.
  Result<void> overwrite(const std::string& path, std::vector<std::byte> contents);
  Result<std::vector<std::byte>> contents(const std::string& path) const;

  bool lock(const std::string& directory);
  void unlock(const std::string& directory);

 private:
  struct PendingWrite;
  struct NameChange;
  using Names = std::map<std::string, InodePtr>;

  Result<void> step_locked(const char* operation, const std::string& path);
  Result<InodePtr> find_locked(const std::string& path) const;
  Result<void> change_name_locked(NameChange change, const char* operation);
  Result<void> write_locked(const InodePtr& inode, PendingWrite write, bool grows_only);
  static void apply(Names& names, const NameChange& change);
  std::uint64_t used_locked() const;
  std::unique_ptr<World> copy_locked(std::uint64_t seed, bool everything) const;

  mutable std::mutex mutex_;  // Guards all below.
  SeededRandom random_;
  FaultPlan plan_;
  std::optional<std::uint64_t> capacity_;
  Instant durable_delay_max_{0};
  std::uint64_t operations_ = 0;
  std::uint64_t next_write_ = 1;
  bool cut_ = false;
  std::string fault_;
  Names names_;
  Names durable_names_;
  std::vector<NameChange> pending_names_;
  std::set<std::string> locks_;
};

// What World keeps of a change of names, and of a file.
struct World::NameChange {
  std::string gone;     // This name goes, if not empty,
  std::string created;  // this one comes, if not empty,
  InodePtr inode;       // and means this file.
};

// A write, or with `truncates` a new size, that is not durable yet.
struct World::PendingWrite {
  std::uint64_t id = 0;
  std::uint64_t offset = 0;  // Or the size.
  std::vector<std::byte> bytes;
  bool truncates = false;
};

struct World::Inode {
  std::string created_as;
  bool directory = false;
  std::vector<std::byte> now;
  std::vector<std::byte> durable;
  std::vector<PendingWrite> pending;
};

}  // namespace stepwell::io
