#pragma once

// Walks a whole index and says everything that is not as it was written: every row of every table
// against its checksum; every directory entry against its chunk (there, readable, the points it
// says, in order); a series' chunks against each other (in order, apart); every chunk referenced
// once.
//
// What it cannot see: LMDB's pages have no checksums. A flipped page pointer may make whole rows or
// subtrees vanish. Lost chunks and lost directory entries are told, since each names the other;
// lost rows of the domain's tables are not, until tables carry counts and digests of their own. The
// counts in LMDB's own headers are compared with the rows that were found. A flipped page header
// can crash LMDB itself: call it in a child process.

#include <cstdint>
#include <functional>
#include <string>

#include "engine/store/layout.hpp"

namespace stepwell::store {

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
