#pragma once

// The processes of a measurement: `stepwell serve` on a fresh directory, and commands beside it.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/index/environment.hpp"

namespace stepwell::bench {

struct Place {
  std::string stepwell;   // The binary.
  std::string directory;  // On the disk to be measured.
};

// Standard output of a command. kInternal: it failed.
Result<std::string> run_command(const Place& place, std::vector<std::string> arguments);
// The number after "key": in a JSON line. kInternal: it is not there.
Result<double> number_in(const std::string& json, const std::string& key);

class Server {
 public:
  using Settings = std::map<std::string, std::string>;  // Environment.
  // A fresh directory, or `data` of an earlier server. Returns when it says that it is ready.
  static Result<std::unique_ptr<Server>> start(const Place& place, const Settings& settings = {},
                                               const std::string& data = {});
  // Kills it and, unless keep_data() was called, removes its directory.
  ~Server();
  void kill();
  void keep_data() { remove_ = false; }
  void remove_data() { remove_ = true; }

  const std::string& address() const { return address_; }
  std::string pid() const { return std::to_string(pid_); }
  const std::string& data() const { return data_; }
  double start_seconds() const { return start_seconds_; }  // From exec to ready.
  std::uint64_t anonymous_bytes() const;                   // RssAnon
  std::uint64_t log_bytes() const;
  std::uint64_t processor_ticks() const;  // Used since its start.

 private:
  Server() = default;
  Result<void> wait_until_ready(int pipe);
  int pid_ = 0;
  std::string data_;
  std::string address_;
  double start_seconds_ = 0;
  bool remove_ = true;
};

// Of a server's index, which it goes on writing.
Result<index::Environment::Stats> index_stats(const Server& server);

}  // namespace stepwell::bench
