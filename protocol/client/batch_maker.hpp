#pragma once

// Turns what a Recorder holds into payloads: calls with the same keys become matrix blocks, stray
// ones rows; frames stay near `frame_bytes`. Pure: no clock, no I/O.

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/client/recorder.hpp"

namespace stepwell::client {

struct MadePayload {
  protocol::Kind kind{};
  std::string payload;
  std::uint64_t points = 0;
};

class BatchMaker {
 public:
  explicit BatchMaker(std::size_t frame_bytes = 512 << 10) : frame_bytes_(frame_bytes) {}

  // Batches and commands in the order they were recorded; last, if points were dropped, a skip
  // whose range is still open (from = to = 0).
  std::vector<MadePayload> make(const Recorded& recorded);

 private:
  struct List;
  struct Frame;
  void add_group(Frame& frame, const Recorded& recorded, const Group& group);
  void make_batches(const Recorded& recorded, std::size_t first, std::size_t last,
                    std::vector<MadePayload>& out);
  MadePayload finish(Frame& frame, const Recorded& recorded);
  std::string skip_of(const Recorded& recorded) const;

  const std::size_t frame_bytes_;
  std::vector<SeriesName> series_;
  std::vector<std::string> contexts_;
};

}  // namespace stepwell::client
