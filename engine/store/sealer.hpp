#pragma once

// Seals points into chunks: cuts them where `step >> k` changes, packs the chunks into values of
// whole pages and edits the series' directory. Late points are merged into existing chunks where
// that pays. See docs/STORE.md. Belongs to the checkpoint's thread.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/store/directory.hpp"
#include "engine/store/journal.hpp"
#include "engine/store/sizes.hpp"

namespace stepwell::store {

// The lengths of consecutive pieces of strictly sorted points, each 1 to sizes.chunk_points long,
// which end where `step >> k` changes as far as possible. The last piece's bucket may not be over
// yet.
std::vector<std::size_t> cut_pieces(const ColumnsView& points, const Sizes& sizes);

class Sealer {
 public:
  // `meta` numbers the values that are written.
  Sealer(const Layout& layout, const Sizes& sizes, Meta& meta, Journal& journal)
      : layout_(layout), sizes_(sizes), meta_(meta), journal_(journal) {}

  // `points`: everything that the run's tail and fresh blocks have of the series, strictly sorted.
  // Leaves those that stay in the tail.
  Result<void> seal(index::WriteTransaction& transaction, const SeriesKey& series, Columns& points);

  std::uint64_t chunk_bytes() const { return chunk_bytes_; }
  std::uint64_t points_sealed() const { return points_sealed_; }
  std::uint64_t points_rewritten() const { return points_rewritten_; }

 private:
  using Entries = std::vector<ChunkEntry>;

  Result<Entries> append(index::WriteTransaction& transaction, const ColumnsView& points,
                         Columns& rest);
  Result<Entries> merge_late(index::WriteTransaction& transaction, const Entries& known,
                             const ColumnsView& late, Columns& rest);
  Result<void> write_chunks(index::WriteTransaction& transaction, const ColumnsView& points,
                            std::span<const std::size_t> pieces, Entries& into);
  Result<void> write_values(index::WriteTransaction& transaction, bool all, Entries& into);
  void edit_directory(const SeriesKey& series, std::span<const DirectoryRow> rows,
                      std::span<const ChunkEntry> entries);
  void free_values(const Entries& before, const Entries& after);

  const Layout& layout_;
  const Sizes sizes_;
  Meta& meta_;
  Journal& journal_;
  std::string pack_;  // Chunks that wait for enough others to fill a value, and their entries.
  Entries packed_;
  std::uint64_t chunk_bytes_ = 0;
  std::uint64_t points_sealed_ = 0;
  std::uint64_t points_rewritten_ = 0;
};

}  // namespace stepwell::store
