#pragma once

// The frames of a connection that were sent and are not answered yet, per run and writer: what the
// credit window counts.

#include <cstdint>
#include <deque>
#include <unordered_map>

#include "protocol/messages.hpp"

namespace stepwell::client {

class Unanswered {
 public:
  // `last`: the last sequence that the frame consumes.
  void add(RunId run, WriterId writer, std::uint64_t last, std::size_t bytes);
  // Everything of the writer up to and with `sequence` is decided.
  void decided(const wire::Position& up_to);
  // One frame was answered without being decided. Sequence 0 is the writer's oldest skip.
  void answered(const wire::Position& frame);
  // It was refused as a gap: what was sent before it from `expected` on never arrived.
  void gap(const wire::Position& frame, std::uint64_t expected);

  std::uint64_t bytes() const { return bytes_; }
  std::uint64_t frames() const { return frames_; }

 private:
  struct Stream {
    RunId run;
    WriterId writer;
    bool operator==(const Stream&) const = default;
  };
  struct Hash {
    std::size_t operator()(const Stream& s) const {
      return std::hash<RunId>()(s.run) * 31 + std::hash<WriterId>()(s.writer);
    }
  };
  struct Frame {
    std::uint64_t last;
    std::size_t bytes;
  };
  using Frames = std::deque<Frame>;

  void drop(const Frame& frame);
  Frames* find(const wire::Position& position);

  std::unordered_map<Stream, Frames, Hash> streams_;
  std::uint64_t bytes_ = 0;
  std::uint64_t frames_ = 0;
};

}  // namespace stepwell::client
