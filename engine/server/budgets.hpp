#pragma once

// Every budget of memory and threads, derived from the configuration and the machine.

#include <cstdint>

#include "engine/http/options.hpp"
#include "engine/ingest/options.hpp"
#include "engine/server/config.hpp"
#include "engine/store/store.hpp"

namespace stepwell::server {

struct Budgets {
  std::uint64_t memory_bytes = 0;
  std::uint64_t network_threads = 0;
  std::uint64_t query_threads = 0;
  store::Options store;
  ingest::Options ingest;
  http::Options http;
};

// Memory of the machine and of the process' cgroup, as /proc and /sys tell; 0 where they do not.
std::uint64_t machine_memory_bytes();
std::uint64_t cgroup_memory_bytes();

Budgets budgets_of(const Config& config);

}  // namespace stepwell::server
