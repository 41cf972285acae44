#pragma once

// Tails: points of a run's series that are too few to seal. A blob holds what one checkpoint had
// for a run; it is immutable and lies in parts of a bounded size, each with some series, in the
// order of their numbers. A run's tail list names its blobs, oldest first.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/store/columns.hpp"
#include "engine/store/layout.hpp"

namespace stepwell::store {

struct TailBlob {
  std::uint64_t number = 0;
  std::uint64_t bytes = 0;
  std::uint64_t points = 0;
  std::uint64_t series = 0;
  std::uint32_t parts = 0;
  std::uint8_t level = 0;  // How often its points were rewritten.
};

// The most blobs that a run has after a checkpoint.
inline constexpr std::size_t kTailBlobsMax = 8;

// A run's tail list lies under run_key().
std::string encode_tail_list(const std::vector<TailBlob>& blobs);
Result<std::vector<TailBlob>> decode_tail_list(std::string_view row);
Result<std::vector<TailBlob>> read_tail_list(const index::ReadTransaction& transaction,
                                             const Layout& layout, RunNumber run);
// How many of the youngest blobs are merged with so many new points of so many series, and the
// level of what comes out (docs/STORE.md, Transitions).
struct TailMerge {
  std::size_t blobs = 0;
  std::uint8_t level = 0;
};
TailMerge plan_merge(const std::vector<TailBlob>& blobs, std::uint64_t fresh_points,
                     std::uint64_t fresh_series, std::size_t chunk_points);

// Part of a blob, under construction.
class TailPartBuilder {
 public:
  // Strictly sorted points of the next series.
  void add(SeriesNumber series, const ColumnsView& points);
  bool empty() const { return series_count_ == 0; }
  std::size_t bytes() const { return directory_.size() + data_.size(); }
  SeriesNumber first_series() const { return first_; }
  // The part as it is stored; the builder is empty again.
  std::string finish();

 private:
  std::uint32_t series_count_ = 0;
  SeriesNumber first_, last_;
  std::string directory_;
  std::string data_;
  Columns shared_;  // Of the last series that has steps and times of its own.
};

// A part opened for reading; `bytes` outlives it.
class TailPart {
 public:
  // kCorrupt: not a part.
  static Result<TailPart> open(std::string_view bytes);

  struct Series {
    SeriesNumber number;
    std::uint32_t count = 0;
    std::uint32_t owner = 0;  // Whose steps and times it has, as a position; its own or an earlier.
    std::uint32_t offset = 0;
    std::uint32_t bytes = 0;
  };
  const std::vector<Series>& series() const { return series_; }
  // Appends the points of series()[at].
  Result<void> read(std::size_t at, Columns& into) const;
  // The same for a series by its number; nothing is appended if it is not there.
  Result<void> read_series(SeriesNumber series, Columns& into) const;

 private:
  std::string_view bytes_of(const Series& series) const {
    return data_.substr(series.offset, series.bytes);
  }

  std::vector<Series> series_;
  std::string_view data_;
};

// Table `tails`: a part under its blob and its first series.
std::string tail_prefix(std::uint64_t blob);
std::string tail_key(std::uint64_t blob, SeriesNumber first_series);

}  // namespace stepwell::store
