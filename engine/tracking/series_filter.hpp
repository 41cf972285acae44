#pragma once

// Which series of a run a question is about: those of some keys or of all, with the empty context
// or with any.

#include <string>
#include <unordered_set>
#include <vector>

#include "engine/tracking/view.hpp"

namespace stepwell::tracking {

class SeriesFilter {
 public:
  static constexpr std::size_t kKeysMax = 10'000;  // None means all.

  SeriesFilter() = default;
  // kInvalid: more than kKeysMax keys.
  static Result<SeriesFilter> of(const std::vector<std::string>& keys, bool all_contexts);

  // A run's series that pass, in the order of key and context.
  Result<std::vector<SeriesName>> series_of(const View& view, RunNumber run) const;

 private:
  std::unordered_set<std::string> keys_;
  bool all_contexts_ = false;
};

}  // namespace stepwell::tracking
