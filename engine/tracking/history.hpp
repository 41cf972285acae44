#pragma once

// Streams series as pages, each from its own short snapshot, resumed after the last point sent:
// every point acknowledged before the question is in it once, in order; later ones may be.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/tracking/view.hpp"

namespace stepwell::tracking {

class History {
 public:
  // kNotFound: no such run. A key that the run does not have has no points. kInvalid: more than
  // kKeysMax keys.
  static Result<History> plan(const View& view, const wire::HistoryT& question);

  // Payload (a Batch) of the next page, taken from `view`; nothing at the end. A page holds at most
  // kPagePoints points, of one series or of several. kNotFound: the run was purged meanwhile.
  Result<std::optional<std::string>> next(const View& view);
  // Points handed out so far.
  std::uint64_t points() const { return points_; }

  // For tools that want points instead of frames: the next page of one series.
  struct Page {
    const SeriesName* series = nullptr;
    std::vector<Point> points;
    bool last_of_series = false;
  };
  Result<std::optional<Page>> next_page(const View& view);

  static constexpr std::size_t kPagePoints = 16'384;
  static constexpr std::size_t kKeysMax = 10'000;  // Of a question; none means all.

 private:
  RunId id_;
  RunNumber run_;
  std::vector<SeriesName> series_;
  std::size_t at_ = 0;
  store::PointRange range_;
  std::optional<Point> after_;  // Of the current series.
  std::uint64_t points_ = 0;
};

}  // namespace stepwell::tracking
