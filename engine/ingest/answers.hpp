#pragma once

// What a connection has to tell its client: decisions are collected, so that one ack frame serves
// all that a group commit decided; other frames go as they are. Belongs to the session's executor.

#include <cstdint>
#include <deque>
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

  static FrameName of(const protocol::FrameHeader& header) {
    return {header.run, header.writer, header.sequence};
  }
};

class Answers {
 public:
  void add(const FrameName& frame, const Result<tracking::Verdict>& verdict);
  void add_frame(std::string frame) { frames_ += frame; }

  bool empty() const { return frames_.empty() && !has_ack_; }
  // Memory that it holds, all parts, to stop reading from a client that does not read.
  std::size_t bytes() const { return frames_bytes() + ack_bytes_; }
  // What goes out next: the other frames and one ack with this much credit. An ack has about
  // kAckBytesMax at most, the rest stays for the next; `decided` comes in the last one, since a
  // client lets go of what it covers.
  std::string take(std::uint64_t credit);

  static constexpr std::size_t kAckBytesMax = 1 << 20;

 private:
  wire::AckT next_ack();
  std::size_t frames_bytes() const { return frames_.empty() ? 0 : frames_.capacity(); }

  std::string frames_;
  bool has_ack_ = false;
  std::deque<wire::ExceptionT> exceptions_;
  std::deque<wire::FirstStep> first_steps_;
  std::map<std::pair<RunId, WriterId>, std::uint64_t> decided_;
  std::size_t ack_bytes_ = 0;  // Of the three above.
};

// Ends an answer, or is one: to a command.
std::string done_frame(std::uint64_t question, const Result<void>& result, std::uint64_t points);
// An error frame about `frame`, or about the connection.
std::string error_frame(const Error& error, const FrameName& frame, bool closing);

}  // namespace stepwell::ingest
