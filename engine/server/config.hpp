#pragma once

// The server's configuration, read once at start: flags over environment over file over default.
// Every key has one name; the environment's is STEPWELL_ and the key in capitals with '.' as '_'.
// conf/stepwell.toml lists every key with its unit, default and reason.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/result.hpp"

namespace stepwell::server {

struct Config {
  std::string data;
  std::string listen;
  std::uint64_t network_threads = 0;
  std::uint64_t query_threads = 0;
  std::uint64_t stop_timeout_ms = 0;
  std::uint64_t memory_limit_bytes = 0;
  std::string artifact_root;
  std::string allowed_hosts;
  std::string log_level;
  std::string log_format;

  std::uint64_t connections_max = 0;
  std::uint64_t handshake_timeout_ms = 0;
  std::uint64_t idle_timeout_ms = 0;
  std::uint64_t frame_timeout_ms = 0;
  std::uint64_t write_timeout_ms = 0;
  std::uint64_t credit_bytes = 0;

  std::uint64_t head_timeout_ms = 0;
  std::uint64_t body_timeout_ms = 0;
  std::uint64_t header_bytes_max = 0;
  std::uint64_t body_bytes_max = 0;
  std::uint64_t compress_bytes_min = 0;

  std::uint64_t segment_bytes = 0;
  std::uint64_t pool_segments = 0;
  std::uint64_t log_bytes_max = 0;
  bool salvage = false;

  std::uint64_t checkpoint_bytes = 0;
  std::uint64_t checkpoint_after_ms = 0;
  std::uint64_t pending_bytes_max = 0;
  std::uint64_t index_map_bytes = 0;
  std::uint64_t scrub_interval_s = 0;
  std::uint64_t scrub_bytes_per_second = 0;
};

// Where a value came from, for --print-config.
enum class Origin { kDefault, kFile, kEnvironment, kFlag };

struct Setting {
  std::string key;  // "server.listen"
  std::string value;
  Origin origin = Origin::kDefault;
};

struct LoadedConfig {
  Config config;
  std::vector<Setting> settings;  // Every key, in the order of conf/stepwell.toml.
};

// `flags`: key -> text. kInvalid names the key, where it was set and what was expected; unknown
// keys are errors, and so are variables that start with STEPWELL_ and a section's name but name no
// key. kNotFound, kIo: the file cannot be read.
Result<LoadedConfig> load_config(const std::optional<std::string>& file,
                                 const std::map<std::string, std::string>& flags,
                                 const std::map<std::string, std::string>& environment);

// The process' environment, for load_config().
std::map<std::string, std::string> process_environment();

// As TOML, each value with a comment that says where it came from.
std::string print_config(const LoadedConfig& loaded);

}  // namespace stepwell::server
