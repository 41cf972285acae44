#pragma once

// Streams series as pages, each from its own short snapshot, resumed after the last point sent:
// every point acknowledged before the question is in it once, in the order asked for; later ones
// may be.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/tracking/series_filter.hpp"

namespace stepwell::tracking {

class History {
 public:
  // kNotFound: no such run. A key that the run does not have has no points. kInvalid: too many
  // keys, or an unknown order.
  static Result<History> plan(const View& view, const wire::HistoryT& question);

  // Payload (a Batch) of the next page, taken from `view`; nothing at the end. A page holds at most
  // kPagePoints points, of one series or of several. kNotFound: the run was purged meanwhile.
  Result<std::optional<std::string>> next(const View& view);
  // Points handed out so far.
  std::uint64_t points() const { return points_; }

  // For tools that want points instead of frames: the next page of one series.
  struct Page {
    const SeriesName* series = nullptr;
    store::Columns points;
    bool last_of_series = false;
  };
  Result<std::optional<Page>> next_page(const View& view);

  // Large, since by time each page of a series whose times do not rise is a pass over its chunks.
  static constexpr std::size_t kPagePoints = 65'536;

 private:
  // One point more than a page has, from after_ on, or behind it if by time.
  Result<store::Columns> read(const View& view) const;

  RunId id_;
  RunNumber run_;
  wire::PointOrder order_ = wire::PointOrder::Steps;
  std::vector<SeriesName> series_;
  std::size_t at_ = 0;
  store::PointRange range_;
  std::optional<Point> after_;  // Of the current series.
  std::uint64_t points_ = 0;
};

}  // namespace stepwell::tracking
