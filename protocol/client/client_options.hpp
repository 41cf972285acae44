#pragma once

// What a trainer may say about its client. Every field has a default.

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "engine/base/ids.hpp"

namespace stepwell::client {

using Labels = std::map<std::string, std::string, std::less<>>;

// The wire's numbers.
enum class EndStatus : std::uint8_t { kFinished = 3, kFailed = 4, kKilled = 5 };

// When the spool is forced to the disk's platter. A SIGKILL never needs it; a power cut does.
enum class Durability { kNone, kInterval, kAlways };

struct ClientOptions {
  std::string server;  // "HOST:PORT"; empty: offline.
  std::string spool = "stepwell-spool";
  std::string experiment = "Default";
  RunId run;  // Zero: a new one. All ranks of a job give the same.
  std::string run_name;
  std::string user;
  std::string slot;        // For example "rank-3": a later writer of the slot supersedes this one.
  std::string parent_run;  // 32 hex digits.
  Labels tags;
  Labels labels;  // Of every metric: the context. Empty for rank 0 and single processes.
  std::string credentials;

  std::chrono::nanoseconds flush_interval = std::chrono::milliseconds(200);
  std::size_t queue_bytes = 64 << 20;  // Beyond it points are dropped, counted and declared.
  std::uint64_t spool_bytes_max = 0;   // 0: as much as the disk has.
  std::uint64_t segment_bytes = 4 << 20;
  Durability durability = Durability::kInterval;
  std::chrono::nanoseconds sync_interval = std::chrono::seconds(1);
  std::chrono::nanoseconds close_wait = std::chrono::seconds(2);
  std::chrono::nanoseconds backoff_max = std::chrono::seconds(10);
};

}  // namespace stepwell::client
