#include "engine/server/budgets.hpp"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

namespace stepwell::server {
namespace {

constexpr std::uint64_t kMiB = 1 << 20;

std::uint64_t read_number(const char* path) {
  std::ifstream in(path);
  std::uint64_t value = 0;
  return in >> value ? value : 0;  // "max" is not a number: no limit.
}

std::uint64_t threads_of(std::uint64_t configured) {
  if (configured > 0) return configured;
  return std::clamp<std::uint64_t>(std::thread::hardware_concurrency() / 2, 1, 4);
}

std::vector<std::string> names_of(std::string_view list) {
  std::vector<std::string> names;
  while (!list.empty()) {
    std::string_view name = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), name.size() + 1));
    while (name.starts_with(' ')) name.remove_prefix(1);
    while (name.ends_with(' ')) name.remove_suffix(1);
    if (!name.empty()) names.emplace_back(name);
  }
  return names;
}

http::Options http_options_of(const Config& config, std::uint64_t memory_bytes) {
  http::Options http;
  http.head_timeout = milliseconds(config.head_timeout_ms);
  http.body_timeout = milliseconds(config.body_timeout_ms);
  http.idle_timeout = milliseconds(config.idle_timeout_ms);
  http.write_timeout = milliseconds(config.write_timeout_ms);
  http.header_bytes_max = config.header_bytes_max;
  http.body_bytes_max = config.body_bytes_max;
  http.compress_bytes_min = config.compress_bytes_min;
  // At least one request of the largest size must find room.
  http.all_body_bytes_max =
      std::max(std::clamp(memory_bytes / 8, 32 * kMiB, 256 * kMiB), config.body_bytes_max);
  http.search_bytes_max = std::clamp(memory_bytes / 8, 32 * kMiB, 256 * kMiB);
  http.allowed_hosts = names_of(config.allowed_hosts);
  std::error_code error;
  http.working_directory = std::filesystem::current_path(error);
  return http;
}

}  // namespace

std::uint64_t machine_memory_bytes() {
  const long pages = sysconf(_SC_PHYS_PAGES);
  const long page = sysconf(_SC_PAGESIZE);
  return pages > 0 && page > 0
             ? static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(page)
             : 0;
}

std::uint64_t cgroup_memory_bytes() {
  const std::uint64_t unified = read_number("/sys/fs/cgroup/memory.max");
  const std::uint64_t legacy = read_number("/sys/fs/cgroup/memory/memory.limit_in_bytes");
  return unified > 0 ? unified : legacy;
}

Budgets budgets_of(const Config& config) {
  Budgets budgets;
  budgets.memory_bytes = config.memory_limit_bytes;
  if (budgets.memory_bytes == 0) {
    const std::uint64_t machine = machine_memory_bytes(), cgroup = cgroup_memory_bytes();
    budgets.memory_bytes = machine > 0 ? machine / 4 : 1024 * kMiB;
    if (cgroup > 0) budgets.memory_bytes = std::min(budgets.memory_bytes, cgroup / 2);
  }
  budgets.network_threads = threads_of(config.network_threads);
  budgets.query_threads = threads_of(config.query_threads);

  store::Options& store = budgets.store;
  store.log.segment_bytes = config.segment_bytes;
  store.log.pool_segments_max = static_cast<unsigned>(config.pool_segments);
  store.log.salvage = config.salvage;
  store.log_bytes_max = config.log_bytes_max;
  store.pending_bytes_max = config.pending_bytes_max > 0
                                ? config.pending_bytes_max
                                : std::clamp(budgets.memory_bytes / 4, 4 * kMiB, 128 * kMiB);
  store.checkpoint_bytes = std::min(config.checkpoint_bytes, store.pending_bytes_max / 2);
  store.checkpoint_after = milliseconds(config.checkpoint_after_ms);
  store.index_map_bytes = config.index_map_bytes;

  ingest::Options& ingest = budgets.ingest;
  ingest.connections_max = static_cast<std::uint32_t>(config.connections_max);
  ingest.handshake_timeout = milliseconds(config.handshake_timeout_ms);
  ingest.idle_timeout = milliseconds(config.idle_timeout_ms);
  ingest.frame_timeout = milliseconds(config.frame_timeout_ms);
  ingest.write_timeout = milliseconds(config.write_timeout_ms);
  ingest.credit_max = config.credit_bytes;
  ingest.answer_bytes_max = std::clamp(budgets.memory_bytes / 16, 8 * kMiB, 128 * kMiB);
  // At least one frame of the largest size must find room.
  ingest.buffer_bytes_max = std::clamp(budgets.memory_bytes / 8, 32 * kMiB, 256 * kMiB);
  budgets.http = http_options_of(config, budgets.memory_bytes);
  return budgets;
}

}  // namespace stepwell::server
