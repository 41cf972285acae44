#pragma once

// Frames off a byte stream: a buffer that holds one frame at a time, at most `frame_bytes_max`.

#include <memory>
#include <optional>
#include <vector>

#include "engine/base/stream.hpp"
#include "protocol/frame.hpp"
#include "protocol/limits.hpp"

namespace stepwell::client {

class FrameStream {
 public:
  explicit FrameStream(Stream& stream, std::size_t frame_bytes_max = protocol::kFrameBytesMax)
      : stream_(stream), frame_bytes_max_(frame_bytes_max) {}

  // The next frame, checked; valid until the next call. Nothing: the peer closed between two
  // frames. An error of any kind means that the stream cannot be read further.
  Task<Result<std::optional<protocol::FrameView>>> next();

 private:
  // Reads until `count` bytes lie at begin_. False: the peer closed.
  Task<Result<bool>> fill(std::size_t count);

  Stream& stream_;
  const std::size_t frame_bytes_max_;
  std::vector<std::uint64_t> buffer_;  // u64s, for the alignment. begin_ is a multiple of 8.
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace stepwell::client
