#pragma once

// What a connection has to tell its client: decisions are collected, so that one ack frame serves
// all that a group commit decided; other frames go as they are. Belongs to the session's executor.

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/tracking/tracking.hpp"
#include "protocol/frame.hpp"
#include "protocol/messages.hpp"

namespace stepwell::ingest {

// Which frame a decision is about.
struct FrameName {
  RunId run;
  WriterId writer;
  std::uint64_t sequence = 0;
};

class Answers {
 public:
  void add(const FrameName& frame, const Result<tracking::Verdict>& verdict);
  void add_frame(std::string frame) { frames_ += frame; }

  bool empty() const { return frames_.empty() && !has_ack_; }
  // Bytes and exceptions that wait, to stop reading from a client that does not read.
  std::size_t waiting() const { return frames_.size() + ack_.exceptions.size() * 64; }
  // All of it, the ack last, with this much credit. Leaves nothing.
  std::string take(std::uint64_t credit);

 private:
  std::string frames_;
  bool has_ack_ = false;
  wire::AckT ack_;
  std::map<std::pair<RunId, WriterId>, std::uint64_t> decided_;
};

// An error frame about `frame`, or about the connection.
std::string error_frame(const Error& error, const FrameName& frame, bool closing);

}  // namespace stepwell::ingest
