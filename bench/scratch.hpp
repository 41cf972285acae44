#pragma once

// A directory for a store on the disk to measure, removed at the end.

#include <stdlib.h>

#include <cerrno>
#include <filesystem>
#include <memory>
#include <string>

#include "bench/server.hpp"
#include "engine/base/result.hpp"

namespace stepwell::bench {

class Scratch {
 public:
  static Result<std::unique_ptr<Scratch>> make(const Place& place) {
    auto self = std::make_unique<Scratch>();
    self->path = place.directory + "/stepwell-bench-XXXXXX";
    if (!::mkdtemp(self->path.data())) return errno_error(errno, "mkdtemp", self->path);
    return self;
  }
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  std::string path;
};

}  // namespace stepwell::bench
