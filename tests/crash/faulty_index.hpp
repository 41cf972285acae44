#pragma once

// LMDB's file as a file of a World. The index must lie in a real file, because LMDB maps it; this
// binary therefore interposes the system calls that LMDB writes with (open, pwrite, write, writev,
// pwritev, ftruncate, fdatasync, fsync, rename, close) and, for the one path that is registered,
// does each of them twice: on the real file and, as an operation that may fail or be cut, in the
// World. A write through a descriptor opened with O_DSYNC is durable when it returns. Everything
// else goes to the kernel untouched.

#include <string>

#include "engine/io/world.hpp"

namespace stepwell::crash {

// While it lives, `real_path` is the World's file `world_path`. One at a time in a process. The
// real file begins with what the World holds, or is missing if the World has none.
class FaultyIndex {
 public:
  FaultyIndex(io::World& world, std::string world_path, std::string real_path);
  ~FaultyIndex();
  FaultyIndex(const FaultyIndex&) = delete;
  FaultyIndex& operator=(const FaultyIndex&) = delete;

 private:
  std::string real_path_;
};

}  // namespace stepwell::crash
