#pragma once

// What a run must hold if exactly these frames were applied to it: built from the frames
// themselves.

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/points.hpp"
#include "engine/base/result.hpp"
#include "protocol/frame.hpp"

namespace stepwell::tools {

using SeriesKey = std::pair<std::string, std::string>;  // Key, canonical context.

struct ExpectedRun {
  std::map<SeriesKey, std::vector<Point>> points;
  std::map<std::string, std::string> params;
  std::map<std::string, std::string> tags;
  std::uint64_t batches = 0;

  // kInvalid: the frame cannot be read. Steps that the server assigns are left 0.
  Result<void> apply(const protocol::FrameView& frame);
  // Sorts every series and removes doubles.
  void finish();

 private:
  Result<void> add_batch(Bytes payload);
  // Of each key list that came before: the same pointers again cost no search.
  std::map<std::uint64_t, std::vector<std::vector<Point>*>> known_;
};

}  // namespace stepwell::tools
