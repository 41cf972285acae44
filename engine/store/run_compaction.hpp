#pragma once

// What a checkpoint does with one run: merges its fresh blocks with the youngest blobs of its tail,
// series after series, seals what can be sealed and writes the rest as a new blob. Works in steps
// of bounded size. Belongs to the checkpoint's thread.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/store/journal.hpp"
#include "engine/store/run_blocks.hpp"
#include "engine/store/sealer.hpp"
#include "engine/store/tail.hpp"

namespace stepwell::store {

class RunCompaction {
 public:
  // `blobs`: the run's tail list.
  RunCompaction(const Layout& layout, const Sizes& sizes, Meta& meta, Journal& journal,
                Sealer& sealer, RunNumber run, RunBlocks blocks, std::vector<TailBlob> blobs);

  // Goes on until `bytes_max` were put into the transaction. False: the run is done.
  Result<bool> step(index::WriteTransaction& transaction, std::uint64_t bytes_max);

  std::uint64_t tail_bytes() const { return blob_.bytes; }

 private:
  // A blob that is merged away, read part by part.
  struct Input {
    std::uint64_t blob = 0;
    std::string bytes;  // Of the part.
    std::optional<TailPart> part;
    std::size_t at = 0;  // In the part.
    std::optional<SeriesNumber> next() const;
  };

  Result<void> open_part(index::WriteTransaction& transaction, Input& input, SeriesNumber from);
  Result<void> advance(index::WriteTransaction& transaction, Input& input);
  std::optional<SeriesNumber> next_series() const;
  Result<void> merge_series(index::WriteTransaction& transaction, SeriesNumber series);
  Result<void> write_part(index::WriteTransaction& transaction);
  Result<void> finish(index::WriteTransaction& transaction);

  const Layout& layout_;
  const Sizes sizes_;
  Meta& meta_;
  Journal& journal_;
  Sealer& sealer_;
  RunNumber run_;
  RunBlocks blocks_;
  std::vector<TailBlob> kept_;
  std::vector<Input> inputs_;  // Oldest first.
  bool opened_ = false;
  std::size_t fresh_at_ = 0;  // In blocks_.series().
  std::vector<std::string> freed_;
  TailPartBuilder part_;
  TailBlob blob_;
  Columns points_;
};

}  // namespace stepwell::store
