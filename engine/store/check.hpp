#pragma once

// Walks a whole index and says everything that is not as it was written: every row of every table
// against its checksum; every directory entry against its chunk (there, readable, the points it
// says, in order); a series' chunks against each other (in order, apart); every chunk referenced
// once.
//
// LMDB's pages have no checksums: a flipped page pointer may make whole rows or subtrees vanish, or
// bring back what they were. Chunks and directories, blobs and tail lists name each other; rows of
// all else are compared with the sums that commits keep (index/row_sums.hpp), by run or by table. A
// flipped page header can crash LMDB itself: call it in a child process.

#include <cstdint>
#include <functional>
#include <string>

#include "engine/store/directory.hpp"
#include "engine/store/layout.hpp"

namespace stepwell::store {

// Reads an entry's chunk into `points`. kCorrupt: it is not there, or not what the entry says.
Result<void> check_chunk(ChunkReader& reader, const ChunkEntry& entry, Columns& points);

struct CheckedIndex {
  std::uint64_t rows = 0;  // Of all tables, the store's own included.
  std::uint64_t series = 0;
  std::uint64_t chunks = 0;
  std::uint64_t points = 0;       // In chunks.
  std::uint64_t tail_points = 0;  // In tail blobs; a point may be in several.
  std::uint64_t problems = 0;
};

// `visit` gets a line for every problem, naming table and key. An Error means that nothing could be
// read at all. Nobody else writes meanwhile, and the store was opened (recovered) before.
Result<CheckedIndex> check_index(index::Environment& environment, const Layout& layout,
                                 const std::function<void(const std::string& problem)>& visit);

}  // namespace stepwell::store
